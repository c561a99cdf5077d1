//! A trained network's answers for the rows of a table, for pictures, and for the windows of a recording.

mod files;

pub use files::{answer_files, read_files};

use crate::backend::start_backend;
use crate::config::Config;
use crate::images;
use crate::settings::Dtype;
use crate::softmax::probabilities;
use crate::summary::Summary;
use crate::trained_on::TrainedOn;
use crate::trained_run::TrainedRun;
use crate::tta::outputs_of_views;
use anyhow::{Context, Result, bail};
use barenet::{Dataset, Label, Sample, Scaling, Weights, predict};
use barenet_data::augment::Augmentation;
use barenet_data::formats::rows::read_rows;
use barenet_data::samples::Samples;
use barenet_data::split::{Index, Part, Split};
use barenet_data::table::{ColumnRef, CsvOptions, Missing, Table, read_csv, read_csv_from};
use barenet_data::{DataSet, Encoding, Source, Task, formats};
use barenet_model::number::Number;
use std::io::Read;
use std::path::Path;

/// Answers for the rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// The class of each row, and the probability of every class.
    Classes {
        /// Names of the classes.
        names: Vec<String>,
        /// Of each row the class, and the probabilities in the order of the names.
        rows: Vec<(Label, Vec<f64>)>,
    },
    /// Numbers, in the units of the targets.
    Values {
        /// Names of the targets.
        names: Vec<String>,
        /// The numbers of each row.
        rows: Vec<Vec<f64>>,
    },
    /// How unlike each row is to what was trained on.
    Anomalies {
        /// The mean squared error of the scaled inputs of each row.
        scores: Vec<f64>,
        /// The score above which a row is an anomaly, of a run that came to its end.
        threshold: Option<f64>,
    },
}

/// Reads a table to answer for, all of its columns: a file, of arrays too, or what is given to read. If `keeps_written`,
/// the cells of a file of text are kept as they are written too, in [`Table::written`].
///
/// # Errors
///
/// Those of [`read_csv`] and [`read_rows`], and if there are no names and another number of columns.
pub fn read_table(
    run: &TrainedRun,
    path: &Path,
    input: Option<&mut dyn Read>,
    keeps_written: bool,
) -> Result<(Table, Encoding)> {
    let settings = run.settings();
    let trained_on = run.trained_on();
    let columns = trained_on.and_then(TrainedOn::encoding);
    let has_names = columns.is_some();
    let encoding = columns.or_else(|| trained_on?.encoding_of_rows()).with_context(|| {
        let run = run.file();
        let problem = "does not say what it was trained on, as runs of earlier versions, and answers for nothing";
        format!("{}: {problem}; train again", run.display())
    })?;
    let inputs = encoding.features.iter().map(|feature| feature.column.clone());
    let options = CsvOptions {
        unique: Some(inputs.collect()),
        // Nobody needs the group for an answer.
        text: Encoding { group: None, ..encoding.clone() }.text_columns(),
        header: settings.header,
        keeps_written,
        ..CsvOptions::default()
    };
    if input.is_none() && formats::begins_like_a_picture(path) {
        let of_rows = if has_names { "a table" } else { "rows of numbers" };
        bail!(
            "{}: is a picture, and the network was trained on {of_rows}; name a table (CSV) or a file of arrays (.npy, \
             .npz, IDX)",
            path.display()
        );
    }
    let table = match input {
        Some(input) => read_csv_from(input, "standard input", &options)?,
        None => match read_rows(path)? {
            Some(table) => {
                let encoding = encoding.by_place(&table)?;
                return Ok((table, encoding));
            }
            None => read_csv(path, &options)?,
        },
    };
    if !has_names {
        let encoding = encoding.by_place(&table)?;
        return Ok((table, encoding));
    }
    let has_text = encoding.features.iter().any(|feature| feature.texts.is_some());
    if encoding.is_by_number(&table) {
        let num_ignored = images::columns(settings.ignore.as_deref()).len();
        let result = encoding.check_width(&table, num_ignored);
        // The inputs alone may stand anywhere.
        if result.is_ok() || has_text || table.columns.len() != encoding.features.len() {
            return result.map(|()| (table, encoding)).map_err(Into::into);
        }
    } else if table.has_header || has_text || encoding.places_in(&table).is_ok() {
        return Ok((table, encoding));
    }
    let placed = encoding.by_place(&table)?;
    log::warn!(
        "{}: its columns have no names, and are taken for {}, in this order",
        table.file,
        encoding.input_names().join(", ")
    );
    Ok((table, placed))
}

