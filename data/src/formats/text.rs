//! Text that is no table, by how it begins.

/// What to do about data in another form.
const CONVERT: &str = "convert it to CSV, with pandas for instance, and name that";
const EXPORT: &str = "save the table in it as CSV and name that";

/// What a text is that is no table, and what to do; none of any other, which is one.
///
/// The first bytes are looked at, whatever the file is called: what begins so is no row of a table that anybody has.
pub(crate) fn other_text(start: &[u8]) -> Option<(&'static str, &'static str)> {
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    if text.starts_with(b"%PDF-") {
        return Some(("a PDF document", EXPORT));
    }
    if text.starts_with(b"%!PS") {
        return Some(("a PostScript document", EXPORT));
    }
    if text.starts_with(b"{\\rtf") {
        return Some(("a document of rich text", EXPORT));
    }
    if is_arff(text) {
        return Some(("an ARFF file, as Weka has them", CONVERT));
    }
    if !is_json(text) {
        return None;
    }
    let mut lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let is_row = |line: &[u8]| line.starts_with(b"{") && line.ends_with(b"}");
    // The last line may be cut.
    let are_lines = lines.next().is_some_and(is_row) && lines.next().is_some_and(is_json);
    Some((if are_lines { "JSON lines" } else { "JSON" }, CONVERT))
}

/// Whether text begins as an object or a list of JSON does.
fn is_json(text: &[u8]) -> bool {
    let behind = |bracket: &[u8]| Some(text.strip_prefix(bracket)?.trim_ascii_start().first());
    if let Some(next) = behind(b"{") {
        return matches!(next, Some(b'"' | b'}'));
    }
    let Some(next) = behind(b"[") else { return false };
    // Whoever has such brackets around the first cell of a row has no more of them inside.
    matches!(next, Some(b'{' | b'[' | b'"' | b']'))
        || matches!(next, Some(b'-' | b'0'..=b'9')) && !text.contains(&b'"') && !is_first_cell(text)
}

/// Whether a bracket is closed on the first line, and something follows there that belongs to no list.
fn is_first_cell(text: &[u8]) -> bool {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let behind = line.iter().position(|&byte| byte == b']').and_then(|at| line.get(at + 1..));
    behind.is_some_and(|rest| !rest.trim_ascii().is_empty())
}

/// Whether the first line that is no comment names a relation, as ARFF has it.
fn is_arff(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| b"\r\n".contains(byte)).map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"%"));
    let word = first.and_then(|line| line.get(..9));
    word.is_some_and(|word| word.eq_ignore_ascii_case(b"@relation"))
}

#[cfg(test)]
mod tests {
    use super::other_text;

    fn what(text: &str) -> Option<&'static str> {
        other_text(text.as_bytes()).map(|(what, _)| what)
    }

    #[test]
    fn other_forms_of_text_are_told_by_how_they_begin() {
        for text in [
            "{\"a\": 1}",
            "\u{feff} {\n  \"a\": [1, 2]\n}",
            "[{\"a\":1}]",
            "[[1,2],[3,4]]",
            "[]",
            "[1, 2,\n3]",
        ] {
            assert_eq!(what(text), Some("JSON"), "{text}");
        }
        let lines = "{\"a\": 1, \"b\": \"x\"}\r\n{\"a\": 2, \"b\": \"y\"}\n{\"a\"";
        assert_eq!(what(lines), Some("JSON lines"));
        let arff = "% Iris plants\n%\n\n@RELATION iris\n@ATTRIBUTE a NUMERIC\n@DATA\n1\n";
        assert_eq!(what(arff), Some("an ARFF file, as Weka has them"));
        assert_eq!(what("%PDF-1.4\n1 0 obj"), Some("a PDF document"));
        assert_eq!(what("{\\rtf1\\ansi"), Some("a document of rich text"));
    }

    #[test]
    fn tables_are_none_of_them() {
        for text in [
            "a,b\n1,2\n",
            "",
            "{id},{name}\n1,a\n",
            "[m/s],[kg]\n1,2\n",
            "[1],2\n[3],4\n",
            "\"[1, 2]\",x\n",
            "% of all,n\n1,2\n",
            "@user,n\n@relations,2\n",
            "%PDF,n\n1,2\n",
        ] {
            assert_eq!(what(text), None, "{text}");
        }
    }
}
