//! CIFAR-10, python version: one pickled dict a file, with `data` and `labels`.
//!
//! A pickle is a program for a small stack machine. The machine here runs only the instructions
//! that dicts of numbers, strings and byte arrays are written with, and executes nothing. It reads
//! what Python 2 and 3 write with protocols 0 to 5, and numpy before and after version 2.

#[cfg(feature = "pickle")]
mod machine;
#[cfg(feature = "pickle")]
mod text;
#[cfg(feature = "pickle")]
mod value;

#[cfg(feature = "pickle")]
use super::six_files::IMAGE_LEN;
use super::six_files::{VersionFiles, assemble, has_any};
#[cfg(feature = "pickle")]
use super::six_files::{check_label, wrong};
use crate::{DataError, DataSet, Records, Version};
#[cfg(feature = "pickle")]
use machine::Machine;
use std::path::Path;
#[cfg(feature = "pickle")]
use value::{Array, Step, Value};

pub(crate) const FILES: VersionFiles = VersionFiles {
    archive: "cifar-10-python.tar.gz",
    folder: "cifar-10-batches-py",
    train: ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
    test: "test_batch",
    // For other programs: this one does not read it.
    names: "batches.meta",
    limit: MAX_FILE_LEN,
    parse: parse_batch,
    load,
};
/// More bytes than any right file has: protocol 0 takes four for most of the 30 million.
pub const MAX_FILE_LEN: usize = 128 << 20;

/// Appends the `count` images of a pickled batch to `images`.
///
/// # Errors
///
/// [`DataError::Format`] naming the file if it is no such pickle, holds another number of images, or
/// a label over 9; `images` may have got the images before it.
#[cfg(feature = "pickle")]
pub fn parse_batch(
    file: &str,
    bytes: &[u8],
    count: usize,
    images: &mut Records,
) -> Result<(), DataError> {
    if bytes.len() > MAX_FILE_LEN {
        let problem = format!("too long: expected at most {MAX_FILE_LEN} bytes");
        return Err(wrong(file, problem));
    }
    let mut machine = Machine::new(bytes);
    let (array, labels) = find(&mut machine)
        .map_err(|problem| wrong(file, format!("not a CIFAR-10 batch: {problem}")))?;
    if (array.rows, array.cols) != (count, IMAGE_LEN) || labels.len() != count {
        return Err(wrong(
            file,
            format!(
                "expected {count} images of {IMAGE_LEN} numbers and {count} labels, \
                 found {} of {} and {}",
                array.rows,
                array.cols,
                labels.len()
            ),
        ));
    }
    let mut column_major = [0; IMAGE_LEN];
    for (index, label) in labels.iter().enumerate() {
        let label = label.ok_or_else(|| {
            wrong(file, format!("image {} has a label that is no number", index + 1))
        })?;
        let label = check_label(file, label, index + 1)?;
        let image = if array.is_fortran {
            let column = array.bytes().iter().skip(index).step_by(count);
            column_major.iter_mut().zip(column).for_each(|(pixel, &byte)| *pixel = byte);
            &column_major[..]
        } else {
            array.bytes().chunks_exact(IMAGE_LEN).nth(index).unwrap_or(&column_major)
        };
        images.push(label, image);
    }
    Ok(())
}

/// Refuses a pickled batch: this build reads none.
///
/// # Errors
///
/// [`DataError::Format`], always.
#[cfg(not(feature = "pickle"))]
pub fn parse_batch(file: &str, _: &[u8], _: usize, _: &mut Records) -> Result<(), DataError> {
    Err(DataError::Format {
        file: file.to_owned(),
        problem: "is a pickle, which this build does not read".to_owned(),
        advice: "use the binary version, or build with `--features pickle`",
    })
}

/// Runs the machine and finds the images and the labels in the dict that it makes.
#[cfg(feature = "pickle")]
fn find<'m>(machine: &'m mut Machine<'_>) -> Step<(&'m Array<'m>, &'m [Option<i64>])> {
    let Value::Dict(dict) = machine.run()? else { return Err("it holds no dict".to_owned()) };
    let dict = machine.dicts.get(dict).ok_or("no such dict")?;
    // As in Python, the last of equal keys counts.
    let value = |name: &[u8]| dict.iter().rfind(|(key, _)| *key == name).map(|(_, value)| value);
    let Some(Value::Array(array)) = value(b"data") else {
        return Err("it has no numpy array `data`".to_owned());
    };
    let Some(Value::List(labels)) = value(b"labels") else {
        return Err("it has no list `labels`".to_owned());
    };
    let array = machine.arrays.get(*array).ok_or("no such array")?;
    Ok((array, machine.lists.get(*labels).ok_or("no such list")?))
}

/// Whether a folder has one of the six files: if another is missing, that is an error which names it.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(folder: &Path) -> Result<bool, DataError> {
    has_any(folder, &FILES)
}

