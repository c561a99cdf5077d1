//! The records of a stretch of CSV, by the automaton of the `csv` crate.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// More columns than any table has that people make.
pub(super) const MAX_COLUMNS: usize = 100_000;
/// More bytes than any cell has that is a value.
pub(super) const MAX_CELL_LEN: usize = 1 << 20;

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    TooManyColumns,
    /// The cell of this place, from 0, is too long.
    LongCell(usize),
    /// The text ends within a record.
    NotClosed,
}

/// Reads records one after another.
pub(super) struct Records<'a> {
    reader: Reader,
    bytes: &'a [u8],
    consumed: usize,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Without any quote, cells are what is between delimiters, three times as fast.
    is_plain: bool,
    delimiter: u8,
}

/// A record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
    /// Bytes between two cells.
    gap: usize,
    /// Where it ends in the bytes.
    pub(super) end: usize,
}

impl<'a> Record<'a> {
    pub(super) const fn len(self) -> usize {
        self.ends.len()
    }

    pub(super) fn cells(self) -> impl Iterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let cell = self.bytes.get(start..end).unwrap_or_default();
            start = end + self.gap;
            cell
        })
    }
}

impl<'a> Records<'a> {
    /// The records of bytes that begin with one. They are UTF-8, and the last ends with its line.
    pub(super) fn new(bytes: &'a [u8], delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).comment(Some(b'#')).build();
        let is_plain = !bytes.contains(&b'"');
        let (text, ends) = (vec![0; 1 << 10], vec![0; 1 << 7]);
        Self { reader, bytes, consumed: 0, text, ends, is_plain, delimiter }
    }

    /// Where the next record begins: behind blank lines and comments.
    pub(super) fn start(&self) -> usize {
        let mut start = self.consumed;
        while let Some(&byte) = self.bytes.get(start) {
            if byte == b'#' {
                let rest = self.bytes.get(start..).unwrap_or_default();
                start += rest.iter().position(|b| b"\r\n".contains(b)).unwrap_or(rest.len());
            } else if b"\r\n".contains(&byte) {
                start += 1;
            } else {
                break;
            }
        }
        start
    }

    /// The next record, unless there is none left.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, Fault> {
        if self.is_plain {
            return self.next_plain();
        }
        loop {
            // The automaton ends a comment at a line feed alone, which not every file has.
            self.consumed = self.start();
            let start = self.consumed;
            let Some((text_len, num_cells)) = self.advance()? else { return Ok(None) };
            let text = self.text.get(..text_len).unwrap_or_default();
            let raw = self.bytes.get(start..self.consumed).unwrap_or_default();
            let is_blank = num_cells == 1 && text.trim_ascii().is_empty() && !raw.contains(&b'"');
            if !is_blank {
                return Ok(Some(Record {
                    bytes: self.text.get(..text_len).unwrap_or_default(),
                    ends: self.ends.get(..num_cells).unwrap_or_default(),
                    gap: 0,
                    end: self.consumed,
                }));
            }
        }
    }

    fn next_plain(&mut self) -> Result<Option<Record<'_>>, Fault> {
        loop {
            self.consumed = self.start();
            let rest = self.bytes.get(self.consumed..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(None);
            }
            self.ends.clear();
            let len = find_cells(rest, self.delimiter, &mut self.ends);
            if self.ends.len() > MAX_COLUMNS {
                return Err(Fault::TooManyColumns);
            }
            let text = rest.get(..len.unwrap_or(rest.len())).unwrap_or_default();
            if text.len() > MAX_CELL_LEN {
                self.check_cells(text.len(), self.ends.len(), 1)?;
            }
            if len.is_none() {
                return Err(Fault::NotClosed);
            }
            self.consumed += text.len() + 1;
            if self.ends.len() > 1 || !text.trim_ascii().is_empty() {
                let end = self.consumed;
                return Ok(Some(Record { bytes: text, ends: &self.ends, gap: 1, end }));
            }
        }
    }

    /// Lets the automaton run to the end of a record, and gives the bytes of its text and its cells.
    fn advance(&mut self) -> Result<Option<(usize, usize)>, Fault> {
        let (mut text_len, mut num_cells) = (0, 0);
        loop {
            let input = self.bytes.get(self.consumed..).unwrap_or_default();
            // Of an empty input it would make an end, and so close a quote that is open.
            let (result, read, written, ended) = if input.is_empty() {
                (ReadRecordResult::InputEmpty, 0, 0, 0)
            } else {
                let text = self.text.get_mut(text_len..).unwrap_or_default();
                let ends = self.ends.get_mut(num_cells..).unwrap_or_default();
                self.reader.read_record(input, text, ends)
            };
            self.consumed += read;
            text_len += written;
            num_cells += ended;
            if text_len > MAX_CELL_LEN {
                self.check_cells(text_len, num_cells, 0)?;
            }
            match result {
                _ if num_cells > MAX_COLUMNS => return Err(Fault::TooManyColumns),
                ReadRecordResult::Record => return Ok(Some((text_len, num_cells))),
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty if (text_len, num_cells) == (0, 0) => return Ok(None),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {
                    return Err(Fault::NotClosed);
                }
            }
        }
    }

    fn check_cells(&self, text_len: usize, num_cells: usize, gap: usize) -> Result<(), Fault> {
        let mut start = 0;
        let ends = self.ends.iter().copied().take(num_cells).chain([text_len]);
        for (place, end) in ends.enumerate() {
            if end.saturating_sub(start) > MAX_CELL_LEN {
                return Err(Fault::LongCell(place));
            }
            start = end + gap;
        }
        Ok(())
    }
}

