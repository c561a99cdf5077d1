//! The stack machine that a pickle is a program for, as far as dicts of numbers, strings and byte
//! arrays need it.
//!
//! Nothing is executed: the few functions that such files name are known, every other name is
//! refused. Memory is bounded twice, by [`MAX_INSTRUCTIONS`] and by the length of the file, of which
//! values are slices. Lists and dicts are kept aside and flat, tuples hold tuples at most once: so
//! nothing recurses, not even dropping.

mod functions;
mod protocol_0;

use super::value::{Array, Step, Value};
use std::collections::HashMap;

/// More than a batch takes: 10,000 labels and 10,000 file names of at most eight instructions each.
pub(super) const MAX_INSTRUCTIONS: usize = 1 << 18;

/// The machine. After [`run`](Self::run) its dicts, lists and arrays can be looked up.
#[derive(Debug)]
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    stack: Vec<Value<'a>>,
    memo: HashMap<usize, Value<'a>>,
    pub(super) lists: Vec<Vec<Option<i64>>>,
    pub(super) dicts: Vec<Vec<(&'a [u8], Value<'a>)>>,
    pub(super) arrays: Vec<Array<'a>>,
    /// Bytes of text that may still be decoded: as many as the file has, so that a short file cannot
    /// ask for the same long text again and again.
    decodable: usize,
}

const CUT_OFF: &str = "the pickle ends too early";
const EMPTY: &str = "the pickle takes from an empty stack";

