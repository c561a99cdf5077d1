//! Names of columns in a comment above the first row, where `numpy.savetxt` writes its header.

use super::blocks::{Block, Dialect};
use super::cells::{Cell, text_of};
use super::records::Records;

/// The names that the last comment above the first row says, if it has as many texts as the row has cells, and all are
/// different. Of one that looks like names and has another number of them it is said that they are not taken.
pub(super) fn names(
    first: &Block,
    dialect: Dialect,
    num_columns: usize,
    file: &str,
) -> Option<Vec<String>> {
    let start = Records::new(&first.bytes, dialect.delimiter).start();
    let above = str::from_utf8(first.bytes.get(..start)?).ok()?;
    let mut lines = above.split(['\r', '\n']).rev().map(str::trim);
    let comment = lines.find(|line| !line.is_empty())?;
    let mut text = comment.trim_start_matches('#').trim().as_bytes().to_vec();
    text.push(b'\n');
    let mut records = Records::new(&text, dialect.delimiter);
    let record = records.next().ok()??;
    let mut found: Vec<String> = record.cells().map(|cell| text_of(cell).to_owned()).collect();
    // A column of numbers may be called so.
    if let Some(first) = found.first_mut().filter(|first| first.is_empty()) {
        "#".clone_into(first);
    }
    let are_texts = found.iter().all(|cell| matches!(Cell::of(cell.as_bytes()), Cell::Text(_)));
    let mut sorted: Vec<&String> = found.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    if !are_texts || sorted.len() != found.len() || found.len() < 2 {
        return None;
    }
    if found.len() == num_columns {
        return Some(found);
    }
    // A sentence has commas too.
    if found.iter().all(|name| !name.contains(char::is_whitespace)) {
        log::warn!(
            "{file}: the comment above the first row has {} names, and the row {num_columns} cells: they are not taken",
            found.len()
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::table::{CsvOptions, read_csv_from};

    fn names(text: &str, header: Option<bool>) -> (Vec<String>, usize) {
        let options = CsvOptions { header, ..CsvOptions::default() };
        let table = read_csv_from(text.as_bytes(), "t.csv", &options).unwrap();
        let names = table.columns.iter().map(|column| column.name.clone()).collect();
        assert_eq!(table.has_header, names != ["column 1", "column 2"]);
        (names, table.num_rows())
    }

    #[test]
    fn a_comment_with_a_text_for_every_cell_names_the_columns() {
        let (named, unnamed) = (["a", "b c"], ["column 1", "column 2"]);
        for (text, header, expected, num_rows) in [
            ("# a,b c\n1,2\n3,4\n", None, named, 2),
            ("\u{feff}# measured\r\n#a, b c\r\n\r\n1,2\r\n", None, named, 1),
            ("# measured\r# a,b c\r1,2\r", None, named, 1),
            ("#,b c\n1,2\n", None, ["#", "b c"], 1),
            ("# a;\"b c\"\n1,5;2\n", None, named, 1),
            // The first row names them, or somebody says that nothing does.
            ("# x,y\na,b c\n1,2\n", None, named, 1),
            ("# a,b c\n1,2\n", Some(false), unnamed, 1),
            ("# a,b,c\n1,2\n", None, unnamed, 1),
            ("# a,1\n1,2\n", None, unnamed, 1),
            ("# a,a\n1,2\n", None, unnamed, 1),
            ("# numbers\n1,2\n", None, unnamed, 1),
            ("1,2\n# a,b c\n3,4\n", None, unnamed, 2),
        ] {
            assert_eq!(
                names(text, header),
                (expected.map(str::to_owned).to_vec(), num_rows),
                "{text}"
            );
        }
    }
}