/// Reads the six files of a folder.
///
/// # Errors
///
/// [`DataError`] naming the file that is missing or wrong.
pub fn load(folder: &Path) -> Result<DataSet, DataError> {
    assemble(folder, Version::Python, &FILES)
}

#[cfg(all(test, feature = "pickle"))]
mod tests {
    use super::*;

    /// Bytes before, between and after the labels and the bytes of an array of two images, as
    /// numpy 2 and Python 3 write it:
    /// `pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [3, 9]}, protocol=4)`
    fn batch(labels: [u8; 2]) -> Vec<u8> {
        let mut bytes = b"\x80\x04}\x94(C\x04data\x94\x8c\x16numpy._core.multiarray\x94\x8c\x0c\
            _reconstruct\x94\x93\x94\x8c\x05numpy\x94\x8c\x07ndarray\x94\x93\x94K\x00\x85\x94C\x01\
            b\x94\x87\x94R\x94(K\x01K\x02M\x00\x0c\x86\x94h\x05\x8c\x05dtype\x94\x93\x94\x8c\x02u1\
            \x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01|\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\
            \x94b\x89B\x00\x18\x00\x00"
            .to_vec();
        bytes.extend((0..2 * IMAGE_LEN).map(|i| u8::try_from(i % 251).unwrap()));
        bytes.extend(b"\x94t\x94bC\x06labels\x94]\x94(K");
        bytes.extend([labels[0], b'K', labels[1]]);
        bytes.extend(b"eu.");
        bytes
    }

    fn parse(bytes: &[u8], count: usize) -> Result<Records, String> {
        let mut images = Records::new(IMAGE_LEN);
        parse_batch("f", bytes, count, &mut images).map_err(|e| e.to_string())?;
        Ok(images)
    }

    #[test]
    fn a_batch_written_by_numpy_is_read() {
        let images = parse(&batch([3, 9]), 2).unwrap();
        assert_eq!(images.labels(), [3, 9]);
        assert_eq!(images.bytes(1)[0], u8::try_from(IMAGE_LEN % 251).unwrap());
    }

    #[test]
    fn a_batch_cut_anywhere_is_refused() {
        let bytes = batch([3, 9]);
        for len in (0..bytes.len()).filter(|len| !(300..6100).contains(len)) {
            assert!(parse(&bytes[..len], 2).is_err(), "{len}");
        }
    }

    #[test]
    fn another_number_of_images_or_a_label_over_nine_is_refused() {
        let error = parse(&batch([3, 9]), 3).unwrap_err();
        assert!(error.starts_with("f: expected 3 images of 3072 numbers"), "{error}");
        let error = parse(&batch([3, 10]), 2).unwrap_err();
        assert!(error.starts_with("f: image 2 has label 10; labels are 0 to 9"), "{error}");
    }

    #[test]
    fn images_in_fortran_order_are_read_as_the_same_images() {
        // As numpy writes them: the state's order is True, and the bytes go column by column.
        let rows = batch([3, 9]);
        let start = rows.windows(5).position(|w| w == b"\x89B\x00\x18\x00").unwrap();
        let mut columns = rows.clone();
        columns[start] = 0x88;
        for i in 0..2 * IMAGE_LEN {
            columns[start + 6 + i] = rows[start + 6 + i % 2 * IMAGE_LEN + i / 2];
        }
        assert_eq!(parse(&columns, 2).unwrap(), parse(&rows, 2).unwrap());
    }

    #[test]
    fn names_other_than_numpys_are_refused_by_name() {
        for bytes in
            [&b"cos\nsystem\n(X\x02\x00\x00\x00lstR."[..], b"\x8c\x02os\x8c\x06system\x93."]
        {
            let error = parse(bytes, 1).unwrap_err();
            let expected =
                "f: not a CIFAR-10 batch: the pickle names os.system, which is not allowed";
            assert!(error.starts_with(expected), "{error}");
        }
        let error = parse(b"c\x1b[2J\nx\n.", 1).unwrap_err();
        assert!(error.contains(r"names \u{1b}[2J.x,"), "{error}");
    }

    #[test]
    fn longs_of_python_2_are_labels() {
        // pickle.dumps({'labels': [3L, 9L]}, 2), into which the array goes as usual
        let bytes = batch([3, 9]);
        let at = bytes.len() - 7;
        let bytes = [&bytes[..at], b"\x8a\x01\x03\x8a\x01\x09eu."].concat();
        assert_eq!(parse(&bytes, 2).unwrap().labels(), [3, 9]);
        let bytes = [&bytes[..at], b"\x8a\x01\xff\x8a\x00eu."].concat();
        assert!(parse(&bytes, 2).unwrap_err().contains("image 1 has label -1"));
    }

