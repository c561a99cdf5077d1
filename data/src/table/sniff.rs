//! Finds out how a file is written: its delimiter, and whether it has a header.

use super::TableError;
use super::blocks::Dialect;
use super::cells::{Cell, Tally};
use super::records::Records;
use crate::formats::form::Form;
use crate::formats::text::other_text;

/// Bytes by which other formats are told.
const SNIFFED: usize = 512;
/// Bytes by which other text is told: more than the comment above a relation of ARFF takes.
const SNIFFED_TEXT: usize = 1 << 13;
/// Bytes of a mark that some programs put in front of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Finds out the dialect from the first bytes of a file.
pub(super) fn dialect(
    head: &[u8],
    is_whole: bool,
    delimiter: Option<u8>,
    file: &str,
) -> Result<Dialect, TableError> {
    let text = head.strip_prefix(MARK).unwrap_or(head);
    check_is_text(head, file)?;
    let line_end = if text.contains(&b'\r') && !text.contains(&b'\n') { b'\r' } else { b'\n' };
    let (said, text) = said_delimiter(text, line_end);
    let delimiter = delimiter.or(said).unwrap_or_else(|| find_delimiter(text, is_whole, line_end));
    Ok(Dialect { delimiter, line_end, skip: head.len() - text.len() })
}

/// The delimiter that a first line such as `sep=;` names, as Excel has it, and what follows that.
fn said_delimiter(text: &[u8], line_end: u8) -> (Option<u8>, &[u8]) {
    match text {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter, rest @ ..] => {
            let rest =
                rest.strip_prefix(b"\r".as_slice()).filter(|_| line_end == b'\n').unwrap_or(rest);
            match rest.strip_prefix(&[line_end]) {
                Some(rest) if delimiter.is_ascii() && *delimiter != b'"' => {
                    (Some(*delimiter), rest)
                }
                _ => (None, text),
            }
        }
        _ => (None, text),
    }
}

/// Refuses what is plainly something else, before any cell of it is named.
fn check_is_text(head: &[u8], file: &str) -> Result<(), TableError> {
    let is_control = |&byte: &u8| byte < 0x09 || (0x0e..0x1b).contains(&byte);
    let block = head.get(..SNIFFED).unwrap_or(head);
    if let Form::Other(what, _) = Form::of(block) {
        let problem = format!("is {what}, where a CSV table is expected");
        return Err(TableError::new(file, problem, "get the table itself, as CSV"));
    }
    if let Some((what, advice)) = other_text(head.get(..SNIFFED_TEXT).unwrap_or(head)) {
        let problem = format!("is {what}, where a CSV table is expected");
        return Err(TableError::new(file, problem, advice));
    }
    let problem = if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        "is UTF-32 text, where UTF-8 is needed"
    } else if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        "is UTF-16 text, where UTF-8 is needed"
    } else if head.iter().take(1 << 13).any(is_control) {
        "is no text, where a CSV table is expected"
    } else {
        return Ok(());
    };
    Err(TableError::new(file, problem, "save it as CSV, in UTF-8"))
}

/// The delimiter that cuts the first records most evenly, outside quotes.
fn find_delimiter(text: &[u8], is_whole: bool, line_end: u8) -> u8 {
    const LOOKED_AT: usize = 100;
    let mut text = text.to_vec();
    if is_whole {
        text.push(line_end);
    }
    // Every line may have a decimal comma too, so the comma is the last that is thought of.
    let evenness = [b'\t', b';', b',', b'|'].map(|delimiter| {
        let mut records = Records::new(&text, delimiter);
        let mut counts = Vec::new();
        while let Ok(Some(record)) = records.next() {
            counts.push(record.len());
            if counts.len() == LOOKED_AT {
                break;
            }
        }
        let first = counts.first().copied().unwrap_or(0);
        let same = counts.iter().filter(|&&count| count == first && first > 1).count();
        (delimiter, same)
    });
    // A bar may be in a text: it parts cells where nothing else does.
    let (bar, evenness) =
        evenness.split_last().map_or((0, &[][..]), |(&(_, bar), rest)| (bar, rest));
    let best = evenness.iter().map(|&(_, same)| same).max().unwrap_or(0);
    if best == 0 && bar > 0 {
        return b'|';
    }
    evenness.iter().find(|&&(_, same)| same == best && best > 0).map_or(b',', |&(found, _)| found)
}

