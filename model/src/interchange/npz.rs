//! `.npz` files of numpy: a zip archive with an `.npy` file for each array.
//!
//! Source: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use super::Notes;
use super::arrays::{Kind, NamedArray, transposed};
use anyhow::{Context, Result, bail, ensure};
use std::borrow::Cow;
use std::io::{Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Where the numbers of an `.npy` file begin is a multiple of this.
const ALIGN: usize = 64;

/// Writes a file to memory: the same bytes for the same arrays and notes, each of which is an array of one text.
///
/// # Errors
///
/// If it is too large for a zip archive.
pub fn write(arrays: &[NamedArray], notes: &Notes) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // Stored, as `numpy.savez` does; without the time, so that the same network gives the same bytes.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    for array in arrays {
        let kind = match array.kind {
            Kind::F32 => "<f4",
            Kind::F64 => "<f8",
            Kind::I64 => "<i8",
        };
        archive.start_file(format!("{}.npy", array.name), options)?;
        archive.write_all(&npy(kind, &array.shape, &array.kind.bytes(&array.numbers)))?;
    }
    for (name, text) in notes {
        archive.start_file(format!("{name}.npy"), options)?;
        let characters: Vec<u32> = text.chars().map(u32::from).collect();
        let bytes: Vec<u8> = characters.iter().flat_map(|c| c.to_le_bytes()).collect();
        archive.write_all(&npy(&format!("<U{}", characters.len().max(1)), &[], &bytes))?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Reads a file: its arrays of numbers, and those of one text.
///
/// # Errors
///
/// Naming the array, if it is damaged or of objects.
pub fn read(bytes: &[u8]) -> Result<(Vec<NamedArray>, Notes)> {
    let not_whole = "is no whole .npz file";
    let mut archive = ZipArchive::new(Cursor::new(bytes)).context(not_whole)?;
    let names = archive.file_names().collect::<Result<Vec<_>, _>>().context(not_whole)?;
    if !names.iter().any(|name| name.ends_with(".npy")) {
        bail!("{}", without_arrays(&names));
    }
    let (mut arrays, mut notes) = (Vec::new(), Notes::new());
    for place in 0..archive.len() {
        let mut member = archive.by_index(place).context(not_whole)?;
        let Some(name) = member.name()?.strip_suffix(".npy").map(str::to_owned) else { continue };
        let shown = name.escape_debug().to_string();
        let mut content = Vec::new();
        // Nothing deflates more, whatever the archive says.
        let limit = member.compressed_size().saturating_mul(MAX_RATIO);
        let read = member.by_ref().take(limit).read_to_end(&mut content);
        read.with_context(|| format!("array {shown} is damaged"))?;
        match parse(&name, &content).with_context(|| format!("array {shown}"))? {
            Content::Numbers(array) => arrays.push(array),
            Content::Text(text) => {
                notes.insert(name, text);
            }
        }
    }
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((arrays, notes))
}

/// What a zip archive without an array is, by the names in it, and what to do.
fn without_arrays(names: &[Cow<'_, str>]) -> String {
    let has = |end: &str| names.iter().any(|name| name.ends_with(end));
    let Some(first) = names.first() else { return "is an empty zip archive".to_owned() };
    if has("data.pkl") {
        return "is a file of torch.save, which is never loaded: save its state_dict with safetensors.torch.save_file, or the \
                network with torch.onnx.export"
            .to_owned();
    }
    if has(".weights.h5") {
        return "is a file of Keras: make it a .tflite file with tf.lite.TFLiteConverter, or save its weights with numpy.savez"
            .to_owned();
    }
    format!(
        "is a zip archive of other files than the arrays of numpy (.npy): {} is the first of them",
        first.escape_debug()
    )
}

/// More than this many times its size nothing deflates.
const MAX_RATIO: u64 = 1032;

enum Content {
    Numbers(NamedArray),
    Text(String),
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found)
}

/// Reads an `.npy` file.
fn parse(name: &str, file: &[u8]) -> Result<Content> {
    let head = || {
        let rest = file.strip_prefix(b"\x93NUMPY")?;
        let (&[version, _], rest) = rest.split_first_chunk()?;
        let (len, rest) = if version == 1 {
            let (&len, rest) = rest.split_first_chunk()?;
            (u16::from_le_bytes(len).into(), rest)
        } else {
            let (&len, rest) = rest.split_first_chunk()?;
            (u32::from_le_bytes(len), rest)
        };
        let (head, data) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        Some((std::str::from_utf8(head).ok()?, data))
    };
    let (head, data) = head().context("is no array of numpy")?;
    let kind = between(head, "'descr': '", "'").context("is of a type that is not read")?;
    let shape = between(head, "'shape': (", ")").context("has no shape")?;
    let lens = shape.split(',').map(str::trim).filter(|len| !len.is_empty());
    let shape: Vec<usize> =
        lens.map(str::parse).collect::<Result<_, _>>().context("has no shape")?;
    let count = shape.iter().try_fold(1_usize, |all, &len| all.checked_mul(len));
    let count = count.context("is too large")?;
    macro_rules! read {
        ($type:ty) => {
            data.as_chunks().0.iter().map(|&bytes| <$type>::from_le_bytes(bytes))
        };
    }
    let (numbers, kind): (Vec<f64>, _) = match kind {
        "<f4" => (read!(f32).map(f64::from).collect(), Kind::F32),
        "<f8" => (read!(f64).collect(), Kind::F64),
        "<f2" => (read!(u16).map(super::safetensors::of_half).collect(), Kind::F32),
        "<i8" => (read!(i64).map(|x| x as f64).collect(), Kind::I64),
        "<i4" => (read!(i32).map(f64::from).collect(), Kind::I64),
        "<u4" => (read!(u32).map(f64::from).collect(), Kind::I64),
        "<i2" => (read!(i16).map(f64::from).collect(), Kind::I64),
        "<u2" => (read!(u16).map(f64::from).collect(), Kind::I64),
        "|i1" => (read!(i8).map(f64::from).collect(), Kind::I64),
        "|u1" => (data.iter().map(|&x| x.into()).collect(), Kind::I64),
        text if text.starts_with("<U") && count == 1 => {
            let text: Option<String> = read!(u32).map(char::from_u32).collect();
            let text = text.context("is no Unicode")?;
            return Ok(Content::Text(text.trim_end_matches('\0').to_owned()));
        }
        kind => bail!(
            "is of {}; f2, f4, f8 and integers but u8 are read, in little-endian order (<)",
            kind.escape_debug()
        ),
    };
    ensure!(
        numbers.len() == count && data.len().is_multiple_of(count.max(1)),
        "has {} numbers, and its shape {shape:?} asks for {count}",
        numbers.len()
    );
    let is_fortran = head.contains("'fortran_order': True");
    let numbers = match *shape {
        [rows, columns] if is_fortran => transposed(&numbers, columns, rows),
        _ => numbers,
    };
    Ok(Content::Numbers(NamedArray { name: name.to_owned(), shape, numbers, kind }))
}

/// An `.npy` file.
fn npy(kind: &str, shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let shape = match shape {
        [len] => format!("({len},)"),
        shape => {
            let lens: Vec<_> = shape.iter().map(ToString::to_string).collect();
            format!("({})", lens.join(", "))
        }
    };
    let head = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    // Magic bytes, version and length come before, and a line end after.
    let start = 10;
    let len = (start + head.len() + 1).next_multiple_of(ALIGN) - start;
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes());
    file.extend(format!("{head:<width$}\n", width = len - 1).bytes());
    file.extend(bytes);
    // A text without characters has one that is 0.
    if bytes.is_empty() && kind.starts_with("<U") {
        file.extend([0; 4]);
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::arrays::tests::array;

    #[test]
    fn the_head_of_an_array_is_what_numpy_writes() {
        // numpy.save(f, numpy.array([[1.0, 2.0]], '<f4'))
        let mut expected = b"\x93NUMPY\x01\x00v\x00".to_vec();
        expected.extend(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }");
        expected.resize(127, b' ');
        expected.extend(b"\n\0\0\x80\x3f\0\0\0\x40");
        assert_eq!(npy("<f4", &[1, 2], &Kind::F32.bytes(&[1.0, 2.0])), expected);
    }

    #[test]
    fn what_is_written_is_read_back_and_no_part_of_it_is() {
        let arrays = [
            array("W1", vec![1, 2], vec![0.5, f64::from(0.1_f32)], Kind::F32),
            array("b1", vec![2], vec![0.1, 3.0], Kind::F64),
            array("n", vec![], vec![7.0], Kind::I64),
        ];
        let notes =
            Notes::from([("a".to_owned(), "\"ü\"\n".to_owned()), ("b".to_owned(), String::new())]);
        let bytes = write(&arrays, &notes).unwrap();
        assert_eq!(read(&bytes).unwrap(), (arrays.to_vec(), notes));
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn an_archive_without_arrays_is_told_by_whose_it_is() {
        let archive = |names: &[&str]| {
            let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
            for name in names {
                archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            }
            archive.finish().unwrap().into_inner()
        };
        for (names, part) in [
            (&["net/data.pkl", "net/data/0"][..], "is a file of torch.save, which is never loaded"),
            (&["metadata.json", "model.weights.h5"], "is a file of Keras: "),
            (&["xl/workbook.xml"], "(.npy): xl/workbook.xml is the first of them"),
            (&[], "is an empty zip archive"),
        ] {
            let error = read(&archive(names)).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
    #[test]
    fn integers_of_every_size_are_read_and_other_types_are_named() {
        let parsed = |kind: &str, shape: &[usize], bytes: &[u8]| -> Result<Vec<f64>> {
            match parse("x", &npy(kind, shape, bytes))? {
                Content::Numbers(array) => Ok(array.numbers),
                Content::Text(text) => panic!("{text}"),
            }
        };
        let read = |kind: &str, shape: &[usize], bytes: &[u8]| -> Vec<f64> {
            parsed(kind, shape, bytes).unwrap()
        };
        assert_eq!(read("|i1", &[2], &[0xff, 0x7f]), [-1.0, 127.0]);
        assert_eq!(read("<i2", &[1], &[0xfe, 0xff]), [-2.0]);
        assert_eq!(read("<u2", &[1], &[0xff, 0xff]), [65535.0]);
        assert_eq!(read("<u4", &[1], &[0xff; 4]), [f64::from(u32::MAX)]);
        for kind in [">f4", "<c8", "|b1"] {
            let error = parsed(kind, &[1], &[0; 8]).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("is of {kind}; f2, f4, f8 and integers")),
                "{error}"
            );
        }
    }
}
