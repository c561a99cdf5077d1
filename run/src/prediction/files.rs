//! Answers for pictures, and for the windows of a recording.

use super::{Answers, answer_for};
use crate::settings::Name;
use crate::trained_on::TrainedOn;
use crate::trained_run::{TrainedRun, views_of};
use anyhow::{Result, bail};
use barenet_data::formats::{other_than_table, pictures, recordings, unlabelled};
use barenet_data::table::{Column, Kind, Missing, Table, read_csv, read_csv_from};
use barenet_data::{DataSet, Numbers, Records, SampleForm, Source, Wanted, WindowForm};
use std::io::Read;
use std::path::Path;

/// Reads what a run that was trained on pictures or recordings is to answer for: a picture, a recording, which may be
/// given to read, or a folder of either; of a run that was trained on CIFAR-10 or CIFAR-100 a file of images as theirs too.
/// The result is a table of where each sample is from, and the samples; there is none if the run was trained on other data.
///
/// # Errors
///
/// If a file is no picture, or no recording with the same columns.
pub fn read_files(
    run: &TrainedRun,
    path: &Path,
    input: Option<&mut dyn Read>,
) -> Result<Option<(Table, Records)>> {
    let Some(form) = run.trained_on().and_then(TrainedOn::form_of_answers) else { return Ok(None) };
    match form {
        SampleForm::Pictures(form) => {
            if input.is_some() {
                bail!("standard input: pictures are read from files; name one, or a folder");
            }
            if let Some(kind) = run.trained_on().and_then(TrainedOn::kind_of_course)
                && !path.is_dir()
                && let Some(images) = unlabelled::read(kind, path)?
            {
                let columns = vec![Column::new("image", 1, Kind::Number)];
                let count = images.len();
                let numbers = (1..=count).map(|number| number as f32).collect();
                return Ok(Some((listed(path, columns, numbers, count), images)));
            }
            let (files, records) = pictures::read_named(path, form)?;
            let names = files.iter().map(|file| file.display().to_string()).collect();
            let kind = Kind::Text(names);
            let columns = vec![Column::new("file", 1, kind)];
            let cells = (0..files.len()).map(|index| index as f32).collect();
            Ok(Some((listed(path, columns, cells, files.len()), records)))
        }
        SampleForm::Windows(form) => read_recordings(run, path, input, &form).map(Some),
    }
}

/// Reads the windows of a recording, or of all of a folder.
fn read_recordings(
    run: &TrainedRun,
    path: &Path,
    mut input: Option<&mut dyn Read>,
    form: &WindowForm,
) -> Result<(Table, Records)> {
    let settings = run.settings();
    let missing = settings.missing.map(Name::value).unwrap_or_default();
    let options = recordings::options_of(form, settings.header);
    let is_folder = input.is_none() && path.is_dir();
    if input.is_none()
        && let Some(what) = other_than_table(path)
    {
        let advice = "name a recording (CSV), or a folder of them";
        bail!("{}: is {what}, and the network was trained on recordings; {advice}", path.display());
    }
    let files = if is_folder { recordings::files_in(path)? } else { vec![path.to_owned()] };
    let (mut numbers, mut cells, mut count) = (Vec::new(), Vec::new(), 0);
    for (index, file) in files.iter().enumerate() {
        let recording = match input.take() {
            Some(input) => read_csv_from(input, "standard input", &options)?,
            None => read_csv(file, &options)?,
        };
        for start in recordings::append_windows(&recording, form, missing, &mut numbers)? {
            count += 1;
            cells.extend(is_folder.then_some(index as f32));
            cells.extend([start + 1, start + form.window].map(|row| row as f32));
        }
    }
    let names = files.iter().map(|file| file.display().to_string()).collect();
    let file = is_folder.then(|| Column::new("file", 1, Kind::Text(names)));
    let rows = ["first", "last"].map(|name| Column::new(name, 2, Kind::Number));
    let columns = file.into_iter().chain(rows).collect();
    let records = Records::of(form.len(), Numbers::F32(numbers), Wanted::Nothing(count));
    Ok((listed(path, columns, cells, count), records))
}

/// A table of where samples are from.
fn listed(path: &Path, columns: Vec<Column>, cells: Vec<f32>, num_rows: usize) -> Table {
    let file = path.display().to_string();
    let lines = vec![0; num_rows];
    Table { file, has_header: true, columns, cells, lines, ..Table::default() }
}

/// Answers for samples that [`read_files`] has read; with `tta`, for the mean over [ten views](barenet_data::augment::test_views) of each picture.
///
/// # Errors
///
/// If the weights are damaged, or with `tta` the samples are no pictures with classes.
pub fn answer_files(run: &TrainedRun, records: Records, tta: bool) -> Result<Answers> {
    let class_names = run.trained_on().map_or(&[][..], |trained_on| &trained_on.class_names);
    let task = run.settings().task.map(Name::value).unwrap_or_default();
    let source = Source::read(&pictures::KIND, run.file().display().to_string());
    let fills_missing = run.settings().missing == Some(Missing::Mean.into());
    let layout = match run.trained_on().and_then(TrainedOn::form_of_answers) {
        Some(SampleForm::Pictures(form)) => Some(form.into()),
        _ => None,
    };
    let data = DataSet { train: records, task, fills_missing, layout, ..DataSet::empty(source) };
    let views = if tta { views_of(&data)? } else { Vec::new() };
    answer_for(run, &data, &views, task, (class_names, Vec::new()))
}
