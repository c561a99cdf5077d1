//! Values of a pickled batch.

use std::rc::Rc;

/// Result of an instruction, or what is wrong with it.
pub(super) type Step<T> = Result<T, String>;

/// A value on the stack.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Mark,
    None,
    Int(i64),
    /// A string or bytes: a slice of the file.
    Bytes(&'a [u8]),
    /// Bytes that were written as text.
    Decoded(Rc<[u8]>),
    Function(Function),
    /// The values, and whether one of them is a tuple.
    Tuple(Rc<[Value<'a>]>, bool),
    /// Index of a list.
    List(usize),
    /// Index of a dict.
    Dict(usize),
    /// Index of an array.
    Array(usize),
    /// A numpy number type: whether it is `uint8`.
    Dtype(bool),
}

/// Functions and types that a pickled batch may name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Function {
    Reconstruct,
    FromBuffer,
    NdArray,
    Dtype,
    Encode,
    Bytes,
}

/// A numpy array of bytes in two dimensions.
#[derive(Clone, Debug, Default)]
pub(super) struct Array<'a> {
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Whether columns, not rows, are contiguous.
    pub(super) is_fortran: bool,
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

impl<'a> Array<'a> {
    /// An array of a shape, type and bytes, if they agree.
    pub(super) fn new(
        shape: &Value<'a>,
        dtype: &Value<'a>,
        data: &Value<'a>,
        is_fortran: bool,
    ) -> Step<Self> {
        let data = match data {
            Value::Bytes(bytes) => Data::InFile(bytes),
            Value::Decoded(bytes) => Data::Decoded(Rc::clone(bytes)),
            _ => return Err("an array has no bytes".to_owned()),
        };
        let (Value::Tuple(shape, _), Value::Dtype(is_u8)) = (shape, dtype) else {
            return Err("an array has no shape or type".to_owned());
        };
        if !is_u8 {
            return Err("an array is not of type uint8".to_owned());
        }
        let [Value::Int(rows), Value::Int(cols)] = **shape else {
            return Err("an array has not two dimensions".to_owned());
        };
        let (Ok(rows), Ok(cols)) = (usize::try_from(rows), usize::try_from(cols)) else {
            return Err("an array has a negative shape".to_owned());
        };
        let array = Self { rows, cols, is_fortran, data };
        if rows.checked_mul(cols) != Some(array.bytes().len()) {
            return Err("an array's shape does not fit its bytes".to_owned());
        }
        Ok(array)
    }

    /// The numbers, as they lie in the file.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.data {
            Data::InFile(bytes) => bytes,
            Data::Decoded(bytes) => bytes,
        }
    }
}