/// Whether a first row that is taken for numbers may be names after all: years, or wavelengths. They are whole and go up
/// from cell to cell, above numbers of which many are not whole. Beside a text that is not in its column again two are
/// enough, unless that is the last column: as a target it is an error, which says so too.
pub(super) fn may_be_names(first: &[String], below: &[Tally], is_again: &[bool]) -> bool {
    /// Fewer cells go up by chance.
    const FEWEST: usize = 4;
    let is_new = |(cell, is_again): (&String, &bool)| {
        matches!(Cell::of(cell.as_bytes()), Cell::Text(_)) && !is_again
    };
    let mut new = first.iter().zip(is_again).map(is_new);
    let num_new =
        if new.next_back() == Some(false) { new.filter(|&is_new| is_new).count() } else { 0 };
    let fewest = if num_new > 0 { 2 } else { FEWEST };
    let whole = |cell: &String| match Cell::of(cell.as_bytes()) {
        Cell::Number(_, number) if number.fract() == 0.0 => Some(number),
        _ => None,
    };
    let named: Vec<(f64, &Tally)> =
        first.iter().zip(below).filter_map(|(cell, tally)| Some((whole(cell)?, tally))).collect();
    let goes_up = named.iter().zip(named.iter().skip(1)).all(|((one, _), (next, _))| one < next);
    let of_fractions =
        named.iter().filter(|(_, tally)| 2 * tally.fractions > tally.numbers).count();
    // The last one may be the target, of whole numbers under a name.
    named.len() >= fewest
        && named.len() + num_new.max(1) >= first.len()
        && goes_up
        && 2 * of_fractions > named.len()
}

/// Whether the first row names the columns, by the rows below it.
///
/// It does if
/// - more of its cells are text above a column of numbers than are numbers, or
/// - all its cells are text, all different, and none is again in its own column, or
/// - it counts its columns, as tables made from an array do: 0, 1, 2, … perhaps after an empty cell.
pub(super) fn has_header(first: &[String], below: &[Tally], is_again: &[bool]) -> bool {
    let cells: Vec<Cell<'_>> = first.iter().map(|cell| Cell::of(cell.as_bytes())).collect();
    let is_text = |cell: &Cell<'_>| matches!(cell, Cell::Text(_));
    let names = cells
        .iter()
        .zip(below)
        .filter(|(cell, tally)| is_text(cell) && tally.numbers > 0 && tally.is_number())
        .count();
    let numbers = cells.iter().filter(|cell| matches!(cell, Cell::Number(..))).count();
    if names > numbers {
        return true;
    }
    let mut sorted: Vec<&String> = first.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let are_different = sorted.len() == first.len();
    if cells.iter().all(is_text) && are_different && !is_again.contains(&true) {
        return true;
    }
    let counted = first.iter().skip_while(|cell| cell.is_empty());
    let is_count = counted.clone().zip(0_usize..).all(|(cell, place)| *cell == place.to_string());
    is_count && counted.count() >= first.len().saturating_sub(1).max(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(first: &[&str], rows: &[&[&str]]) -> bool {
        let first: Vec<String> = first.iter().map(|&cell| cell.to_owned()).collect();
        let mut below = vec![Tally::default(); first.len()];
        for row in rows {
            below.iter_mut().zip(*row).for_each(|(tally, cell)| tally.count(cell.as_bytes()));
        }
        let is_again: Vec<bool> = first
            .iter()
            .enumerate()
            .map(|(place, name)| rows.iter().any(|row| row[place] == name))
            .collect();
        may_be_names(&first, &below, &is_again)
    }

    #[test]
    fn whole_numbers_that_go_up_above_fractions_may_be_names() {
        let spectra: &[&[&str]] = &[&["0.1", "0.25", "0.5", "1"], &["0.2", "0.125", "0.5", "0"]];
        assert!(may(&["400", "402", "404", "406"], spectra));
        assert!(may(&["400", "402", "404", "406", "kind"], &[&["0.1", "0.2", "0.3", "0.4", "x"]]));
        assert!(!may(&["400", "402", "404", "406"], &[&["410", "420", "430", "440"]]));
        assert!(!may(&["400", "402.5", "404", "406"], spectra));
        assert!(!may(&["400", "404", "402", "406"], spectra));
        assert!(!may(&["400", "402", "404"], &[&["0.1", "0.2", "0.3"]]));
        assert!(may(&["town", "1", "2", "3"], &[&["Rome", "0.1", "0.2", "5"]]));
        assert!(!may(&["Rome", "1", "2", "3"], &[&["Rome", "0.1", "0.2", "5"]]));
        assert!(!may(&["1", "2", "town"], &[&["0.1", "0.2", "Rome"]]));
        assert!(!may(&["town", "2", "1", "3"], &[&["Rome", "0.1", "0.2", "5"]]));
    }
}
