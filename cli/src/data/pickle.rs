//! CIFAR-10, python version: one pickled dict a file, with `data` and `labels`.
//!
//! A pickle is a program for a small stack machine. This reader runs only the instructions that
//! dicts of numbers, strings and one byte array are written with, and executes nothing: names of
//! Python functions are known (numpy's array constructors) or refused. Values share their bytes with
//! the file, so memory is bounded by its length; lists and dicts are flat, so nothing recurses.

use super::cifar10::{IMAGES_PER_FILE, assemble, check_label, read_file};
use super::{DataError, DataSet, IMAGE_LEN, Images};
use std::path::Path;
use std::rc::Rc;

/// The folder in the official archive.
pub const FOLDER: &str = "cifar-10-batches-py";
/// The files of the training set.
pub const TRAIN_FILES: [&str; 5] =
    ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"];
/// The file of the test set.
pub const TEST_FILE: &str = "test_batch";
/// More bytes than any right file has.
pub const MAX_FILE_LEN: usize = 64 << 20;

/// A value on the machine's stack.
#[derive(Clone, Debug)]
enum Value<'a> {
    Mark,
    None,
    Int(i64),
    Bytes(&'a [u8]),
    /// Bytes that were written as text.
    Decoded(Rc<[u8]>),
    /// The names of a function or class.
    Global(&'a [u8], &'a [u8]),
    Tuple(Rc<[Value<'a>]>),
    /// Index into the machine's lists.
    List(usize),
    /// Index into the machine's dicts.
    Dict(usize),
    /// Index into the machine's arrays.
    Array(usize),
    /// A number type that numpy was asked for.
    Dtype(bool),
}

/// A numpy array of bytes, once its state is known.
#[derive(Clone, Debug, Default)]
struct Array<'a> {
    rows: usize,
    cols: usize,
    data: Data<'a>,
}

/// The bytes of an array: in the file, or decoded from it.
#[derive(Clone, Debug)]
enum Data<'a> {
    InFile(&'a [u8]),
    Decoded(Rc<[u8]>),
}

impl Default for Data<'_> {
    fn default() -> Self {
        Self::InFile(&[])
    }
}

impl Data<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::InFile(bytes) => bytes,
            Self::Decoded(bytes) => bytes,
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    stack: Vec<Value<'a>>,
    memo: Vec<Option<Value<'a>>>,
    lists: Vec<Vec<i64>>,
    dicts: Vec<Vec<(&'a [u8], Value<'a>)>>,
    arrays: Vec<Array<'a>>,
    /// Bytes that may still be decoded: no more than the file has, so that a short file cannot ask
    /// for the same long text again and again.
    decodable: usize,
}

type Step<T> = Result<T, String>;

const CUT_OFF: &str = "the pickle ends too early";

