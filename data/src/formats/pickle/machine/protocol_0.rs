//! Instructions that only protocol 0 writes, for people to read: numbers in digits, quoted strings, text.

use super::Machine;
use crate::formats::pickle::text::{unescape, unquote};
use crate::formats::pickle::value::{Step, Value};

impl Machine<'_> {
    /// Runs one of them. No other is known.
    pub(super) fn step_of_protocol_0(&mut self, opcode: u8) -> Step<()> {
        match opcode {
            b'I' | b'L' => {
                let line = String::from_utf8_lossy(self.line()?);
                let value = line.trim_end_matches('L').parse();
                self.stack.push(Value::Int(value.map_err(|_| "a number is not one")?));
            }
            b'S' => {
                let value = unquote(self.line()?)?;
                self.stack.push(value);
            }
            b'V' => {
                let value = unescape(self.line()?)?;
                self.stack.push(value);
            }
            b'p' => {
                let index = self.memo_number()?;
                self.write_memo(index)?;
            }
            b'g' => {
                let index = self.memo_number()?;
                self.read_memo(index)?;
            }
            b'd' => {
                let values = self.pop_to_mark()?;
                self.push_dict();
                self.set_items(&values)?;
            }
            b'l' => {
                let values = self.pop_to_mark()?;
                self.push_list();
                self.append(&values)?;
            }
            _ => {
                return Err(format!(
                    "unknown instruction {opcode:#04x}; expected pickle protocol 0 to 5"
                ));
            }
        }
        Ok(())
    }

    /// The number of a memo, in decimal digits.
    fn memo_number(&mut self) -> Step<usize> {
        let line = std::str::from_utf8(self.line()?).ok().and_then(|line| line.trim().parse().ok());
        line.ok_or_else(|| "a memo's number is not one".to_owned())
    }
}
