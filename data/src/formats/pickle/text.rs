//! Strings as protocol 0 writes them: in lines, with escapes. What has none is a slice of the file.

use super::value::{Step, Value};

const WRONG: &str = "a string is not written as Python writes strings";

/// A string in quotes, as Python 2 writes it: bytes.
pub(super) fn unquote(line: &[u8]) -> Step<Value<'_>> {
    let line = line.trim_ascii();
    let (Some((&open, rest)), true) = (line.split_first(), line.len() > 1) else {
        return Err(WRONG.to_owned());
    };
    let (&close, text) = rest.split_last().ok_or(WRONG)?;
    if open != close || !matches!(open, b'\'' | b'"') {
        return Err(WRONG.to_owned());
    }
    if !text.contains(&b'\\') {
        return Ok(Value::Bytes(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'\\' => match bytes.next().ok_or(WRONG)? {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'x' => u8::try_from(hex(&mut bytes, 2)?).map_err(|_| WRONG)?,
                same @ (b'\\' | b'\'' | b'"') => same,
                _ => return Err(WRONG.to_owned()),
            },
            byte => byte,
        });
    }
    Ok(Value::Decoded(out.into()))
}

/// Text: Latin-1, and escapes `\\uXXXX` for what else there is, and for line ends and backslashes. It
/// becomes the bytes whose values are its characters, as Python 3 writes bytes.
pub(super) fn unescape(line: &[u8]) -> Step<Value<'_>> {
    if line.is_ascii() && !line.contains(&b'\\') {
        return Ok(Value::Bytes(line));
    }
    let mut out = Vec::with_capacity(line.len());
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        let mut after = bytes.clone();
        if byte == b'\\' && after.next() == Some(b'u') {
            let value = hex(&mut after, 4)?;
            out.push(u8::try_from(value).map_err(|_| "a text is not Latin-1")?);
            bytes = after;
        } else {
            out.push(byte);
        }
    }
    Ok(Value::Decoded(out.into()))
}

/// The value of some hexadecimal digits.
fn hex(bytes: &mut impl Iterator<Item = u8>, num_digits: usize) -> Step<u32> {
    (0..num_digits).try_fold(0_u32, |value, _| {
        let digit = bytes.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or(WRONG)?;
        Ok(value << 4 | digit)
    })
}
