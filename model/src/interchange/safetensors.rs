//! Safetensors of any program: arrays with names, and texts beside them.
//!
//! Source: <https://github.com/huggingface/safetensors>, "Format".

use super::Notes;
use super::arrays::{Kind, NamedArray};
use crate::sealed::said;
use anyhow::{Context, Result, bail};
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

/// Where the numbers begin is a multiple of this.
const ALIGN: usize = 8;

/// Writes a file to memory: the same bytes for the same arrays and notes.
///
/// # Errors
///
/// None that are known: any text can be written.
pub fn write(arrays: &[NamedArray], notes: &Notes) -> Result<Vec<u8>> {
    let mut head = Map::new();
    head.insert("__metadata__".to_owned(), json!(notes));
    let mut sorted: Vec<_> = arrays.iter().collect();
    // Of the largest numbers first, so that each lies at a multiple of its size.
    sorted.sort_by_key(|array| (std::cmp::Reverse(array.kind.size()), &array.name));
    let mut start = 0;
    for array in &sorted {
        let dtype = match array.kind {
            Kind::F32 => "F32",
            Kind::F64 => "F64",
            Kind::I64 => "I64",
        };
        let end = start + array.numbers.len() * array.kind.size();
        let entry = json!({"dtype": dtype, "shape": array.shape, "data_offsets": [start, end]});
        head.insert(array.name.clone(), entry);
        start = end;
    }
    let mut head = Value::from(head).to_string().into_bytes();
    head.resize(head.len().next_multiple_of(ALIGN), b' ');
    let mut bytes = u64::try_from(head.len())?.to_le_bytes().to_vec();
    bytes.extend(head);
    sorted.iter().for_each(|array| bytes.extend(array.kind.bytes(&array.numbers)));
    Ok(bytes)
}

/// Reads a file: its arrays and its notes.
///
/// # Errors
///
/// If it is damaged, or a number is of a type that no network has.
pub fn read(bytes: &[u8]) -> Result<(Vec<NamedArray>, Notes)> {
    let not_whole = "is no whole safetensors file";
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(said).context(not_whole)?;
    let archive = SafeTensors::deserialize(bytes).map_err(said).context(not_whole)?;
    let notes = metadata.metadata().iter().flatten();
    let notes = notes.map(|(key, value)| (key.clone(), value.clone())).collect();
    let mut arrays = Vec::new();
    for (name, tensor) in archive.iter() {
        let (numbers, kind) = match numbers(tensor.dtype(), tensor.data()) {
            Some(read) => read,
            None => {
                let (name, dtype) = (name.escape_debug(), tensor.dtype());
                bail!(
                    "array {name} is of {dtype:?}; F16, BF16, F32, F64 and integers but U64 are read"
                )
            }
        };
        arrays.push(NamedArray {
            name: name.to_owned(),
            shape: tensor.shape().to_vec(),
            numbers,
            kind,
        });
    }
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((arrays, notes))
}

/// Numbers of a type.
fn numbers(dtype: Dtype, bytes: &[u8]) -> Option<(Vec<f64>, Kind)> {
    macro_rules! read {
        ($type:ty) => {
            bytes.as_chunks().0.iter().map(|&bytes| <$type>::from_le_bytes(bytes))
        };
    }
    Some(match dtype {
        Dtype::F32 => (read!(f32).map(f64::from).collect(), Kind::F32),
        Dtype::F64 => (read!(f64).collect(), Kind::F64),
        Dtype::F16 => (read!(u16).map(of_half).collect(), Kind::F32),
        Dtype::BF16 => {
            (read!(u16).map(|x| f32::from_bits(u32::from(x) << 16).into()).collect(), Kind::F32)
        }
        Dtype::I64 => (read!(i64).map(|x| x as f64).collect(), Kind::I64),
        Dtype::I32 => (read!(i32).map(f64::from).collect(), Kind::I64),
        Dtype::U32 => (read!(u32).map(f64::from).collect(), Kind::I64),
        Dtype::I16 => (read!(i16).map(f64::from).collect(), Kind::I64),
        Dtype::U16 => (read!(u16).map(f64::from).collect(), Kind::I64),
        Dtype::U8 => (bytes.iter().map(|&x| x.into()).collect(), Kind::I64),
        Dtype::I8 => (read!(i8).map(f64::from).collect(), Kind::I64),
        _ => return None,
    })
}

/// A number of 16 bits: IEEE 754's binary16.
pub(crate) fn of_half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff) / 1024.0);
    let magnitude = match exponent {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2_f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::arrays::tests::array;

    #[test]
    fn what_is_written_is_read_back_and_the_same_bytes_every_time() {
        let arrays = [
            array("0.weight", vec![1, 3], vec![0.5, -1.0, f64::from(0.1_f32)], Kind::F32),
            array("1.num_batches_tracked", vec![], vec![7.0], Kind::I64),
            array("b", vec![1], vec![0.1], Kind::F64),
        ];
        let notes = Notes::from([
            ("class_names".to_owned(), "[\"a \\\" b\\n\", \"ü\"]".to_owned()),
            ("task".to_owned(), "classify".to_owned()),
        ]);
        let bytes = write(&arrays, &notes).unwrap();
        assert_eq!(read(&bytes).unwrap(), (arrays.to_vec(), notes.clone()));
        assert_eq!(write(&arrays, &notes).unwrap(), bytes);
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_head_is_said_once() {
        let head = b"{ no head";
        let bytes = [&(head.len() as u64).to_le_bytes()[..], head].concat();
        let message = format!("{:#}", read(&bytes).unwrap_err());
        let (start, cause) = ("is no whole safetensors file: ", "key must be a string");
        assert!(message.starts_with(start) && message.contains(cause), "{message}");
        assert_eq!(message.matches(cause).count(), 1, "{message}");
    }

    #[test]
    fn numbers_of_16_bits_are_those_of_numpy() {
        // numpy.array([0x3c00, 0xc100, 0x0001, 0x7bff], 'u2').view('f2')
        let found = [0x3c00, 0xc100, 0x0001, 0x7bff].map(of_half);
        assert_eq!(found, [1.0, -2.5, 5.960_464_477_539_063e-8, 65504.0]);
    }
    #[test]
    fn integers_of_every_size_are_read() {
        let head = r#"{"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},
            "b":{"dtype":"U16","shape":[1],"data_offsets":[2,4]},"c":{"dtype":"I16","shape":[1],"data_offsets":[4,6]},
            "d":{"dtype":"U32","shape":[1],"data_offsets":[6,10]}}"#;
        let numbers = [0xff, 0x7f, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff];
        let bytes = [&(head.len() as u64).to_le_bytes()[..], head.as_bytes(), &numbers].concat();
        let (arrays, _) = read(&bytes).unwrap();
        let found: Vec<_> = arrays.into_iter().flat_map(|array| array.numbers).collect();
        assert_eq!(found, [-1.0, 127.0, 65535.0, -2.0, f64::from(u32::MAX)]);
    }
}
