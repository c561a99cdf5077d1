//! From a run of another program's network to the network of a device in f32, where no data are named: nothing is measured.

use super::device::{ForDevice, TestSample};
use super::{TEST_VECTOR, answer, folded, kept};
use crate::config::Config;
use crate::settings::Dtype;
use crate::summary::Summary;
use crate::trained_run::TrainedRun;
use anyhow::Result;
use barenet::Rng;
use barenet_data::Task;
use barenet_model::export::crate_folder::crate_name;
use barenet_model::export::in_weights::InWeights;
use barenet_model::export::model::Model;
use barenet_model::number::Number;
use barenet_model::scales::Scales;

/// How far the inputs of the test vector lie from their mean, in deviations.
const SPREAD: f64 = 2.0;

/// Makes the network of a run that was imported. Inputs of the test vector are drawn; none if data are needed, as for the threshold of
/// an autoencoder, or data that are known trained it.
///
/// # Errors
///
/// If the weights cannot be used, or the network does not fit into `ram` and `flash`.
pub fn network(
    run: &TrainedRun,
    summary: &Summary,
    ram: Option<usize>,
    flash: Option<usize>,
) -> Result<Option<ForDevice>> {
    let Some(trained_on) = run.trained_on().filter(|it| it.is_imported()) else { return Ok(None) };
    let task = trained_on.task().unwrap_or(Task::Classify);
    if task == Task::Reconstruct {
        return Ok(None);
    }
    let config = run.config_without_data()?;
    let (model, samples, in_weights) = match config.dtype() {
        Dtype::F32 => of_type::<f32>(run, &config, task)?,
        Dtype::F64 => of_type::<f64>(run, &config, task)?,
    };
    model.check_fits(ram, flash)?;
    let scores = model.scores(samples.iter().map(TestSample::row))?;
    let output_names = match task {
        Task::Classify => trained_on.class_names.clone(),
        Task::Regress | Task::Reconstruct => kept::names(trained_on, model.arch().num_classes()),
    };
    Ok(Some(ForDevice {
        name: crate_name(&summary.name),
        model,
        in_weights,
        origin: format!("trained by another program, imported by barenet as \"{}\"", summary.name),
        order: String::new(),
        input_names: Vec::new(),
        output_names,
        test_vector: (samples, scores),
    }))
}

fn of_type<T: Number>(
    run: &TrainedRun,
    config: &Config,
    task: Task,
) -> Result<(Model, Vec<TestSample>, InWeights<'static>)> {
    let net = config.net::<T>();
    let weights = run.weights(&net)?;
    let answer = answer(task, &weights.scales, net.arch.num_classes());
    let model = folded(&net, &weights, answer, run)?;
    let inputs = net.arch.input_dim();
    let samples = (0..TEST_VECTOR as u64).map(|seed| drawn(seed, &weights.scales, inputs));
    let scaling = if weights.scales.scales_inputs() { "scaling" } else { "" };
    let in_weights = InWeights { batchnorm: net.arch.has_batchnorm(), scaling };
    Ok((model, samples.collect(), in_weights))
}

/// Numbers near the mean of each input, as its scaling says it.
fn drawn<T: Number>(seed: u64, scales: &Scales<T>, inputs: usize) -> TestSample {
    let mut rng = Rng::seed(seed);
    let number = |place: usize| {
        let at = |numbers: &[T], none: f64| numbers.get(place).map_or(none, |x| x.to_f64());
        let deviations = SPREAD * (2.0 * rng.uniform() - 1.0);
        (at(&scales.offset, 0.0) + deviations / at(&scales.factor, 1.0)) as f32
    };
    TestSample::F32((0..inputs).map(number).collect())
}