impl<'a> Machine<'a> {
    fn take(&mut self, len: usize) -> Step<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(len).ok_or(CUT_OFF)?;
        self.bytes = rest;
        Ok(taken)
    }

    /// A little-endian number of up to eight bytes, not negative.
    fn uint(&mut self, len: usize) -> Step<usize> {
        let value = self.take(len)?.iter().rev().fold(0_u64, |n, &byte| n << 8 | u64::from(byte));
        usize::try_from(value).map_err(|_| "a length is too large".to_owned())
    }

    fn counted(&mut self, len_size: usize) -> Step<Value<'a>> {
        let len = self.uint(len_size)?;
        Ok(Value::Bytes(self.take(len)?))
    }

    fn line(&mut self) -> Step<&'a [u8]> {
        let end = self.bytes.iter().position(|&byte| byte == b'\n').ok_or(CUT_OFF)?;
        let line = self.take(end)?;
        self.take(1)?;
        Ok(line)
    }

    fn pop(&mut self) -> Step<Value<'a>> {
        self.stack.pop().ok_or_else(|| "the pickle takes from an empty stack".to_owned())
    }

    /// The values above the last mark, which goes too.
    fn pop_to_mark(&mut self) -> Step<Vec<Value<'a>>> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark));
        let mark = mark.ok_or("the pickle has no mark")?;
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(values)
    }

    fn set_memo(&mut self, index: usize, value: Value<'a>) -> Step<()> {
        // Every memo entry takes at least two bytes of the file: an index beyond is nonsense.
        if index > MAX_FILE_LEN {
            return Err("a memo index is too large".to_owned());
        }
        if self.memo.len() <= index {
            self.memo.resize(index + 1, None);
        }
        if let Some(place) = self.memo.get_mut(index) {
            *place = Some(value);
        }
        Ok(())
    }

    fn get_memo(&mut self, index: usize) -> Step<()> {
        let value = self.memo.get(index).cloned().flatten();
        self.stack.push(value.ok_or("the pickle reads a memo that was not written")?);
        Ok(())
    }

    fn tuple(&mut self, len: usize) -> Step<()> {
        let at = self.stack.len().checked_sub(len).ok_or("the pickle takes from an empty stack")?;
        let values = self.stack.split_off(at);
        self.push_tuple(values)
    }

    fn push_tuple(&mut self, values: Vec<Value<'a>>) -> Step<()> {
        // The state of an array holds a tuple in a tuple. Deeper ones would make dropping recurse.
        let depth = |value: &Value<'_>| match value {
            Value::Tuple(inner) if inner.iter().any(|v| matches!(v, Value::Tuple(_))) => 2,
            Value::Tuple(_) => 1,
            _ => 0,
        };
        if values.iter().any(|value| depth(value) > 1) {
            return Err("tuples are nested too deep".to_owned());
        }
        self.stack.push(Value::Tuple(values.into()));
        Ok(())
    }

    fn append(&mut self, values: Vec<Value<'a>>) -> Step<()> {
        let Some(Value::List(list)) = self.stack.last() else {
            return Err("the pickle appends to what is no list".to_owned());
        };
        let list = self.lists.get_mut(*list).ok_or("no such list")?;
        for value in values {
            // Only the labels matter; file names and the like keep their places.
            list.push(if let Value::Int(value) = value { value } else { i64::MIN });
        }
        Ok(())
    }

    fn set_items(&mut self, values: &[Value<'a>]) -> Step<()> {
        let Some(Value::Dict(dict)) = self.stack.last() else {
            return Err("the pickle sets items of what is no dict".to_owned());
        };
        let dict = self.dicts.get_mut(*dict).ok_or("no such dict")?;
        for pair in values.chunks(2) {
            match pair {
                [Value::Bytes(key), value] => dict.push((key, value.clone())),
                _ => return Err("a dict has a key that is no string".to_owned()),
            }
        }
        Ok(())
    }

    /// Calls what numpy arrays and Python 2 strings are written with.
    fn reduce(&mut self) -> Step<()> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Global(module, name), Value::Tuple(arguments)) = (function, arguments) else {
            return Err("the pickle calls what is no known function".to_owned());
        };
        let value = match (module, name, &*arguments) {
            (b"numpy.core.multiarray" | b"numpy._core.multiarray", b"_reconstruct", _) => {
                self.arrays.push(Array::default());
                Value::Array(self.arrays.len() - 1)
            }
            (
                b"numpy.core.numeric" | b"numpy._core.numeric",
                b"_frombuffer",
                [data, dtype, shape, _],
            ) => {
                self.arrays.push(array(shape, dtype, data)?);
                Value::Array(self.arrays.len() - 1)
            }
            (b"numpy", b"dtype", [Value::Bytes(name), ..]) => {
                Value::Dtype(matches!(*name, b"u1" | b"|u1" | b"uint8"))
            }
            // How Python 3 writes bytes for Python 2: text whose characters are the bytes.
            (b"_codecs", b"encode", [Value::Bytes(text), Value::Bytes(b"latin1")]) => {
                if text.is_ascii() {
                    Value::Bytes(text)
                } else {
                    self.decodable =
                        self.decodable.checked_sub(text.len()).ok_or("too much text to decode")?;
                    Value::Decoded(decode_latin1(text)?)
                }
            }
            _ => {
                return Err(format!(
                    "the pickle calls {}.{}, which is not allowed",
                    String::from_utf8_lossy(module),
                    String::from_utf8_lossy(name),
                ));
            }
        };
        self.stack.push(value);
        Ok(())
    }

    /// Gives an array its shape, type and bytes.
    fn build(&mut self) -> Step<()> {
        let state = self.pop()?;
        match (self.stack.last(), state) {
            (Some(Value::Array(index)), Value::Tuple(state)) => {
                let [_, shape, dtype, Value::Int(0), data] = &*state else {
                    return Err(
                        "an array's state is not that of a numpy array in C order".to_owned()
                    );
                };
                *self.arrays.get_mut(*index).ok_or("no such array")? = array(shape, dtype, data)?;
                Ok(())
            }
            (Some(Value::Dtype(_)), _) => Ok(()),
            _ => Err("the pickle builds what is no array".to_owned()),
        }
    }

    fn global(&mut self, module: &'a [u8], name: &'a [u8]) {
        self.stack.push(Value::Global(module, name));
    }

    /// Runs to the end.
    fn run(&mut self) -> Step<Value<'a>> {
        loop {
            let opcode = *self.take(1)?.first().ok_or(CUT_OFF)?;
            match opcode {
                b'.' => return self.pop(),
                0x80 => drop(self.take(1)?),          // PROTO
                0x95 => drop(self.take(8)?),          // FRAME
                b'(' => self.stack.push(Value::Mark), // MARK
                b'0' => drop(self.pop()?),            // POP
                b'N' => self.stack.push(Value::None),
                0x88 | 0x89 => self.stack.push(Value::Int(i64::from(opcode == 0x88))),
                b'K' => self.push_uint(1)?, // BININT1
                b'M' => self.push_uint(2)?, // BININT2
                b'J' => {
                    let bytes = self.take(4)?.try_into().map_err(|_| CUT_OFF)?;
                    self.stack.push(Value::Int(i64::from(i32::from_le_bytes(bytes))));
                }
                b'I' | b'L' => {
                    let line = String::from_utf8_lossy(self.line()?);
                    let value = line.trim_end_matches('L').parse();
                    self.stack.push(Value::Int(value.map_err(|_| "a number is not one")?));
                }
                b'U' | b'C' | 0x8C => self.push_counted(1)?, // SHORT_BINSTRING, _BINBYTES, _BINUNICODE
                b'T' | b'B' | b'X' => self.push_counted(4)?, // BINSTRING, BINBYTES, BINUNICODE
                0x8D | 0x8E | 0x96 => self.push_counted(8)?, // BINUNICODE8, BINBYTES8, BYTEARRAY8
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.global(module, name);
                }
                0x93 => match (self.pop()?, self.pop()?) {
                    (Value::Bytes(name), Value::Bytes(module)) => self.global(module, name),
                    _ => return Err("a function's name is no string".to_owned()),
                },
                b')' => self.tuple(0)?,
                0x85 => self.tuple(1)?,
                0x86 => self.tuple(2)?,
                0x87 => self.tuple(3)?,
                b't' => {
                    let values = self.pop_to_mark()?;
                    self.push_tuple(values)?;
                }
                b']' => {
                    self.lists.push(Vec::new());
                    self.stack.push(Value::List(self.lists.len() - 1));
                }
                b'}' => {
                    self.dicts.push(Vec::new());
                    self.stack.push(Value::Dict(self.dicts.len() - 1));
                }
                b'a' => {
                    let value = self.pop()?;
                    self.append(vec![value])?;
                }
                b'e' => {
                    let values = self.pop_to_mark()?;
                    self.append(values)?;
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set_items(&[key, value])?;
                }
                b'u' => {
                    let values = self.pop_to_mark()?;
                    self.set_items(&values)?;
                }
                b'q' | b'r' | 0x94 => {
                    let index = match opcode {
                        b'q' => self.uint(1)?,
                        b'r' => self.uint(4)?,
                        _ => self.memo.len(),
                    };
                    let value = self.stack.last().cloned().ok_or("nothing to remember")?;
                    self.set_memo(index, value)?;
                }
                b'h' => {
                    let index = self.uint(1)?;
                    self.get_memo(index)?;
                }
                b'j' => {
                    let index = self.uint(4)?;
                    self.get_memo(index)?;
                }
                b'R' => self.reduce()?,
                b'b' => self.build()?,
                0x97 | 0x98 => return Err("out-of-band buffers are not supported".to_owned()),
                _ => return Err(format!("unknown instruction {opcode:#04x}")),
            }
        }
    }

    fn push_uint(&mut self, len: usize) -> Step<()> {
        let value = i64::try_from(self.uint(len)?).map_err(|_| "a number is too large")?;
        self.stack.push(Value::Int(value));
        Ok(())
    }

    fn push_counted(&mut self, len_size: usize) -> Step<()> {
        let value = self.counted(len_size)?;
        self.stack.push(value);
        Ok(())
    }
}

