//! From a run that keeps an int8 file of TFLite to the network of a device: with the integers of the file as they are.

use super::device::{ForDevice, TestSample};
use crate::run_folder::IMPORTED_FILE;
use crate::summary::Summary;
use crate::trained_on::{TrainedOn, fingerprint_of_file};
use crate::trained_run::TrainedRun;
use anyhow::{Context, Result, ensure};
use barenet::Rng;
use barenet_data::Task;
use barenet_model::export::answer::Answer;
use barenet_model::export::crate_folder::crate_name;
use barenet_model::export::in_weights::InWeights;
use barenet_model::export::model::Model;
use barenet_model::tflite::integers::Integers;

/// Samples of the test vector. Bytes are drawn for it: no data are needed.
const TEST_VECTOR: u64 = 4;

/// Makes the network of a run, with the integers of the file that it was imported from; none if it keeps no such file.
///
/// # Errors
///
/// If the file is another or gone, has integers that there are not here, which is said with the layer, or the network does
/// not fit into `ram` and `flash`.
pub fn network(
    run: &TrainedRun,
    summary: &Summary,
    ram: Option<usize>,
    flash: Option<usize>,
) -> Result<Option<ForDevice>> {
    let Some(trained_on) = run.trained_on() else { return Ok(None) };
    let Some(fingerprint) = trained_on.file() else { return Ok(None) };
    let path = run.folder().file(IMPORTED_FILE);
    let advice = || format!("{}: {ADVICE}", path.display());
    let bytes = run.folder().read(IMPORTED_FILE).with_context(advice)?;
    ensure!(
        fingerprint_of_file(&bytes) == fingerprint,
        "{}: is not the file that was imported; import that again, or make integers of the weights of the run with \
             --requantize",
        path.display()
    );
    let integers = Integers::read(&bytes).with_context(advice)?;
    let outputs = integers.dims.last().copied().unwrap_or(0);
    let task = trained_on.task().unwrap_or(Task::Classify);
    let (answer, output_names) = match task {
        Task::Classify => (Answer::Class, trained_on.class_names.clone()),
        Task::Regress | Task::Reconstruct => (of_values(&integers), names(trained_on, outputs)),
    };
    ensure!(
        output_names.len() == outputs,
        "{}: it has {outputs} outputs for {} classes; --requantize gives each class a score",
        path.display(),
        output_names.len()
    );
    let model = integers.into_model(answer);
    model.check_fits(ram, flash)?;
    let samples: Vec<_> = (0..TEST_VECTOR).map(|seed| drawn(seed, &model)).collect();
    let scores = model.scores(samples.iter().map(TestSample::row))?;
    let origin = format!(
        "the integers of an int8 file of TFLite, imported by barenet as \"{}\"",
        summary.name
    );
    Ok(Some(ForDevice {
        name: crate_name(&summary.name),
        model,
        in_weights: InWeights::default(),
        origin,
        order: String::new(),
        input_names: Vec::new(),
        output_names,
        test_vector: (samples, scores),
    }))
}

const ADVICE: &str =
    "its integers cannot be kept; --requantize makes others, of the weights of the run";

/// Values as the bytes stand for them.
fn of_values(integers: &Integers) -> Answer {
    let outputs = integers.dims.last().copied().unwrap_or(0);
    Answer::Values { offset: vec![0.0; outputs], factor: vec![integers.output.scale(); outputs] }
}

/// Names of targets; those of outputs that have none are numbers.
pub(super) fn names(trained_on: &TrainedOn, outputs: usize) -> Vec<String> {
    let (_, names) = trained_on.column_names();
    if names.len() == outputs {
        return names;
    }
    (1..=outputs).map(|number| format!("output {number}")).collect()
}

/// Bytes of any size.
fn drawn(seed: u64, model: &Model) -> TestSample {
    let mut rng = Rng::seed(seed);
    let bytes = (0..model.arch().input_dim()).map(|_| (rng.below(256) as u8).cast_signed());
    TestSample::I8(bytes.collect())
}