    /// As Python 2 and numpy write it: `pickle.dumps({'data': …, 'labels': [3, 9]}, 0)`
    #[test]
    fn protocol_0_of_python_2_is_read() {
        let quoted = |byte: usize| match u8::try_from(byte % 251).unwrap() {
            b'\n' => r"\n".to_owned(),
            b'\r' => r"\r".to_owned(),
            b'\t' => r"\t".to_owned(),
            b'\\' => r"\\".to_owned(),
            b'\'' => r"\'".to_owned(),
            byte @ b' '..=b'~' => char::from(byte).to_string(),
            byte => format!("\\x{byte:02x}"),
        };
        let pixels: String = (0..2 * IMAGE_LEN).map(quoted).collect();
        let text = format!(
            "(dp0\nS'labels'\np1\n(lp2\nI3\naL9L\nasS'data'\np3\ncnumpy.core.multiarray\n_reconstruct\np4\n\
             (cnumpy\nndarray\np5\n(I0\ntp6\nS'b'\np7\ntp8\nRp9\n(I1\n(I2\nI3072\ntp10\ncnumpy\ndtype\np11\n\
             (S'u1'\np12\nI0\nI1\ntp13\nRp14\n(I3\nS'|'\np15\nNNNI-1\nI-1\nI0\ntp16\nbI00\nS'{pixels}'\np17\n\
             tp18\nbs."
        );
        assert_eq!(parse(text.as_bytes(), 2).unwrap(), parse(&batch([3, 9]), 2).unwrap());
        for (from, to) in [("S'labels'", "S'labels"), (r"\x00", r"\x0g"), (r"\x00", r"\q00")] {
            let error = parse(text.replacen(from, to, 1).as_bytes(), 2).unwrap_err();
            assert!(error.contains("not written as Python writes strings"), "{error}");
        }
    }

    /// As Python 3 and numpy write it: bytes become text, and `_codecs.encode` makes them bytes again.
    #[test]
    fn protocol_0_of_python_3_is_read() {
        let mut text = b"(dp0\nVdata\np1\ncnumpy._core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n\
            (I0\ntp4\nc_codecs\nencode\np5\n(Vb\np6\nVlatin1\np7\ntp8\nRp9\ntp10\nRp11\n(I1\n(I2\nI3072\ntp12\n\
            cnumpy\ndtype\np13\n(Vu1\np14\nI00\nI01\ntp15\nRp16\n(I3\nV|\np17\nNNNI-1\nI-1\nI0\ntp18\nbI00\n\
            g5\n(V"
            .to_vec();
        for i in 0..2 * IMAGE_LEN {
            match u8::try_from(i % 251).unwrap() {
                byte @ (0 | b'\n' | b'\r' | 0x1A | b'\\') => {
                    text.extend(format!("\\u00{byte:02x}").bytes());
                }
                byte => text.push(byte),
            }
        }
        text.extend(b"\np19\ng7\ntp20\nRp21\ntp22\nbsVlabels\np23\n(lp24\nI3\naI9\nas.");
        assert_eq!(parse(&text, 2).unwrap(), parse(&batch([3, 9]), 2).unwrap());
    }

    #[test]
    fn a_protocol_that_is_not_known_is_named() {
        for version in [6, 7, 255] {
            let error = parse(&[0x80, version, b'N', b'.'], 1).unwrap_err();
            let expected = format!("pickle protocol {version}; expected 0 to 5");
            assert!(error.contains(&expected), "{error}");
        }
    }

    #[test]
    fn what_would_grow_without_bound_is_refused() {
        let refuse = |bytes: &[u8], problem: &str| {
            let error = parse(bytes, 1).unwrap_err();
            assert!(error.contains(problem), "{error}");
        };
        // A memo entry number of four billion costs no more than a small one.
        refuse(b"Nr\xff\xff\xff\xff.", "it holds no dict");
        let nested = [&b"N"[..], &[0x85; 100_000], b"."].concat();
        refuse(&nested, "nested too deep");
        // Lists that hold themselves, by the thousand.
        refuse(&[&b"]q\x00"[..], &b"h\x00a".repeat(200_000), b"."].concat(), "instructions");
        refuse(&[b'('; 300_000], "instructions");
        // One text decoded again and again.
        for text in ["é", "ee"] {
            let text = [&b"X\x00\x04\x00\x00"[..], text.repeat(512).as_bytes(), b"q\x00"].concat();
            let call = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R0";
            refuse(&[text, call.repeat(50), b".".to_vec()].concat(), "too much text");
        }
    }

    #[test]
    fn bytes_after_the_end_are_refused() {
        let error = parse(&[&batch([3, 9])[..], b"x"].concat(), 2).unwrap_err();
        assert!(error.contains("1 bytes follow the end"), "{error}");
    }

    #[test]
    fn no_changed_byte_makes_the_reader_panic() {
        let bytes = batch([3, 9]);
        for at in (0..bytes.len()).filter(|at| !(310..6400).contains(at)) {
            for value in 0..=255 {
                let mut bytes = bytes.clone();
                bytes[at] = value;
                let _ = parse(&bytes, 2);
            }
        }
    }
}
