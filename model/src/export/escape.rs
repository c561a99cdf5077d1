//! Text from outside, as data in generated source: whatever is in it, the language reads it as that text.

/// The most characters of a text in a comment.
const LINE: usize = 200;

/// A string literal of Rust that means `text`.
///
/// Anything but letters, digits and printable ASCII is written as its number: control characters,
/// those that change the direction of what follows, those that cannot be seen.
pub(super) fn rust_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        if c.is_ascii() {
            literal.extend(c.escape_default());
        } else if c.is_alphanumeric() {
            literal.push(c);
        } else {
            literal.extend(c.escape_unicode());
        }
    }
    literal + "\""
}

/// An array of string literals.
pub(super) fn rust_strings(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| rust_string(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// Part of a text that can stand in a comment, or be documentation: one line of letters, digits and punctuation that
/// mean nothing to a compiler, a browser or a terminal.
pub(super) fn plain_line(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " .,:;+-_/()\"'=%".contains(c);
    let plain = |c| if is_plain(c) { c } else { '?' };
    let mut line: String = text.chars().take(LINE).map(plain).collect();
    if text.chars().nth(LINE).is_some() {
        line.push('…');
    }
    line
}

/// Fills a template, in which `@NAME@` stands for a value. What a value holds is not looked at again.
pub(super) fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('@') {
        text.push_str(before);
        let found = after.split_once('@').and_then(|(name, after)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, after))
        });
        match found {
            Some((value, after)) => {
                text.push_str(value);
                rest = after;
            }
            None => {
                text.push('@');
                rest = after;
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that a Rust string literal means, read by the rules of its reference.
    fn read_literal(literal: &str) -> String {
        let inner = literal.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        let (mut text, mut chars) = (String::new(), inner.chars());
        while let Some(c) = chars.next() {
            assert!(c != '"' && !c.is_control(), "{literal}");
            if c != '\\' {
                text.push(c);
                continue;
            }
            text.push(match chars.next().unwrap() {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let number: String = chars.by_ref().take_while(|c| *c != '}').collect();
                    let number = number.strip_prefix('{').unwrap();
                    char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap()
                }
                same @ ('\\' | '"' | '\'') => same,
                other => panic!("\\{other} in {literal}"),
            });
        }
        text
    }

    #[test]
    fn a_literal_means_the_text_that_it_was_made_of() {
        let all: String = (0..=0x3000).filter_map(char::from_u32).collect();
        for text in
            ["", "\"];\n#![evil]", "*/", "@RAM@", "\u{202e}\u{2066}", "e\u{301}", "日本", &all]
        {
            let literal = rust_string(text);
            assert_eq!(read_literal(&literal), text);
            assert!(!literal.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}']));
        }
    }

    #[test]
    fn a_plain_line_is_one_line_of_characters_that_mean_nothing() {
        let hostile = "a\n#![x]\r*/ //! `<script>` \u{1b}[2J\u{202e}\0{}\\";
        let line = plain_line(hostile);
        assert!(
            !line.contains(['\n', '\r', '#', '!', '*', '`', '<', '\u{1b}', '\u{202e}', '\0', '\\'])
        );
        assert_eq!(
            plain_line("trained as \"two-layer\" on cifar10"),
            "trained as \"two-layer\" on cifar10"
        );
        assert_eq!(plain_line(&"x".repeat(10_000)).chars().count(), LINE + 1);
    }

    #[test]
    fn what_a_value_holds_is_not_filled_again() {
        let values = [("A", "@B@ @A@".to_owned()), ("B", "b@".to_owned())];
        assert_eq!(fill("@A@-@B@, a@b.c @NO@ @A", &values), "@B@ @A@-b@, a@b.c @NO@ @A");
        assert_eq!(fill("@NO@A@", &values), "@NO@B@ @A@");
    }
}