/// Answers for the rows of a table, whose columns are found by name, and need no targets.
///
/// # Errors
///
/// If a column is missing, a cell cannot be used, or the weights are damaged.
pub fn answer(run: &TrainedRun, table: Table, encoding: &Encoding) -> Result<Answers> {
    // Without targets: they are what is asked for.
    let inputs = Encoding {
        task: Task::Reconstruct,
        targets: Vec::new(),
        group: None,
        class_names: Vec::new(),
        ..encoding.clone()
    };
    let file = table.file.clone();
    let source = Source::read(&formats::csv::KIND, file.clone());
    let fills_missing = run.settings().missing == Some(Missing::Mean.into());
    // A row that is left out would have no answer.
    let missing = if fills_missing { Missing::Mean } else { Missing::Refuse };
    let train = inputs.samples(table, missing)?;
    let task = Task::Reconstruct;
    let data = DataSet { train, task, fills_missing, ..DataSet::empty(source) };
    let all = Index::Range(0..data.train.len());
    let changed =
        |it: &TrainedOn| it.changed((&data.train, &all), (&file, data.source.kind.samples));
    if let Some(warning) = run.trained_on().and_then(changed) {
        log::warn!("{warning}");
    }
    let names =
        (&encoding.class_names[..], encoding.targets.iter().map(ColumnRef::to_string).collect());
    answer_for(run, &data, &[], encoding.task, names)
}

/// Answers for the training samples of data.
fn answer_for(
    run: &TrainedRun,
    data: &DataSet,
    views: &[Augmentation],
    task: Task,
    (class_names, target_names): (&[String], Vec<String>),
) -> Result<Answers> {
    let output_dim = match task {
        Task::Classify => class_names.len(),
        Task::Regress => target_names.len(),
        Task::Reconstruct => data.input_dim(),
    };
    let config = Config::for_data(run.settings().clone(), data, output_dim)?;
    match config.dtype() {
        Dtype::F32 => {
            answer_as::<f32>(run, &config, data, views, task, (class_names, target_names))
        }
        Dtype::F64 => {
            answer_as::<f64>(run, &config, data, views, task, (class_names, target_names))
        }
    }
}

fn answer_as<T: Number>(
    run: &TrainedRun,
    config: &Config,
    data: &DataSet,
    views: &[Augmentation],
    task: Task,
    (class_names, target_names): (&[String], Vec<String>),
) -> Result<Answers> {
    let net = config.net::<T>();
    let file = run.weights(&net)?;
    let weights = Weights::new(&net.arch, &file.params, &file.running)?;
    let none = || Index::Range(0..0);
    let all = Index::Range(0..data.train.len());
    let split = Split { train: all, val: none(), test: none(), fitted: none() };
    let samples = Samples::new(data, &split, Part::Train, file.scales.inputs(), Scaling::NONE)
        .filled_with(&file.scales.fill);
    let all = outputs_of_views(&net, weights, &samples, views, &start_backend(config))?;
    let width = net.arch.num_classes().max(1);
    let rows = all.chunks_exact(width);
    Ok(match task {
        Task::Classify => Answers::Classes {
            names: class_names.to_vec(),
            rows: rows.map(|scores| (predict(scores), probabilities(scores))).collect(),
        },
        Task::Regress => {
            let targets = file.scales.targets();
            let unscaled = |row: &[T]| {
                let scaling = targets.offset.iter().zip(targets.factor);
                let values = row.iter().zip(scaling);
                values
                    .map(|(s, (offset, factor))| s.to_f64() / factor.to_f64() + offset.to_f64())
                    .collect()
            };
            Answers::Values { names: target_names, rows: rows.map(unscaled).collect() }
        }
        Task::Reconstruct => {
            let mut x = vec![T::ZERO; width];
            let mut score = |index: usize, row: &[T]| {
                samples.read(Sample::new(index), 0, &mut x);
                let errors = x.iter().zip(row).map(|(x, s)| x.to_f64() - s.to_f64());
                errors.map(|error| error * error).sum::<f64>() / width as f64
            };
            let scores = rows.enumerate().map(|(n, row)| score(n, row)).collect();
            let summary = Summary::read(run.folder()).ok();
            let threshold = summary.and_then(|summary| summary.anomaly_threshold);
            Answers::Anomalies { scores, threshold }
        }
    })
}
