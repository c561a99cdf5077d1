//! Recordings: a folder for each class, a CSV file for each recording, rows in time. Windows of rows are samples.

mod clock;

use super::class_files::{PICTURES, RECORDINGS, is_called_a_recording};
use super::class_folders::{self, ClassFolders, files_within, wrong};
use crate::table::error::quoted;
use crate::table::{CsvOptions, Missing, Table, TableError, Wanted as WantedColumn, read_csv};
use crate::{
    Coarse, DataError, DataSet, Exact, Kind, Numbers, Origin, Places, ReadOptions, Records,
    SampleForm, Source, Task, Wanted, WindowForm,
};
use barenet::Label;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is known of recordings before they are read.
pub const KIND: Kind = Kind {
    word: RECORDINGS.word,
    name: RECORDINGS.word,
    image_shape: "",
    class_names: &[],
    samples: "windows",
    is_of_course: false,
    takes: &["val", "test", "ignore", "header", "window", "stride", "missing"],
};

/// Numbers of a window at most.
const MAX_LEN: usize = 1 << 24;

/// Whether there is a recording in a folder of a class.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(path: &Path) -> Result<bool, DataError> {
    class_folders::recognises(path, is_called_a_recording)
}

/// Reads a folder of recordings.
///
/// # Errors
///
/// [`DataError`] naming the file, and the line and the column that are to blame.
pub fn load(path: &Path, options: &ReadOptions) -> Result<DataSet, DataError> {
    let is_one = |file: &Path| Ok(is_called_a_recording(file));
    let wanted = class_folders::Wanted { word: "recording", is_one, other: PICTURES };
    let ClassFolders { class_names, train, val, test } = ClassFolders::find(path, options, wanted)?;
    let shown = path.display().to_string();
    let mut form = match (&options.trained_form, options.window) {
        (Some((SampleForm::Windows(form), _)), _) => form.clone(),
        (_, Some(window)) => WindowForm {
            window,
            stride: options.stride.unwrap_or_else(|| window.div_ceil(2)),
            channels: Vec::new(),
        },
        (_, None) => {
            let problem = "holds recordings, of which windows are the samples".to_owned();
            return Err(wrong(&shown, problem, "say with --window how many rows one has"));
        }
    };
    let is_new = options.trained_form.is_none();
    if is_new && test.is_empty() && options.encode.task.unwrap_or_default() == Task::Classify {
        check_counts(&class_names, &train, &shown)?;
    }
    let of_classes: BTreeSet<Label> = train.iter().map(|&(label, _)| label).collect();
    let mut read = |part| Windows::read(part, &mut form, options);
    let (train, val, test) = (read(train)?, read(val)?, read(test)?);
    check_windows(&class_names, &of_classes, &train, &shown)?;
    if is_new {
        clock::warn(&shown, &form.channels, &train.go_up, &train.exact);
    }
    let coarse = form.channels.iter().zip(&train.exact);
    let coarse = Coarse::among(coarse.map(|(name, &numbers)| {
        let name = format!("channel {name}");
        Coarse { name, numbers, is_target: false }
    }));
    let incomplete = [&train, &val, &test].iter().map(|part| part.incomplete).sum();
    let are_short = [&train, &val, &test].iter().all(|part| part.are_short());
    let records = |part: Windows| part.into_records(form.len(), are_short);
    let ((train, of_train), (val, of_val), (test, of_test)) =
        (records(train), records(val), records(test));
    let source = Source::read(&KIND, shown);
    Ok(DataSet {
        train,
        val,
        test,
        places: Places { train: of_train, val: of_val, test: of_test },
        class_names,
        fills_missing: options.encode.of_missing() == Missing::Mean,
        coarse,
        incomplete,
        form: Some(SampleForm::Windows(form.clone())),
        ..DataSet::empty(source)
    })
}

/// Refuses a class of one recording, which cannot be in two parts.
fn check_counts(
    class_names: &[String],
    recordings: &[(Label, PathBuf)],
    shown: &str,
) -> Result<(), DataError> {
    for (label, name) in (0..).zip(class_names) {
        let mut of_class = recordings.iter().filter(|(of, _)| *of == label);
        if let (Some((_, file)), None) = (of_class.next(), of_class.next()) {
            let file = file.display();
            let problem = format!(
                "class {name:?} has one recording, {file}, which cannot both train and test"
            );
            return Err(wrong(shown, problem, "add more of it, or name others with --test"));
        }
    }
    Ok(())
}