/// Adds the ends of the cells of the row with which bytes without quotes begin, and gives the end of the row, unless the
/// bytes end before.
fn find_cells(bytes: &[u8], delimiter: u8, ends: &mut Vec<usize>) -> Option<usize> {
    let is_end = |byte: u8| byte == b'\n' || byte == b'\r';
    let (chunks, rest) = bytes.as_chunks::<CHUNK_LEN>();
    let mut start = 0;
    for chunk in chunks {
        let mut places = places_of(chunk, |byte| (byte == delimiter) | is_end(byte));
        while places != 0 {
            let place = places.trailing_zeros() as usize;
            ends.push(start + place);
            if chunk.get(place).is_some_and(|&byte| byte != delimiter) {
                return Some(start + place);
            }
            places &= places - 1;
        }
        start += CHUNK_LEN;
    }
    for (place, &byte) in (start..).zip(rest) {
        if byte == delimiter || is_end(byte) {
            ends.push(place);
        }
        if is_end(byte) {
            return Some(place);
        }
    }
    ends.push(bytes.len());
    None
}

/// Bytes that are looked at together.
const CHUNK_LEN: usize = 64;

/// A bit for each byte that is such.
#[inline]
fn places_of(chunk: &[u8; CHUNK_LEN], is_such: impl Fn(u8) -> bool) -> u64 {
    /// Moves the lowest bit of each byte to the highest byte, one beside the other.
    const TOGETHER: u64 = 0x0102_0408_1020_4080;
    let flags = chunk.map(|byte| u8::from(is_such(byte)));
    let (eights, _) = flags.as_chunks::<8>();
    (0..).step_by(8).zip(eights).fold(0, |places, (shift, eight)| {
        places | (u64::from_le_bytes(*eight).wrapping_mul(TOGETHER) >> 56) << shift
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(record: Record<'_>) -> Vec<String> {
        record.cells().map(|cell| str::from_utf8(cell).unwrap().to_owned()).collect()
    }

    fn records(text: &str) -> Result<Vec<Vec<String>>, Fault> {
        let mut records = Records::new(text.as_bytes(), b',');
        let mut all = Vec::new();
        while let Some(record) = records.next()? {
            all.push(texts(record));
        }
        Ok(all)
    }

    #[test]
    fn quotes_comments_blank_lines_and_any_line_end_are_understood() {
        let found = records("# a\r\n\r\n1,\"x, \"\"y\"\"\nz\"\r2,\n  \n\"\"\n").unwrap();
        assert_eq!(found, [vec!["1", "x, \"y\"\nz"], vec!["2", ""], vec![""]]);
    }

    #[test]
    fn without_quotes_the_records_are_those_of_the_automaton() {
        let short = ["a,b\r\n\n#c,d\r ,\n,\r\n   \n#\n1,,2\n", "x\n\r\r\n y \n", "# only\n", "1,2"];
        // Delimiters and ends of rows around the places where chunks begin.
        let long = (0..200).flat_map(|len| {
            let cell = "x".repeat(len);
            [
                format!("{cell},1,{cell}\r\n,{cell}\n1,2,3\n"),
                format!("{cell}\n{cell},\n"),
                format!("{cell},{cell}"),
            ]
        });
        for text in short.map(str::to_owned).into_iter().chain(long) {
            let text = text.as_str();
            let mut slow = Records::new(text.as_bytes(), b',');
            slow.is_plain = false;
            let mut fast = Records::new(text.as_bytes(), b',');
            loop {
                assert_eq!(slow.start(), fast.start());
                let cells = |found: Result<Option<Record<'_>>, Fault>| {
                    found.map(|found| Some(texts(found?)))
                };
                let expected = cells(slow.next());
                assert_eq!(cells(fast.next()), expected);
                if !matches!(expected, Ok(Some(_))) {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_is_a_fault() {
        assert_eq!(records("1,2\n1,\"2\n3,4\n"), Err(Fault::NotClosed));
        assert_eq!(records("\"\n"), Err(Fault::NotClosed));
    }

    #[test]
    fn a_cell_or_a_row_that_is_too_long_is_a_fault() {
        let long = "x".repeat(MAX_CELL_LEN);
        assert!(records(&format!("1,{long},2\n")).is_ok());
        assert_eq!(records(&format!("1,{long}y,2\n")), Err(Fault::LongCell(1)));
        assert_eq!(records(&format!("{}\n", ",".repeat(MAX_COLUMNS))), Err(Fault::TooManyColumns));
    }
}