impl<'a> Machine<'a> {
    /// A machine that is to run the program in `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            stack: Vec::new(),
            memo: HashMap::new(),
            lists: Vec::new(),
            dicts: Vec::new(),
            arrays: Vec::new(),
            decodable: bytes.len(),
        }
    }

    /// Runs to the end, which must be that of the file.
    pub(super) fn run(&mut self) -> Step<Value<'a>> {
        for _ in 0..MAX_INSTRUCTIONS {
            let opcode = *self.take(1)?.first().ok_or(CUT_OFF)?;
            if opcode == b'.' {
                let left = self.bytes.len();
                return if left == 0 {
                    self.pop()
                } else {
                    Err(format!("{left} bytes follow the end of the pickle"))
                };
            }
            self.step(opcode)?;
        }
        Err(format!("the pickle has more than {MAX_INSTRUCTIONS} instructions"))
    }

    /// Runs one instruction; those that protocol 0 alone has are in a file of their own.
    fn step(&mut self, opcode: u8) -> Step<()> {
        match opcode {
            0x80 => match self.uint(1)? {
                0..=5 => {}
                version => return Err(format!("pickle protocol {version}; expected 0 to 5")),
            },
            0x95 => drop(self.take(8)?),          // FRAME
            b'(' => self.stack.push(Value::Mark), // MARK
            b'0' => drop(self.pop()?),            // POP
            b'N' => self.stack.push(Value::None),
            0x88 | 0x89 => self.stack.push(Value::Int(i64::from(opcode == 0x88))),
            b'K' => self.push_int(1)?, // BININT1
            b'M' => self.push_int(2)?, // BININT2
            b'J' => {
                let bytes = self.take(4)?.try_into().map_err(|_| CUT_OFF)?;
                self.stack.push(Value::Int(i64::from(i32::from_le_bytes(bytes))));
            }
            0x8A => self.push_long()?,                 // LONG1
            b'U' | b'C' | 0x8C => self.push_bytes(1)?, // SHORT_BINSTRING, _BINBYTES, _BINUNICODE
            b'T' | b'B' | b'X' => self.push_bytes(4)?, // BINSTRING, BINBYTES, BINUNICODE
            0x8D | 0x8E | 0x96 => self.push_bytes(8)?, // BINUNICODE8, BINBYTES8, BYTEARRAY8
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push_function(module, name)?;
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Bytes(name), Value::Bytes(module)) => self.push_function(module, name)?,
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
            b']' => self.push_list(),
            b'}' => self.push_dict(),
            b'a' => {
                let value = self.pop()?;
                self.append(&[value])?;
            }
            b'e' => {
                let values = self.pop_to_mark()?;
                self.append(&values)?;
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
                self.write_memo(index)?;
            }
            b'h' | b'j' => {
                let index = self.uint(if opcode == b'h' { 1 } else { 4 })?;
                self.read_memo(index)?;
            }
            b'R' => self.reduce()?,
            b'b' => self.build()?,
            0x97 | 0x98 => return Err("out-of-band buffers are not supported".to_owned()),
            _ => self.step_of_protocol_0(opcode)?,
        }
        Ok(())
    }

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

    fn line(&mut self) -> Step<&'a [u8]> {
        let end = self.bytes.iter().position(|&byte| byte == b'\n').ok_or(CUT_OFF)?;
        let line = self.take(end)?;
        self.take(1)?;
        Ok(line)
    }

    fn pop(&mut self) -> Step<Value<'a>> {
        self.stack.pop().ok_or_else(|| EMPTY.to_owned())
    }

    /// The values above the last mark, which goes too.
    fn pop_to_mark(&mut self) -> Step<Vec<Value<'a>>> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark));
        let mut values = self.stack.split_off(mark.ok_or("the pickle has no mark")?);
        values.remove(0);
        Ok(values)
    }

    fn push_list(&mut self) {
        self.lists.push(Vec::new());
        self.stack.push(Value::List(self.lists.len() - 1));
    }

    fn push_dict(&mut self) {
        self.dicts.push(Vec::new());
        self.stack.push(Value::Dict(self.dicts.len() - 1));
    }

    fn write_memo(&mut self, index: usize) -> Step<()> {
        let value = self.stack.last().ok_or(EMPTY)?;
        self.memo.insert(index, value.clone());
        Ok(())
    }

    fn read_memo(&mut self, index: usize) -> Step<()> {
        let value = self.memo.get(&index).ok_or("a memo is read before it is written")?;
        self.stack.push(value.clone());
        Ok(())
    }

    fn push_int(&mut self, len: usize) -> Step<()> {
        let value = i64::try_from(self.uint(len)?).map_err(|_| "a number is too large")?;
        self.stack.push(Value::Int(value));
        Ok(())
    }

    /// A `long` of Python 2: little-endian, of as many bytes as it needs.
    fn push_long(&mut self) -> Step<()> {
        let len = self.uint(1)?;
        let bytes = self.take(len)?;
        let is_negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
        let mut whole = [if is_negative { 0xFF } else { 0 }; 8];
        whole.get_mut(..len).ok_or("a number is too large")?.copy_from_slice(bytes);
        self.stack.push(Value::Int(i64::from_le_bytes(whole)));
        Ok(())
    }

    fn push_bytes(&mut self, len_size: usize) -> Step<()> {
        let len = self.uint(len_size)?;
        let bytes = self.take(len)?;
        self.stack.push(Value::Bytes(bytes));
        Ok(())
    }

    fn tuple(&mut self, len: usize) -> Step<()> {
        let at = self.stack.len().checked_sub(len).ok_or(EMPTY)?;
        let values = self.stack.split_off(at);
        self.push_tuple(values)
    }

    fn push_tuple(&mut self, values: Vec<Value<'a>>) -> Step<()> {
        // The state of an array holds a tuple in a tuple. Deeper ones would make dropping recurse.
        if values.iter().any(|value| matches!(value, Value::Tuple(_, true))) {
            return Err("tuples are nested too deep".to_owned());
        }
        let is_nested = values.iter().any(|value| matches!(value, Value::Tuple(..)));
        self.stack.push(Value::Tuple(values.into(), is_nested));
        Ok(())
    }

    fn append(&mut self, values: &[Value<'a>]) -> Step<()> {
        let Some(Value::List(list)) = self.stack.last() else {
            return Err("the pickle appends to what is no list".to_owned());
        };
        let list = self.lists.get_mut(*list).ok_or("no such list")?;
        // Only the labels matter; file names and the like keep their places.
        list.extend(values.iter().map(|value| match value {
            Value::Int(value) => Some(*value),
            _ => None,
        }));
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
}