/// Refuses a class of which every window that trains was left out: nothing would be learnt of it.
fn check_windows(
    class_names: &[String],
    of_classes: &BTreeSet<Label>,
    train: &Windows,
    shown: &str,
) -> Result<(), DataError> {
    let has_none = |label: Label| of_classes.contains(&label) && !train.labels.contains(&label);
    match (0..).zip(class_names).find(|&(label, _)| has_none(label)) {
        Some((_, name)) => {
            let problem = format!("every window of class {} lacks a number", quoted(name));
            Err(wrong(shown, problem, "fill them in, or take --missing mean"))
        }
        None => Ok(()),
    }
}

/// Windows of some recordings.
#[derive(Default)]
struct Windows {
    numbers: Vec<f32>,
    labels: Vec<Label>,
    /// The recordings.
    files: Vec<PathBuf>,
    /// The recording of each window, and its first row.
    starts: Vec<(u32, u32)>,
    /// What the numbers of each channel were before they were rounded.
    exact: Vec<Exact>,
    /// Whether each channel goes up from row to row in every recording.
    go_up: Vec<bool>,
    /// Windows that were left out since a number is missing.
    incomplete: usize,
}

impl Windows {
    fn read(
        recordings: Vec<(Label, PathBuf)>,
        form: &mut WindowForm,
        options: &ReadOptions,
    ) -> Result<Self, DataError> {
        let csv = match &options.trained_form {
            Some((SampleForm::Windows(form), _)) => options_of(form, options.header),
            _ => CsvOptions {
                header: options.header,
                ignore: options.ignore.clone(),
                ..CsvOptions::default()
            },
        };
        let mut all = Self::default();
        for (group, (label, file)) in (0..).zip(recordings) {
            let table = read_csv(&file, &csv).map_err(without_text)?;
            if form.channels.is_empty() {
                form.channels = table.columns.iter().map(|column| column.name.clone()).collect();
                if form.channels.is_empty() {
                    let problem = "has no column left to be a channel".to_owned();
                    return Err(wrong(&table.file, problem, "leave fewer out with --ignore"));
                }
            }
            all.exact.resize(form.channels.len(), Exact::default());
            let place = |name: &String| table.columns.iter().find(|column| column.name == *name);
            for (exact, column) in all.exact.iter_mut().zip(form.channels.iter().map(place)) {
                column.into_iter().for_each(|column| exact.join(column.exact));
            }
            all.go_up.resize(form.channels.len(), true);
            for (go_up, name) in all.go_up.iter_mut().zip(&form.channels) {
                *go_up &= clock::goes_up(&table, name);
            }
            let starts =
                append_windows(&table, form, options.encode.of_missing(), &mut all.numbers)?;
            all.incomplete += form.starts(table.num_rows()).count() - starts.len();
            all.labels.resize(all.labels.len() + starts.len(), label);
            let row = |start| u32::try_from(start).unwrap_or(u32::MAX);
            all.starts.extend(starts.into_iter().map(|start| (group, row(start))));
            all.files.push(file);
        }
        Ok(all)
    }

    /// Whether all numbers are 16-bit integers.
    fn are_short(&self) -> bool {
        // NaN is none: it becomes 0.
        let is_short = |&x: &f32| f32::from(x as i16) == x;
        self.numbers.iter().all(is_short)
    }

    fn into_records(self, len: usize, are_short: bool) -> (Records, Origin) {
        let Self { numbers, labels, files, starts, .. } = self;
        let numbers = if are_short {
            Numbers::I16(numbers.into_iter().map(|x| x as i16).collect())
        } else {
            Numbers::F32(numbers)
        };
        let mut records = Records::of(len, numbers, Wanted::Classes(labels));
        records.groups = starts.iter().map(|&(file, _)| file).collect();
        (records, Origin::Windows { files, starts })
    }
}

/// The recordings in a folder and in its folders, in the order of their names.
///
/// # Errors
///
/// [`DataError`] if there is none, or what may not be looked at.
pub fn files_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = files_within(folder)?;
    files.retain(|file| file.is_file() && is_called_a_recording(file));
    if files.is_empty() {
        let problem = "has no recording in it, no file that ends in .csv or .tsv, and the network was trained on recordings";
        let advice = "name a recording, or a folder of them";
        return Err(wrong(&folder.display().to_string(), problem.to_owned(), advice));
    }
    Ok(files)
}

/// No channel is of text, so the advice to take one so is none.
fn without_text(error: DataError) -> DataError {
    match error {
        DataError::Table(mut error) if error.advice.contains("--text") => {
            error.advice = "correct it, or leave the column out with --ignore".to_owned();
            DataError::Table(error)
        }
        error => error,
    }
}

