//! The numbers of a tensor in a file.

use super::proto::{TensorProto, data_type};
use crate::interchange::safetensors::of_half;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Component, Path, PathBuf};

/// Names of types, by their numbers.
const TYPES: [&str; 17] = [
    "undefined",
    "float",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "int32",
    "int64",
    "string",
    "bool",
    "float16",
    "double",
    "uint32",
    "uint64",
    "complex64",
    "complex128",
    "bfloat16",
];

/// Numbers in a shape.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Constant {
    pub(super) shape: Vec<usize>,
    pub(super) numbers: Vec<f64>,
    /// Whether they were `f64` in the file.
    pub(super) is_f64: bool,
    /// The least number of its type, if they were bytes in the file.
    pub(super) least: Option<f64>,
}

impl Constant {
    /// Reads a tensor; numbers that are in another file, in the folder of this one.
    pub(super) fn read(tensor: &TensorProto, folder: Option<&Path>) -> Result<Self> {
        let lens = tensor.dims.iter().map(|&len| usize::try_from(len).ok());
        let shape: Vec<usize> =
            lens.collect::<Option<_>>().context("its shape has a negative length")?;
        let count = shape.iter().try_fold(1_usize, |all, &len| all.checked_mul(len));
        let count = count.context("its shape is too large")?;
        let external;
        let raw = if tensor.data_location == 1 {
            external = external_data(tensor, folder)?;
            &external
        } else {
            &tensor.raw_data
        };
        macro_rules! read {
            ($type:ty, $field:expr) => {
                if raw.is_empty() {
                    $field
                } else {
                    ensure!(
                        raw.len().is_multiple_of(size_of::<$type>()),
                        "its last number is not whole"
                    );
                    let chunks = raw.as_chunks().0.iter();
                    chunks.map(|&bytes| <$type>::from_le_bytes(bytes) as f64).collect()
                }
            };
        }
        let small = || tensor.int32_data.iter().map(|&x| x.into()).collect();
        let numbers: Vec<f64> = match tensor.data_type {
            data_type::FLOAT => read!(f32, tensor.float_data.iter().map(|&x| x.into()).collect()),
            data_type::DOUBLE => read!(f64, tensor.double_data.clone()),
            data_type::UINT8 | data_type::BOOL => read!(u8, small()),
            data_type::INT8 => read!(i8, small()),
            data_type::INT32 => read!(i32, small()),
            data_type::INT64 => {
                read!(i64, tensor.int64_data.iter().map(|&x| x as f64).collect())
            }
            data_type::FLOAT16 => {
                let bits: Vec<f64> = read!(u16, small());
                bits.into_iter().map(|bits| of_half(bits as u16)).collect()
            }
            // Names of classes, which go into no product.
            data_type::STRING => return Ok(Self::default()),
            other => {
                let name = usize::try_from(other).ok().and_then(|other| TYPES.get(other));
                let name = name.map_or_else(|| format!("type {other}"), |&name| name.to_owned());
                bail!("its numbers are {name}, which is not read")
            }
        };
        ensure!(
            numbers.len() == count,
            "it has {} numbers, and its shape {shape:?} asks for {count}",
            numbers.len()
        );
        let least = match tensor.data_type {
            data_type::UINT8 => Some(0.0),
            data_type::INT8 => Some(f64::from(i8::MIN)),
            _ => None,
        };
        Ok(Self { shape, numbers, is_f64: tensor.data_type == data_type::DOUBLE, least })
    }

    /// Rows and columns of a matrix.
    pub(super) fn matrix(&self) -> Result<(usize, usize)> {
        match *self.shape {
            [rows, columns] if !self.numbers.is_empty() => Ok((rows, columns)),
            [_, _] => bail!("its weights have shape {:?}, and no numbers", self.shape),
            _ => bail!("its weights have shape {:?}, and a matrix is needed", self.shape),
        }
    }
}

/// The bytes of a tensor that lie in another file.
fn external_data(tensor: &TensorProto, folder: Option<&Path>) -> Result<Vec<u8>> {
    let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key == key);
    let location = &entry("location").context("it names no file of its numbers")?.value;
    let shown = location.escape_debug();
    let path = PathBuf::from(location);
    let is_inside =
        path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    ensure!(
        is_inside,
        "its numbers are in {shown}, outside the folder of the file, where nothing is read"
    );
    let folder = folder.with_context(|| format!("its numbers are in another file, {shown}"))?;
    let place = folder.join(path);
    // A link may lead out of the folder.
    let real = place
        .canonicalize()
        .with_context(|| format!("its numbers are in {shown}, which cannot be read"))?;
    let root = folder.canonicalize().context("the folder of the file cannot be read")?;
    ensure!(
        real.starts_with(&root),
        "its numbers are in {shown}, outside the folder of the file, where nothing is read"
    );
    ensure!(real.is_file(), "its numbers are in {shown}, which is no file");
    let number = |key: &str| {
        let parse = |text: &str| {
            let shown = text.escape_debug();
            text.parse::<usize>().with_context(|| {
                format!(
                    "the {key} of its numbers in their file is no whole number from 0 on: {shown}"
                )
            })
        };
        entry(key).map(|entry| parse(&entry.value)).transpose()
    };
    let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
    let bytes = std::fs::read(&real)
        .with_context(|| format!("its numbers are in {shown}, which cannot be read"))?;
    let end = match length {
        Some(length) => offset.checked_add(length),
        None => Some(bytes.len()),
    };
    let part = end.and_then(|end| bytes.get(offset..end));
    Ok(part.with_context(|| format!("{shown} is too short for it"))?.to_vec())
}
