//! Numbers of bytes, as flags have them.

/// A number of bytes: `65536`, `64K`, `1MB` or `1GiB`; units are powers of 1024.
pub(super) fn parse_bytes(text: &str) -> Result<usize, String> {
    let lower = text.to_ascii_lowercase();
    let unit_at = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len());
    let (digits, unit) = lower.split_at(unit_at);
    let power = match unit {
        "" | "b" => Some(0),
        "k" | "kb" | "kib" => Some(1),
        "m" | "mb" | "mib" => Some(2),
        "g" | "gb" | "gib" => Some(3),
        _ => None,
    };
    let unit = power.and_then(|power| 1024_usize.checked_pow(power));
    let bytes = digits.parse::<usize>().ok().zip(unit).and_then(|(n, unit)| n.checked_mul(unit));
    bytes.ok_or_else(|| "a number of bytes such as 65536, 64K or 1M is needed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_numbers_with_a_unit_or_without() {
        assert_eq!(parse_bytes("65536"), Ok(65536));
        assert_eq!(parse_bytes("64K"), Ok(65536));
        for text in ["1m", "1M", "1MB", "1MiB", "1024k", "1024KiB", "1048576", "1048576B"] {
            assert_eq!(parse_bytes(text), Ok(1 << 20), "{text}");
        }
        assert_eq!(parse_bytes("2G"), Ok(1 << 31));
        let too_large = ["99999999999999999999", "18014398509481985K", "17179869184G"];
        let nonsense = ["", "K", "-1", "+1", "1.5K", "1 K", "1iB", "1KBB", "1T", "0x10"];
        for bad in too_large.into_iter().chain(nonsense) {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }
}
