//! What a run left: its summary, and its network in f32 and in int8.

use anyhow::{Context, Result, bail, ensure};
use barenet::Weights;
use barenet_data::samples::{Part, Split};
use barenet_data::{DataSet, Images};
use barenet_model::export::int8::{self, Int8, Loss};
use barenet_model::export::model::{Model, fold_to_f32};
use barenet_model::number::Number;
use barenet_model::weights::from_safetensors;
use barenet_run::backend::start_backend;
use barenet_run::config::Config;
use barenet_run::run_folder::{BEST, RunFolder, SUMMARY};
use barenet_run::shell::resume_command;
use barenet_run::summary::Summary;
use barenet_run::trainer;
use std::ops::Range;
use std::path::Path;

/// The summary of a run that came to its end.
pub(super) fn finished(
    folder: &RunFolder,
    config: &Config,
    data: Option<&Path>,
) -> Result<Summary> {
    let run = folder.path().display();
    let resume = resume_command(folder.path(), data);
    ensure!(
        folder.file(SUMMARY).exists(),
        "{run}: this run was never finished: {SUMMARY} is missing; `{resume}` resumes it"
    );
    let summary = Summary::read(folder)?;
    if let Some(iteration) = summary.diverged_at {
        bail!(
            "{run}: this run was never finished: its loss was not a finite number at iteration \
             {iteration}; train it again with a lower --learning-rate"
        );
    }
    // A run that is being made longer still has the summary of before.
    let (done, epochs) = (summary.epochs, config.values().num_epochs);
    ensure!(
        done >= epochs,
        "{run}: this run was never finished: its summary is of {done} of {epochs} epochs; `{resume}` \
         resumes it"
    );
    Ok(summary)
}

/// The network in f32, folded, and its accuracy before.
pub(super) fn load<T: Number>(
    config: &Config,
    bytes: &[u8],
    folder: &RunFolder,
    (data, split): (&DataSet, &Split),
) -> Result<(Model, f64)> {
    let file = folder.file(BEST);
    let net = config.net::<T>();
    let weights = from_safetensors::<T>(bytes, &net.arch, &file)?;
    let model = fold_to_f32(&net, &weights).with_context(|| file.display().to_string())?;
    let mean_image = &weights.mean_image;
    let views = Weights::new(&net.arch, &weights.params, &weights.running)?;
    let part = (data, split, Part::Test);
    let accuracy = trainer::evaluate(&net, views, part, mean_image, &start_backend(config)?)?;
    Ok((model, accuracy))
}

/// The network in int8, and what each layer lost.
pub(super) fn quantize(
    model: &Model,
    size: Option<usize>,
    data: &DataSet,
    split: &Split,
) -> Result<(Int8, Vec<Loss>)> {
    let all = split.val.clone();
    let size = size.unwrap_or(all.len());
    ensure!(
        size <= all.len(),
        "--calibration-size is {size}, but the run has only {} validation images",
        all.len()
    );
    let images: Vec<_> = each(&data.train, all.start..all.start + size).collect();
    let int8 = int8::quantize(model, &images).context("int8")?;
    let losses = int8::losses(&int8, &images)?;
    Ok((int8, losses))
}

/// Some images of a set, as bytes.
pub(super) fn each(images: &Images, range: Range<usize>) -> impl Iterator<Item = &[u8]> {
    range.map(|index| images.image(index))
}
