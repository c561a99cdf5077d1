//! `barenet predict`.

mod line;

use super::usage;
use crate::console::print_data;
use crate::flags::choice;
use anyhow::Result;
use barenet_blas::Precision;
use barenet_data::table::Table;
use barenet_run::prediction::{Answers, answer, answer_files, read_files, read_table};
use barenet_run::settings::Name;
use barenet_run::trained_run::TrainedRun;
use line::{Line, cell_json};
use serde_json::Value;
use std::collections::HashSet;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

/// Let a trained network answer for rows, pictures or a recording
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet predict runs/table new.csv > answers.csv
  barenet predict runs/table new.npy                  rows of an array: .npy, .npz or IDX
  barenet predict runs/table new.csv --keep           with the columns of new.csv
  barenet predict runs/table - --json < new.csv       with the probability of every class
  barenet predict runs/shapes photo.jpg               of a run on pictures, or on CIFAR-10
  barenet predict runs/shapes photos                  all pictures of a folder
  barenet predict runs/motions recording.csv --json   each window, with first and last row
  barenet predict runs/motions recordings             the windows of all recordings of a folder

Columns are found by their names, in any order, or by their place where there are no names, as in
arrays. The target need not be there. Pictures are scaled and cut as in training.")]
pub(crate) struct Args {
    /// Folder of a run that was trained on data of one's own
    run: PathBuf,
    /// The table, the array, the picture or recording, or a folder of either; - for standard input
    file: PathBuf,
    /// How exact products in f32 are, at least [default: f32]
    #[arg(long, value_name = "PRECISION", value_parser = choice::<Name<Precision>>())]
    precision: Option<Name<Precision>>,
    /// Average the answers for ten views of each picture, flipped and shifted
    #[arg(long)]
    tta: bool,
    /// Print the columns of the table too
    #[arg(long)]
    keep: bool,
    /// Print a JSON object for each row
    #[arg(long)]
    json: bool,
}

const NO_VIEWS: &str = "--tta shows a network views of pictures, and this run was trained on none";

/// Rows that are printed at a time.
const ROWS: usize = 1000;

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let run = TrainedRun::open(&args.run)?.with_precision(args.precision);
    let mut stdin = stdin();
    let is_stdin = args.file == Path::new("-");
    let (shown, answers) = match read_files(&run, &args.file, is_stdin.then_some(&mut stdin))? {
        Some((table, records)) => {
            if args.keep {
                let message =
                    "--keep keeps the columns of a table, and this run was trained on none";
                return usage(message);
            }
            if args.tta && !run.is_of_pictures() {
                return usage(NO_VIEWS);
            }
            let answers = answer_files(&run, records, args.tta)?;
            (Shown { table: Some(table), is_kept: false, target: "class".to_owned() }, answers)
        }
        None => {
            if args.tta {
                return usage(NO_VIEWS);
            }
            let input = is_stdin.then_some(&mut stdin as &mut dyn Read);
            let (table, encoding) = read_table(&run, &args.file, input, args.keep)?;
            let kept = args.keep.then(|| table.clone());
            let answers = answer(&run, table, &encoding)?;
            let target = encoding.targets.first().map(ToString::to_string);
            let target = target.unwrap_or_else(|| "class".to_owned());
            (Shown { table: kept, is_kept: args.keep, target }, answers)
        }
    };
    if args.json { print_json(&answers, &shown) } else { print_csv(&answers, &shown) }
}

/// What is shown beside answers.
struct Shown {
    /// Columns of the same rows.
    table: Option<Table>,
    /// Whether they are those of the table that was read.
    is_kept: bool,
    /// The name of what is answered, if that is a class.
    target: String,
}

/// How many rows there are.
const fn count(answers: &Answers) -> usize {
    match answers {
        Answers::Classes { rows, .. } => rows.len(),
        Answers::Values { rows, .. } => rows.len(),
        Answers::Anomalies { scores, .. } => scores.len(),
    }
}

