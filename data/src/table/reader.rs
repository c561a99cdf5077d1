//! Reads CSV.

use super::blocks::{Block, Blocks, Source, check_text, for_each_block, no_memory, read_up_to};
use super::cells::Tally;
use super::layout::{Layout, Plan};
use super::options::CsvOptions;
use super::parse::{Part, parse, tally};
use super::rows::{Hidden, Stop};
use super::{Table, sniff};
use crate::{DataError, reading};
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

/// Reads a CSV file.
///
/// A column is of numbers if most of its present cells are; otherwise it is of text. Numbers are
/// rounded to `f32` once. Missing are empty cells, `NA`, `N/A`, `nan`, `null`, `None`, `?` and the like.
/// Blank lines and those that begin with `#` are passed over, and spaces around cells; but where no row names the
/// columns, the last `#` line above the first row does, if it has a name for each cell.
///
/// # Errors
///
/// [`DataError::Io`], or [`DataError::Table`] with the line and the column that are to blame.
pub fn read_csv(path: &Path, options: &CsvOptions) -> Result<Table, DataError> {
    let file = path.display().to_string();
    let open = || match reading::open(path) {
        Ok(input) => Ok(input),
        Err(error) => Err(DataError::io(path, error)),
    };
    let len = open()?.metadata().map_or(0, |metadata| metadata.len());
    let open = || Ok(Box::new(open()?) as Box<dyn Read + Send>);
    read(&Source::new(&file, &open, usize::try_from(len).unwrap_or(usize::MAX)), options)
}

/// Reads CSV from anything; `file` is what errors call it. Its bytes are kept until it is read.
///
/// ```
/// use barenet_data::table::{CsvOptions, read_csv_from};
/// let text = "size;colour\n1.5;red\n?;blue\n";
/// let table = read_csv_from(text.as_bytes(), "things", &CsvOptions::default())?;
/// assert_eq!((table.num_rows(), table.columns[1].name.as_str()), (2, "colour"));
/// assert_eq!(table.columns[1].values(), Some(&["red".to_owned(), "blue".to_owned()][..]));
/// assert_eq!(table.cells[..2], [1.5, 0.0]);
/// assert!(table.cells[2].is_nan());
/// # Ok::<(), barenet_data::DataError>(())
/// ```
///
/// # Errors
///
/// Those of [`read_csv`].
pub fn read_csv_from(
    mut input: impl Read,
    file: &str,
    options: &CsvOptions,
) -> Result<Table, DataError> {
    let mut bytes = Vec::new();
    input
        .read_to_end(&mut bytes)
        .map_err(|error| DataError::Io { path: file.to_owned(), error })?;
    let bytes = bytes.as_slice();
    let open = || Ok(Box::new(bytes) as Box<dyn Read + Send>);
    read(&Source::new(file, &open, bytes.len()), options)
}

impl<'a> Source<'a> {
    fn new(
        file: &'a str,
        open: &'a (dyn Fn() -> Result<Box<dyn Read + Send + 'a>, DataError> + Sync),
        len: usize,
    ) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { file, open, len, block_len: 1 << 20, threads }
    }
}

fn read(source: &Source<'_>, options: &CsvOptions) -> Result<Table, DataError> {
    let mut head = Vec::new();
    let is_whole = read_up_to(&mut *(source.open)()?, source.block_len, &mut head, source.file)?;
    let dialect = sniff::dialect(&head, is_whole, options.delimiter, source.file)?;
    drop(head);
    let mut first = Block::default();
    Blocks::open(source, dialect)?.next(&mut first)?;
    check_text(&first, source, dialect.line_end)?;
    let layout = Layout::find(source.file, dialect, &first, options).map_err(Stop::into_error)?;
    let plans = layout.plans_by(&tally(&first, &layout).map_err(Stop::into_error)?);
    let (num_bytes, is_whole) = (first.bytes.len(), first.is_last);
    drop(first);
    match fill(source, &layout, &plans, num_bytes) {
        Err(Stop::Kind(error)) if !is_whole => {
            // The first block misled: the kinds are those of the whole file.
            let better = layout.plans_by(&tally_all(source, &layout).map_err(Stop::into_error)?);
            if better == plans {
                return Err(error.into());
            }
            fill(source, &layout, &better, num_bytes).map_err(Stop::into_error)
        }
        result => result.map_err(Stop::into_error),
    }
}

