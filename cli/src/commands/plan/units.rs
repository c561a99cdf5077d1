//! Speeds and times as people write them.

/// Takes a number with one of some units off a text.
fn with_unit(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (unit, factor) = units.iter().find(|(unit, _)| text.ends_with(unit))?;
    let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    Some(number * factor).filter(|found| found.is_finite())
}

/// Bytes a second, of a text in bits.
pub(super) fn bytes_per_second(text: &str) -> Result<f64, String> {
    let units = [
        ("Tb", 1e12),
        ("Gb", 1e9),
        ("Mb", 1e6),
        ("kb", 1e3),
        ("Gbit", 1e9),
        ("Mbit", 1e6),
        ("kbit", 1e3),
    ];
    with_unit(text.trim_end_matches("/s"), &units)
        .filter(|&bits| bits > 0.0)
        .map(|bits| bits / 8.0)
        .ok_or_else(|| "takes bits a second with a unit, such as 10Gb, 2.5Gb or 100Mb".to_owned())
}

/// Seconds, of a text with a unit.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    with_unit(text, &[("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("ns", 1e-9), ("s", 1.0)])
        .filter(|&seconds| seconds >= 0.0)
        .ok_or_else(|| "takes a time with a unit, such as 20us or 1ms".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_and_times_have_units() {
        for (text, expected) in
            [("10Gb", 1.25e9), ("100Mb", 1.25e7), ("2.5Gbit", 3.125e8), ("1Gb/s", 1.25e8)]
        {
            assert_eq!(bytes_per_second(text), Ok(expected), "{text}");
        }
        for text in ["10", "Gb", "-1Gb", "0Gb", "infGb", "10GB", "", "fast"] {
            assert!(bytes_per_second(text).is_err(), "{text}");
        }
        for (text, expected) in [("20us", 2e-5), ("20µs", 2e-5), ("1ms", 1e-3), ("0s", 0.0)] {
            assert!((seconds(text).unwrap() - expected).abs() < 1e-12, "{text}");
        }
        for text in ["20", "us", "-1us", "NaNs", ""] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
