//! A training of the document, and its figures beside ours.

use super::{Watcher, find_preset, is_cifar10};
use crate::backend::start_backend;
use crate::config::Config;
use crate::gradcheck::{Check, Quantity};
use crate::measured::best;
use crate::presets::Preset;
use crate::settings::{Dtype, Settings};
use crate::trainer::{self, Outcome};
use anyhow::{Result, ensure};
use barenet::{Event, Float, Metric, Weights};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_data::split::{Part, Split};
use barenet_model::number::Number;
use barenet_model::scales::Scales;
use std::ops::ControlFlow;

/// How far the accuracy of an epoch may be from the document's, measured on 1,000 images: its own error is 0.016, twice, and
/// trainings with other random numbers differ by 0.02.
const OF_AN_EPOCH: f64 = 0.1;
/// The same of 50 images, of which the error is 0.07.
const OF_FIFTY: f64 = 0.25;
/// How far the accuracy at the end may be below the document's.
const OF_THE_LAST: f64 = 0.03;
/// Draws of weights and batch of which the first losses are compared.
const DRAWS: usize = 20;

/// An experiment of the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Training {
    pub(super) preset: &'static str,
    pub(super) asked: Asked,
}

/// What the text of the document asks of an experiment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    Nothing,
    /// A validation accuracy, at any epoch.
    BestVal(f64),
    /// A training accuracy, at any epoch.
    BestTrain(f64),
}

/// The training accuracies at the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    pub(super) document: f64,
    pub(super) ours: f64,
}

impl Training {
    fn config(&self, data: &DataSet) -> Result<(Preset, Config)> {
        let preset = find_preset(self.preset)?;
        let config = Config::for_data(preset.settings.clone(), data, data.output_dim())?;
        Ok((preset, config))
    }

    /// Samples that it goes through.
    pub(super) fn num_samples(&self, data: &DataSet) -> Result<usize> {
        let (_, config) = self.config(data)?;
        let iterations = config.solver::<f64>().num_iterations(config.split(data)?.train.len());
        Ok(iterations.saturating_mul(config.values().batch_size))
    }

    /// Trains, and hands each figure on.
    pub(super) fn run(&self, data: &DataSet, watcher: &mut dyn Watcher) -> Result<Last> {
        ensure!(
            is_cifar10(data),
            "{}: not CIFAR-10, of which the document's figures are",
            data.source
        );
        let (preset, config) = self.config(data)?;
        match config.dtype() {
            Dtype::F32 => self.run_as::<f32>(&preset, &config, data, watcher),
            Dtype::F64 => self.run_as::<f64>(&preset, &config, data, watcher),
        }
    }

    fn run_as<T: Number>(
        &self,
        preset: &Preset,
        config: &Config,
        data: &DataSet,
        watcher: &mut dyn Watcher,
    ) -> Result<Last> {
        let split = config.split(data)?;
        let scales = config.scales::<T>(data, &split);
        let backend = start_backend(config);
        let images = (data, &split);
        let check = |name: &str, quantity, document, ours| {
            let (section, name) = (self.preset, name.to_owned());
            Check { section, name, quantity, document, ours }
        };
        let reported = |key| preset.reported.as_ref().and_then(|all| all.get(key));
        let distance = if split.train.len() < 1000 { OF_FIFTY } else { OF_AN_EPOCH };
        let first = match reported(crate::reported::FIRST_LOSS) {
            Some(document) => Some((document, spread(preset, config, images, &scales, &backend)?)),
            None => None,
        };

        let outcome = trainer::train(config, images, &scales, &backend, None, |event, _| {
            match *event {
                Event::Step { iteration, loss, .. } => {
                    if let (1, Some((document, spread))) = (iteration, first) {
                        let (near, ours) = (Quantity::Near(spread), loss.to_printed());
                        watcher.check(check("loss of the first iteration", near, document, ours));
                    }
                    watcher.samples(config.values().batch_size);
                }
                Event::Epoch { epoch, train, val, .. } => {
                    let Some(&(of_train, of_val)) = preset.reported_epochs.get(epoch) else {
                        return Ok(ControlFlow::Continue(()));
                    };
                    for (part, distance, document, ours) in [
                        ("training", distance, of_train, train),
                        ("validation", OF_AN_EPOCH, of_val, val),
                    ] {
                        let name = format!("epoch {epoch}, {part} accuracy");
                        let near = Quantity::Near(distance);
                        watcher.check(check(&name, near, document, ours.to_printed()));
                    }
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;

        let (train, val) = (&outcome.train_history, &outcome.val_history);
        let best_of = |history| best(Metric::Accuracy, history).unwrap_or(f64::NAN);
        let last = |history: &[f64]| history.last().copied().unwrap_or(f64::NAN);
        let (asked, exactly) = (" that the text asks for", Quantity::NotBelow(0.0));
        match self.asked {
            Asked::Nothing => {}
            Asked::BestVal(least) => {
                watcher.check(check(
                    &format!("validation accuracy{asked}"),
                    exactly,
                    least,
                    best_of(val),
                ));
            }
            Asked::BestTrain(least) => {
                watcher.check(check(
                    &format!("training accuracy{asked}"),
                    exactly,
                    least,
                    best_of(train),
                ));
            }
        }
        for (name, key, ours) in [
            ("validation accuracy, last epoch", "final_val_acc", last(val)),
            ("validation accuracy, best epoch", "best_val_acc", best_of(val)),
        ] {
            if let Some(document) = reported(key) {
                watcher.check(check(name, Quantity::NotBelow(OF_THE_LAST), document, ours));
            }
        }
        if let Some(document) = reported("test_acc") {
            let ours = of_test(config, images, &scales, &backend, &outcome)?;
            watcher.check(check("test accuracy", Quantity::NotBelow(OF_THE_LAST), document, ours));
        }
        let document = preset.reported_epochs.last().map_or(f64::NAN, |&(train, _)| train);
        Ok(Last { document, ours: last(train) })
    }
}

/// The accuracy of the weights of the best epoch on the test images.
fn of_test<T: Number>(
    config: &Config,
    (data, split): (&DataSet, &Split),
    scales: &Scales<T>,
    backend: &Backend,
    outcome: &Outcome<T>,
) -> Result<f64> {
    let net = config.net();
    let weights = Weights::new(&net.arch, &outcome.best_params, &outcome.best_running)?;
    trainer::evaluate(&net, weights, (data, split, Part::Test), scales, backend)
}

/// How far two draws of the loss of the first iteration are apart at most: three standard deviations of such a difference, over
/// other seeds than the preset's.
fn spread<T: Number>(
    preset: &Preset,
    config: &Config,
    (data, split): (&DataSet, &Split),
    scales: &Scales<T>,
    backend: &Backend,
) -> Result<f64> {
    let mut losses = Vec::new();
    for seed in (0..).filter(|&seed| seed != config.values().seed).take(DRAWS) {
        let settings = Settings { seed: Some(seed), ..preset.settings.clone() };
        let config = Config::for_data(settings, data, data.output_dim())?;
        let stop = |_: &Event<T>, _: crate::moment::Moment<'_, T>| Ok(ControlFlow::Break(()));
        let outcome = trainer::train(&config, (data, split), scales, backend, None, stop)?;
        losses.extend(outcome.loss_history.first());
    }
    let len = f64::from_usize(losses.len().max(1));
    let mean = losses.iter().sum::<f64>() / len;
    let var = losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>() / len;
    Ok(3.0 * (2.0 * var).sqrt())
}