/// The bytes whose values are the characters of a text.
fn decode_latin1(text: &[u8]) -> Step<Rc<[u8]>> {
    let text = std::str::from_utf8(text).map_err(|_| "a text is not UTF-8")?;
    let bytes = text.chars().map(|c| u8::try_from(c).map_err(|_| "a text is not Latin-1"));
    Ok(bytes.collect::<Result<Vec<_>, _>>()?.into())
}

/// An array of a shape, type and bytes, if they agree.
fn array<'a>(shape: &Value<'a>, dtype: &Value<'a>, data: &Value<'a>) -> Step<Array<'a>> {
    let data = match data {
        Value::Bytes(bytes) => Data::InFile(bytes),
        Value::Decoded(bytes) => Data::Decoded(Rc::clone(bytes)),
        _ => return Err("an array has no bytes".to_owned()),
    };
    let (Value::Tuple(shape), Value::Dtype(is_u8)) = (shape, dtype) else {
        return Err("an array has no shape or type".to_owned());
    };
    if !is_u8 {
        return Err("an array is not of type uint8".to_owned());
    }
    let [Value::Int(rows), Value::Int(cols)] = **shape else {
        return Err("an array has not two dimensions".to_owned());
    };
    let (rows, cols) = (usize::try_from(rows).ok(), usize::try_from(cols).ok());
    match (rows, cols) {
        (Some(rows), Some(cols)) if rows.checked_mul(cols) == Some(data.bytes().len()) => {
            Ok(Array { rows, cols, data })
        }
        _ => Err("an array's shape does not fit its bytes".to_owned()),
    }
}

