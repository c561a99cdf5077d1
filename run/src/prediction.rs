//! A trained network's answers for the rows of a table.

use crate::backend::start_backend;
use crate::config::Config;
use crate::figures::probabilities;
use crate::outputs::outputs;
use crate::settings::Dtype;
use crate::summary::Summary;
use crate::trained_run::TrainedRun;
use anyhow::{Context, Result};
use barenet::{Dataset, Label, Sample, Scaling, Weights, predict};
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

/// Reads a table to answer for, all of its columns: a file, or what is given to read.
///
/// # Errors
///
/// Those of [`read_csv`].
pub fn read_table(
    run: &TrainedRun,
    path: &Path,
    input: Option<&mut dyn Read>,
) -> Result<(Table, Encoding)> {
    let encoding = run.encoding().cloned().with_context(|| {
        format!("{}: was not trained on a table, and answers for no rows", run.file().display())
    })?;
    let settings = run.settings();
    let options = CsvOptions {
        // Nobody needs the group for an answer.
        text: Encoding { group: None, ..encoding.clone() }.text_columns(),
        header: settings.header,
        ..CsvOptions::default()
    };
    let table = match input {
        Some(input) => read_csv_from(input, "standard input", &options)?,
        None => read_csv(path, &options)?,
    };
    Ok((table, encoding))
}

/// Answers for the rows of a table, whose columns are found by name, and need no targets.
///
/// # Errors
///
/// If a column is missing, a cell cannot be used, or the weights are damaged.
pub fn answer(run: &TrainedRun, table: Table, encoding: &Encoding) -> Result<Answers> {
    let (input_dim, num_classes) = (encoding.input_dim(), encoding.class_names.len());
    let output_dim = match encoding.task {
        Task::Classify => num_classes,
        Task::Regress => encoding.targets.len(),
        Task::Reconstruct => input_dim,
    };
    let config = Config::new(run.settings().clone(), input_dim, output_dim)?;
    // Without targets: they are what is asked for.
    let inputs = Encoding {
        task: Task::Reconstruct,
        targets: Vec::new(),
        group: None,
        class_names: Vec::new(),
        ..encoding.clone()
    };
    let source = Source::read(&formats::csv::KIND, table.file.clone());
    let fills_missing = run.settings().missing == Some(Missing::Mean.into());
    // A row that is left out would have no answer.
    let missing = if fills_missing { Missing::Mean } else { Missing::Refuse };
    let train = inputs.samples(table, missing)?;
    let task = Task::Reconstruct;
    let data = DataSet { train, task, fills_missing, ..DataSet::empty(source) };
    match config.dtype() {
        Dtype::F32 => answer_as::<f32>(run, &config, &data, encoding),
        Dtype::F64 => answer_as::<f64>(run, &config, &data, encoding),
    }
}

fn answer_as<T: Number>(
    run: &TrainedRun,
    config: &Config,
    data: &DataSet,
    encoding: &Encoding,
) -> Result<Answers> {
    let net = config.net::<T>();
    let file = run.weights(&net)?;
    let weights = Weights::new(&net.arch, &file.params, &file.running)?;
    let none = || Index::Range(0..0);
    let all = Index::Range(0..data.train.len());
    let split = Split { train: all, val: none(), test: none(), fitted: none() };
    let samples = Samples::new(data, &split, Part::Train, file.scales.inputs(), Scaling::NONE);
    let all = outputs(&net, weights, &samples, &start_backend(config))?;
    let width = net.arch.num_classes().max(1);
    let rows = all.chunks_exact(width);
    Ok(match encoding.task {
        Task::Classify => Answers::Classes {
            names: encoding.class_names.clone(),
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
            let names = encoding.targets.iter().map(ColumnRef::to_string).collect();
            Answers::Values { names, rows: rows.map(unscaled).collect() }
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