fn print_csv(answers: &Answers, shown: &Shown) -> Result<()> {
    let table = shown.table.as_ref();
    // What is kept may have the target already.
    let is_taken = |name: &String| {
        table.is_some_and(|table| table.columns.iter().any(|column| column.name == *name))
    };
    let name = |name: &str| {
        if !shown.is_kept {
            return name.to_owned();
        }
        let predicted = format!("predicted {name}");
        let again = (2..).map(|number| format!("predicted {name} {number}"));
        let mut names = std::iter::once(predicted.clone()).chain(again);
        names.find(|name| !is_taken(name)).unwrap_or(predicted)
    };
    let mut header: Vec<String> =
        table.into_iter().flat_map(|table| &table.columns).map(|c| cell(&c.name)).collect();
    match answers {
        Answers::Classes { .. } => header.push(cell(&name(&shown.target))),
        Answers::Values { names, .. } => header.extend(names.iter().map(|n| cell(&name(n)))),
        Answers::Anomalies { threshold, .. } => {
            header.push("anomaly_score".to_owned());
            header.extend(threshold.map(|_| "is_anomaly".to_owned()));
        }
    }
    print_data(&header.join(","))?;
    for first in (0..count(answers)).step_by(ROWS) {
        let rows = first..count(answers).min(first + ROWS);
        let lines: Vec<String> = rows.map(|row| csv_line(answers, table, row)).collect();
        print_data(&lines.join("\n"))?;
    }
    Ok(())
}

fn csv_line(answers: &Answers, table: Option<&Table>, row: usize) -> String {
    let mut cells: Vec<String> =
        table.into_iter().flat_map(|table| kept_cells(table, row)).map(|c| cell(&c)).collect();
    match answers {
        Answers::Classes { names, rows } => {
            cells.extend(rows.get(row).map(|&(label, _)| cell(class(names, label))));
        }
        Answers::Values { rows, .. } => {
            cells.extend(rows.get(row).into_iter().flatten().map(f64::to_string));
        }
        Answers::Anomalies { scores, threshold } => {
            let score = scores.get(row).copied().unwrap_or(f64::NAN);
            cells.push(score.to_string());
            cells.extend(threshold.map(|threshold| (score > threshold).to_string()));
        }
    }
    cells.join(",")
}

/// The names of columns as the keys of an object: of those that are called alike, the next ones with a number.
fn keys(table: &Table) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let mut taken: HashSet<String> = HashSet::new();
    for column in &table.columns {
        let again = (2..).map(|number| format!("{} {number}", column.name));
        let mut names = std::iter::once(column.name.clone()).chain(again);
        let key = names.find(|name| !taken.contains(name)).unwrap_or_default();
        taken.insert(key.clone());
        keys.push(key);
    }
    keys
}

fn print_json(answers: &Answers, shown: &Shown) -> Result<()> {
    let keys = shown.table.as_ref().map(keys).unwrap_or_default();
    for row in 0..count(answers) {
        let mut line = Line::new();
        if let Some(table) = &shown.table {
            let cells = kept_cells(table, row);
            let mut kept = Line::new();
            for ((place, key), cell) in keys.iter().enumerate().zip(cells) {
                kept.put(key, cell_json(table, row, place, &cell));
            }
            if shown.is_kept { line.put("row", kept.end()) } else { line = kept }
        }
        match answers {
            Answers::Classes { names, rows } => {
                if let Some((label, probabilities)) = rows.get(row) {
                    line.put(&shown.target, Value::from(class(names, *label)));
                    let mut each = Line::new();
                    for (name, &p) in names.iter().zip(probabilities) {
                        each.put(name, Value::from(p));
                    }
                    line.put("probabilities", each.end());
                }
            }
            Answers::Values { names, rows } => {
                for (name, &value) in names.iter().zip(rows.get(row).into_iter().flatten()) {
                    line.put(name, Value::from(value));
                }
            }
            Answers::Anomalies { scores, threshold } => {
                let score = scores.get(row).copied().unwrap_or(f64::NAN);
                line.put("anomaly_score", Value::from(score));
                if let Some(threshold) = threshold {
                    line.put("is_anomaly", score > *threshold);
                }
            }
        }
        print_data(&line.end())?;
    }
    Ok(())
}

/// The cells of a row, as they are written in the file, or as they were read.
fn kept_cells(table: &Table, row: usize) -> Vec<String> {
    let width = table.columns.len();
    if let Some(written) = table.written.get(row * width..(row + 1) * width) {
        return written.to_vec();
    }
    let cells = table.rows().nth(row).unwrap_or_default().iter().zip(&table.columns);
    let text = |(cell, column): (&f32, &barenet_data::table::Column)| match column.values() {
        _ if cell.is_nan() => String::new(),
        Some(values) => values.get(*cell as usize).cloned().unwrap_or_default(),
        None => cell.to_string(),
    };
    cells.map(text).collect()
}

fn class(names: &[String], label: barenet::Label) -> &str {
    usize::try_from(label).ok().and_then(|label| names.get(label)).map_or("", String::as_str)
}

/// A cell of CSV: in quotes where it must be.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.starts_with('#') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_is_in_quotes_where_it_must_be() {
        assert_eq!(
            ["a b", "a,b", "a\"b", "#a"].map(cell),
            ["a b", "\"a,b\"", "\"a\"\"b\"", "\"#a\""]
        );
    }
}