/// How a recording is read that is to be as those that a network was trained on: its channels alone, whatever else it
/// has, and whether or not it has what was ignored in training.
#[must_use]
pub fn options_of(form: &WindowForm, header: Option<bool>) -> CsvOptions {
    let column = |name: &String| WantedColumn { column: name.as_str().into(), is_text: false };
    let only = Some(form.channels.iter().map(column).collect());
    CsvOptions { header, only, ..CsvOptions::default() }
}

/// Appends the windows of a recording that was read to numbers, in the form that a network is trained with. The result is
/// of their first rows.
///
/// # Errors
///
/// [`DataError`] naming the line and the column that are to blame.
pub fn append_windows(
    table: &Table,
    form: &WindowForm,
    missing: Missing,
    numbers: &mut Vec<f32>,
) -> Result<Vec<usize>, DataError> {
    let rows = table.num_rows();
    if form.window > rows {
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        let problem = format!("has {rows}, and a window is of {}", form.window);
        return Err(wrong(&table.file, problem, "take a smaller --window, or remove the file"));
    }
    let places = places(table, form)?;
    let len = form.window.saturating_mul(places.len());
    if len > MAX_LEN {
        let problem = format!("a window of it has {len} numbers, more than {MAX_LEN}");
        return Err(wrong(&table.file, problem, "take a smaller --window"));
    }
    let mut kept = Vec::new();
    for start in form.starts(rows) {
        if numbers.try_reserve(len).is_err() {
            let problem = "not enough memory for its windows".to_owned();
            return Err(wrong(&table.file, problem, "take a larger --stride"));
        }
        let before = numbers.len();
        for row in table.rows().skip(start).take(form.window) {
            let cells = places.iter().map(|&place| row.get(place).copied());
            numbers.extend(cells.map(|cell| cell.unwrap_or(f32::NAN)));
        }
        if missing != Missing::Mean && numbers.iter().skip(before).any(|x| x.is_nan()) {
            if missing == Missing::Refuse {
                return Err(missing_cell(table, &places, start).into());
            }
            numbers.truncate(before);
            continue;
        }
        kept.push(start);
    }
    Ok(kept)
}

/// Where the channels are among the columns of a recording.
fn places(table: &Table, form: &WindowForm) -> Result<Vec<usize>, DataError> {
    let error = |column: &str, problem: &str, advice: String| TableError {
        file: table.file.clone(),
        line: None,
        column: Some(column.to_owned()),
        problem: problem.to_owned(),
        advice,
    };
    let mut columns = table.columns.iter().enumerate();
    if let Some((at, column)) = columns.find(|(_, column)| column.values().is_some()) {
        let advice = format!("leave it out with --ignore {:?}", column.name);
        let (line, problem) = match table.first_text(at) {
            Some((row, text)) => (
                table.lines.get(row).map(|&line| line.into()),
                format!("{} is text, and channels are numbers", quoted(text)),
            ),
            None => (None, "is text, and channels are numbers".to_owned()),
        };
        return Err(TableError { line, ..error(&column.name, &problem, advice) }.into());
    }
    let is_channel = |name: &String| form.channels.contains(name);
    if let Some(column) = table.columns.iter().find(|column| !is_channel(&column.name)) {
        let advice = format!("they have {}", form.channels.join(", "));
        return Err(error(&column.name, "is not in the other recordings", advice).into());
    }
    let place = |channel: &String| {
        let place = table.columns.iter().position(|column| column.name == *channel);
        place.ok_or_else(|| {
            let advice = "give every recording the same columns".to_owned();
            error(channel, "is missing, and other recordings have it", advice).into()
        })
    };
    form.channels.iter().map(place).collect()
}

/// The error of the first missing cell from a row on.
fn missing_cell(table: &Table, places: &[usize], start: usize) -> TableError {
    let is_missing = |row: &[f32], place: usize| row.get(place).is_none_or(|cell| cell.is_nan());
    let found = table.rows().enumerate().skip(start).find_map(|(index, row)| {
        let place = places.iter().find(|&&place| is_missing(row, place))?;
        Some((table.lines.get(index)?, table.columns.get(*place)?))
    });
    TableError {
        file: table.file.clone(),
        line: found.map(|(&line, _)| line.into()),
        column: found.map(|(_, column)| column.name.clone()),
        problem: "the cell is missing".to_owned(),
        advice: "fill it in, or leave such windows out with --missing drop, or take the mean with --missing mean"
            .to_owned(),
    }
}