/// Appends the `count` images of a pickled batch to `images`.
///
/// # Errors
///
/// [`DataError::Format`] naming the file if it is no such pickle, holds another number of images, or
/// a label over 9; `images` may have got the images before it.
pub fn parse_batch(
    file: &str,
    bytes: &[u8],
    count: usize,
    images: &mut Images,
) -> Result<(), DataError> {
    let mut machine = Machine {
        bytes,
        stack: Vec::new(),
        memo: Vec::new(),
        lists: Vec::new(),
        dicts: Vec::new(),
        arrays: Vec::new(),
        decodable: bytes.len(),
    };
    let (array, labels) = machine
        .run()
        .and_then(|value| {
            let Value::Dict(dict) = value else { return Err("it holds no dict".to_owned()) };
            let dict = machine.dicts.get(dict).ok_or("no such dict")?;
            let find = |name: &[u8]| dict.iter().find(|(key, _)| *key == name).map(|(_, v)| v);
            match (find(b"data"), find(b"labels")) {
                (Some(Value::Array(array)), Some(Value::List(labels))) => Ok((*array, *labels)),
                _ => Err("it has no `data` array and `labels` list".to_owned()),
            }
        })
        .map_err(|problem| DataError::format(file, format!("not a CIFAR-10 batch: {problem}")))?;
    let array = machine.arrays.get(array).cloned().unwrap_or_default();
    let labels = machine.lists.get(labels).map(Vec::as_slice).unwrap_or_default();
    if (array.rows, array.cols) != (count, IMAGE_LEN) || labels.len() != count {
        return Err(DataError::format(
            file,
            format!(
                "expected {count} images of {IMAGE_LEN} numbers and {count} labels, found {} of {} and {}",
                array.rows,
                array.cols,
                labels.len()
            ),
        ));
    }
    for ((image, &label), number) in array.data.bytes().chunks_exact(IMAGE_LEN).zip(labels).zip(1..)
    {
        images.push(check_label(file, label, number)?, image);
    }
    Ok(())
}

/// Reads the six files of a folder.
///
/// # Errors
///
/// [`DataError`] naming the file that is missing or wrong.
pub fn load(folder: &Path) -> Result<DataSet, DataError> {
    assemble(folder, TRAIN_FILES, TEST_FILE, |name, images| {
        let path = folder.join(name);
        let bytes = read_file(&path, MAX_FILE_LEN)?;
        parse_batch(&path.display().to_string(), &bytes, IMAGES_PER_FILE, images)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes before, between and after the labels and the bytes of an array of two images, as
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

    fn parse(bytes: &[u8], count: usize) -> Result<Images, String> {
        let mut images = Images::default();
        parse_batch("f", bytes, count, &mut images).map_err(|e| e.to_string())?;
        Ok(images)
    }

    #[test]
    fn a_batch_written_by_numpy_is_read() {
        let images = parse(&batch([3, 9]), 2).unwrap();
        assert_eq!(images.labels(), [3, 9]);
        assert_eq!(images.image(1)[0], u8::try_from(IMAGE_LEN % 251).unwrap());
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
        assert_eq!(error, "f: image 2 has label 10; labels are 0 to 9");
    }

    #[test]
    fn functions_other_than_numpys_are_refused_by_name() {
        let error = parse(b"cos\nsystem\n(X\x02\x00\x00\x00lstR.", 1).unwrap_err();
        assert_eq!(
            error,
            "f: not a CIFAR-10 batch: the pickle calls os.system, which is not allowed"
        );
    }

    #[test]
    fn what_would_grow_without_bound_is_refused() {
        // A memo entry number of four billion, tuples in tuples, and a text decoded too often.
        assert!(parse(b"Nr\xff\xff\xff\xff.", 1).is_err());
        let nested = [&b"N"[..], &[0x85; 100_000], b"."].concat();
        assert!(parse(&nested, 1).unwrap_err().contains("nested too deep"));
        let text = [&b"X\x00\x04\x00\x00"[..], &"é".repeat(512).into_bytes(), b"q\x00"].concat();
        let call = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R0";
        let often = [text, call.repeat(50), b".".to_vec()].concat();
        assert!(parse(&often, 1).unwrap_err().contains("too much text"), "{:?}", parse(&often, 1));
    }
}
