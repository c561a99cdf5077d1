//! The few functions of Python and numpy that a batch of CIFAR-10 names, and what their calls give.

use super::super::value::{Array, Function, Step, Value};
use super::Machine;

impl<'a> Machine<'a> {
    pub(super) fn push_function(&mut self, module: &[u8], name: &[u8]) -> Step<()> {
        self.stack.push(Value::Function(match (module, name) {
            (b"numpy.core.multiarray" | b"numpy._core.multiarray", b"_reconstruct") => {
                Function::Reconstruct
            }
            (b"numpy.core.numeric" | b"numpy._core.numeric", b"_frombuffer") => {
                Function::FromBuffer
            }
            (b"numpy", b"ndarray") => Function::NdArray,
            (b"numpy", b"dtype") => Function::Dtype,
            (b"_codecs", b"encode") => Function::Encode,
            (b"__builtin__" | b"builtins", b"bytes") => Function::Bytes,
            _ => {
                let name = [module, b".", name].concat();
                return Err(format!("the pickle names {}, which is not allowed", printable(&name)));
            }
        }));
        Ok(())
    }

    /// Does what a call of a known function would give.
    pub(super) fn reduce(&mut self) -> Step<()> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Function(function), Value::Tuple(arguments, _)) = (function, arguments) else {
            return Err("the pickle calls what is no function".to_owned());
        };
        let value = match (function, &*arguments) {
            (Function::Reconstruct, _) => self.push_array(Array::default()),
            (Function::FromBuffer, [data, dtype, shape, Value::Bytes(order)]) => {
                let is_fortran = match *order {
                    b"C" => false,
                    b"F" => true,
                    _ => return Err("an array is neither in C nor in Fortran order".to_owned()),
                };
                self.push_array(Array::new(shape, dtype, data, is_fortran)?)
            }
            (Function::Dtype, [Value::Bytes(name), ..]) => {
                Value::Dtype(matches!(*name, b"u1" | b"|u1" | b"uint8"))
            }
            (Function::Bytes, []) => Value::Bytes(&[]),
            // How Python 3 writes bytes for Python 2: text whose characters are the bytes.
            (Function::Encode, [Value::Bytes(text), Value::Bytes(b"latin1")]) => {
                let left = self.decodable.checked_sub(text.len());
                self.decodable = left.ok_or("too much text to decode")?;
                if text.is_ascii() { Value::Bytes(text) } else { decode_latin1(text)? }
            }
            // Protocol 0: it was decoded where it was read.
            (Function::Encode, [Value::Decoded(text), Value::Bytes(b"latin1")]) => {
                Value::Decoded(std::rc::Rc::clone(text))
            }
            _ => return Err(format!("wrong arguments for {function:?}")),
        };
        self.stack.push(value);
        Ok(())
    }

    fn push_array(&mut self, array: Array<'a>) -> Value<'a> {
        self.arrays.push(array);
        Value::Array(self.arrays.len() - 1)
    }

    /// Gives an array its shape, type, order and bytes.
    pub(super) fn build(&mut self) -> Step<()> {
        let state = self.pop()?;
        match (self.stack.last(), state) {
            (Some(Value::Array(index)), Value::Tuple(state, _)) => {
                let [_, shape, dtype, Value::Int(is_fortran), data] = &*state else {
                    return Err("an array's state is not that of a numpy array".to_owned());
                };
                let array = Array::new(shape, dtype, data, *is_fortran != 0)?;
                *self.arrays.get_mut(*index).ok_or("no such array")? = array;
                Ok(())
            }
            // Byte order and alignment, which single bytes do not have.
            (Some(Value::Dtype(_)), _) => Ok(()),
            _ => Err("the pickle builds what is no array".to_owned()),
        }
    }
}

/// The bytes whose values are the characters of a text.
fn decode_latin1<'a>(text: &[u8]) -> Step<Value<'a>> {
    let text = std::str::from_utf8(text).map_err(|_| "a text is not UTF-8")?;
    let bytes = text.chars().map(|c| u8::try_from(c).map_err(|_| "a text is not Latin-1"));
    Ok(Value::Decoded(bytes.collect::<Result<Vec<_>, _>>()?.into()))
}

/// The start of a name from a file, fit to be shown in one line.
fn printable(name: &[u8]) -> String {
    let name = name.get(..80).unwrap_or(name);
    String::from_utf8_lossy(name).escape_debug().to_string()
}
