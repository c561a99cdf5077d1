//! Text as it may stand in a page, whoever wrote it.

use serde_json::Value;

/// Text as it stands in an element, or in an attribute in double quotes.
///
/// What no page may have, control characters among it, becomes U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// JSON as it stands in a `script` element: nothing in it ends the element, or begins a comment.
pub(super) fn json_in_script(value: &Value) -> String {
    let text = value.to_string();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // They are in strings alone, where JSON has another way to write them.
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

/// A number for people: four digits, or more of whole ones.
pub(crate) fn figure(number: f64) -> String {
    let size = number.abs();
    if !number.is_finite() || size == f64::MAX {
        "–".to_owned()
    } else if number == 0.0 {
        "0".to_owned()
    } else if number.fract() == 0.0 && size < 1e9 {
        format!("{number}")
    } else if !(1e-4..1e6).contains(&size) {
        format!("{number:.3e}")
    } else {
        let decimals = match size {
            1000.0.. => 0,
            100.0.. => 1,
            10.0.. => 2,
            1.0.. => 3,
            0.01.. => 4,
            _ => 6,
        };
        format!("{number:.decimals$}")
    }
}

/// A sentence in which what is between backticks is code.
pub(super) fn prose(text: &str) -> String {
    let parts: Vec<_> = text.split('`').map(escaped).collect();
    // One that is open at the end is a mark like others.
    if parts.len() % 2 == 0 {
        return escaped(text);
    }
    let mut html = String::new();
    for (number, part) in parts.iter().enumerate() {
        html.push_str(match (number, number % 2) {
            (0, _) => "",
            (_, 1) => "<code>",
            _ => "</code>",
        });
        html.push_str(part);
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_text_leaves_its_element_or_attribute() {
        let text = "</td><script>alert(\"1\")</script>&amp; ' --> <!-- \0 \u{1b}[31m";
        let found = escaped(text);
        for bad in ['<', '>', '"', '\'', '\0', '\u{1b}'] {
            assert!(!found.contains(bad), "{bad:?} in {found}");
        }
        assert!(found.contains("&lt;/td&gt;&lt;script&gt;"));
        assert_eq!(escaped("für 日本 1 < 2"), "für 日本 1 &lt; 2");
    }

    #[test]
    fn json_in_a_script_reads_back_as_it_was_and_ends_no_script() {
        let value = json!({ "a": "</script><!--<script>", "b": ["&amp;", "\u{2028}\u{2029}\"\\"] });
        let text = json_in_script(&value);
        assert!(!text.contains('<') && !text.contains('\u{2028}'), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn what_is_between_backticks_is_code() {
        assert_eq!(prose("`a` <b> `c<`."), "<code>a</code> &lt;b&gt; <code>c&lt;</code>.");
        assert_eq!(prose("a ` b"), "a ` b");
        assert_eq!(prose(""), "");
    }

    #[test]
    fn numbers_have_four_digits() {
        for (number, expected) in [
            (0.0, "0"),
            (0.5231, "0.5231"),
            (0.012_345, "0.0123"),
            (0.001_234_5, "0.001234"),
            (2.345_678, "2.346"),
            (12.345, "12.35"),
            (999.96, "1000.0"),
            (1234.56, "1235"),
            (98_765.4, "98765"),
            (1e-7, "1.000e-7"),
            (3e8, "300000000"),
            (1.5e12, "1.500e12"),
            (-0.25, "-0.2500"),
            (f64::MAX, "–"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(figure(number), expected, "{number:?}");
        }
    }
}
