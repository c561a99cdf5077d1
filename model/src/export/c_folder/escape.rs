//! Text and numbers from outside, as data in generated C.

use crate::export::escape::plain_line;

/// A string literal of C that means the bytes of `text` in UTF-8.
///
/// Anything but printable ASCII is written as octal numbers, of three digits, so that none that follows belongs to
/// them; a question mark with a backslash, so that none is part of a trigraph.
pub(super) fn c_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => literal.extend(['\\', char::from(byte)]),
            b' '..=b'~' => literal.push(char::from(byte)),
            _ => literal += &format!("\\{byte:03o}"),
        }
    }
    literal + "\""
}

/// Part of a text that can stand in a comment of C, or on a line of a file that is read line by line.
pub(super) fn c_line(text: &str) -> String {
    plain_line(text).chars().map(|c| if c == '?' || !c.is_ascii() { '_' } else { c }).collect()
}

/// An `f32` as C has it in hexadecimal: what it is exactly, whatever the compiler makes of decimals.
pub(super) fn c_float(number: f32) -> String {
    if number.is_nan() || number == f32::INFINITY {
        return "HUGE_VALF".to_owned();
    }
    if number == f32::NEG_INFINITY {
        return "-HUGE_VALF".to_owned();
    }
    let bits = number.to_bits();
    let sign = if number.is_sign_negative() { "-" } else { "" };
    // The 23 bits of the fraction are 6 digits of which the last has 3 bits.
    let (exponent, fraction) = (bits >> 23 & 0xFF, (bits & 0x7F_FFFF) << 1);
    match (exponent, fraction) {
        (0, 0) => format!("{sign}0.0f"),
        (0, _) => format!("{sign}0x0.{fraction:06x}p-126f"),
        _ => {
            let digits = format!("{fraction:06x}");
            let digits = digits.trim_end_matches('0');
            let point = if digits.is_empty() { "" } else { "." };
            format!("{sign}0x1{point}{digits}p{}f", i64::from(exponent) - 127)
        }
    }
}

/// An `f32` as C has it in decimals, with as many digits as tell it from others: for people, and for C++.
pub(super) fn c_decimal(number: f32) -> String {
    if number.is_finite() { format!("{number:?}f") } else { c_float(number) }
}

/// A `static` array, eight numbers a line.
pub(super) fn array(declaration: &str, numbers: impl Iterator<Item = String>) -> String {
    let numbers: Vec<_> = numbers.collect();
    let lines: Vec<_> = numbers.chunks(8).map(|line| format!("    {}", line.join(", "))).collect();
    format!("{declaration}[{}] = {{\n{},\n}};\n", numbers.len(), lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_has_nothing_that_ends_it_or_begins_a_trigraph() {
        assert_eq!(c_string("setosa"), "\"setosa\"");
        assert_eq!(c_string("\"; */ ??/ \\ \n1"), r#""\"; */ \?\?/ \\ \0121""#);
        assert_eq!(c_string("ü\0"), r#""\303\274\000""#);
    }

    #[test]
    fn a_line_is_ascii_that_ends_no_comment() {
        assert_eq!(c_line("a*/ ??/\n日b"), "a_/ __/__b");
    }

    #[test]
    fn a_number_is_what_it_is_to_the_bit() {
        // What `float.hex` of Python says, without zeros at the end.
        for (number, text) in [
            (1.0, "0x1p0f"),
            (-0.1, "-0x1.99999ap-4f"),
            (0.0, "0.0f"),
            (-0.0, "-0.0f"),
            (f32::MAX, "0x1.fffffep127f"),
            (f32::MIN_POSITIVE, "0x1p-126f"),
            (f32::from_bits(1), "0x0.000002p-126f"),
            (f32::INFINITY, "HUGE_VALF"),
        ] {
            assert_eq!(c_float(number), text);
        }
        assert_eq!(c_decimal(0.1), "0.1f");
        assert_eq!(c_decimal(1e30), "1e30f");
    }
}