/// Counts what the cells of each column of the whole file are.
fn tally_all(source: &Source<'_>, layout: &Layout<'_>) -> Result<Vec<Tally>, Stop> {
    let mut tallies = vec![Tally::default(); layout.names.len()];
    let work = |block: &Block| {
        check_text(block, source, layout.dialect.line_end)?;
        tally(block, layout)
    };
    let take = |found: Vec<Tally>| {
        tallies.iter_mut().zip(found).for_each(|(sum, tally)| sum.add(tally));
        Ok(())
    };
    for_each_block(source, layout.dialect, work, take)?;
    Ok(tallies)
}

/// Reads all rows into a table. Its first block is of `num_bytes`.
fn fill(
    source: &Source<'_>,
    layout: &Layout<'_>,
    plans: &[Plan],
    num_bytes: usize,
) -> Result<Table, Stop> {
    let mut table = layout.table(plans);
    let width = table.columns.len();
    let mut places = vec![HashMap::new(); width];
    let work = |block: &Block| {
        check_text(block, source, layout.dialect.line_end)?;
        parse(block, layout, plans)
    };
    let mut hidden = Hidden::default();
    let take = |part: Part| {
        hidden.join(part.hidden);
        if table.lines.is_empty() {
            // What the length of the file promises. Pages that no row reaches are never touched.
            let blocks = source.len / num_bytes.max(1) + 1;
            let rows = part.lines.len().saturating_mul(blocks);
            let rows = rows.saturating_add(rows / 50);
            table.lines.try_reserve_exact(rows).map_err(|_| no_memory(source.file))?;
            let cells = rows.saturating_mul(width);
            table.cells.try_reserve_exact(cells).map_err(|_| no_memory(source.file))?;
        }
        part.append_to(&mut table, &mut places)
    };
    for_each_block(source, layout.dialect, work, take)?;
    if let Hidden { count: count @ 1.., line } = hidden {
        log::warn!(
            "{}: passed over {count} lines that begin with # and have as many cells as a row, the first in line {line}: \
             quotes around the first cell make such a line a row",
            table.file
        );
    }
    table.cells.shrink_to_fit();
    table.lines.shrink_to_fit();
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, block_len: usize, threads: usize) -> Result<Table, String> {
        let open = || Ok(Box::new(text.as_bytes()) as Box<dyn Read + Send>);
        let source = Source { file: "t", open: &open, len: text.len(), block_len, threads };
        let options = CsvOptions { header: Some(true), ..CsvOptions::default() };
        let mut table = read(&source, &options).map_err(|error| error.to_string())?;
        // One NaN is not equal to another.
        table.cells.iter_mut().filter(|cell| cell.is_nan()).for_each(|cell| *cell = -1.0);
        Ok(table)
    }

    #[test]
    fn a_table_and_an_error_are_the_same_with_any_threads_and_blocks() {
        let row = |i: usize| match i % 5 {
            0 => format!("{i},\"a\n{}\",{}\n", i % 7, i * 3),
            1 => format!("{i},b,\n"),
            2 => format!("# it's \"quoted\n\n{i},\"c,\"\"{}\",?\r\n", i % 11),
            _ => format!("{i}, d ,{i}e-3\n"),
        };
        let good: String = "n,text,x\n"
            .chars()
            .chain((0..400).flat_map(|i| row(i).chars().collect::<Vec<_>>()))
            .collect();
        let numbers_then_text = (0..400).fold("n,code\n".to_owned(), |text, i| {
            text + &if i < 100 { format!("{i},{i}\n") } else { format!("{i},v{}\n", i % 9) }
        });
        let bad = [
            good.clone() + "1,2\n" + &good,
            good.clone() + "x,2,3\n" + &good,
            good.clone() + "1,\"2,3\n",
        ];
        for text in bad.iter().chain([&good, &numbers_then_text]) {
            let expected = with(text, 1 << 20, 1);
            for (block_len, threads) in [(1, 1), (16, 3), (100, 2), (1000, 8), (5000, 2)] {
                assert_eq!(with(text, block_len, threads), expected, "{block_len}, {threads}");
            }
        }
        let table = with(&good, 64, 3).unwrap();
        assert_eq!((table.num_rows(), table.lines[..4].to_vec()), (400, vec![2, 4, 7, 8]));
        assert_eq!(
            with(&numbers_then_text, 64, 3).unwrap().columns[1].values().unwrap().len(),
            109
        );
        assert_eq!(table.lines.last(), Some(&641));
        let errors: Vec<String> = bad.iter().map(|text| with(text, 64, 3).unwrap_err()).collect();
        assert!(
            errors[0].starts_with("t, line 642: 2 cells, where 3 are expected"),
            "{}",
            errors[0]
        );
        assert!(
            errors[1].starts_with("t, line 642, column \"n\": \"x\" is no number"),
            "{}",
            errors[1]
        );
        assert!(errors[2].starts_with("t, line 642: the row that begins here"), "{}", errors[2]);
    }
}
