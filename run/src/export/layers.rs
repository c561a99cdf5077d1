//! What each layer of an int8 network costs.

use super::Folded;
use super::figures::{first, measure_some, rows};
use super::integers::Source;
use crate::measured::worth;
use crate::trained_run::OnImages;
use anyhow::Result;
use barenet::Metric;
use barenet_data::Task;
use barenet_data::split::Part;
use barenet_model::export::int8::{self, Int8, Loss};
use barenet_model::export::model::Model;

/// Test samples at most on which layers are tried alone.
const MOST: usize = 512;

/// The layers of an int8 network.
#[derive(Clone, Debug)]
pub struct Layers {
    /// The loss of each on samples that calibrate, when all are integers.
    pub losses: Vec<Loss>,
    /// The metric when each is made of integers alone; none where it cannot be measured on so few samples.
    pub alone: Option<Alone>,
}

/// A metric of a network of which one layer alone is made of integers.
#[derive(Clone, Debug)]
pub struct Alone {
    /// The metric: of an autoencoder the AUC, where the samples have labels.
    pub metric: Metric,
    /// How many test samples it is measured on, from the first on.
    pub test_size: usize,
    /// Its figure in f32.
    pub before: f64,
    /// Its figure with each layer.
    pub after: Vec<f64>,
}

impl Alone {
    /// What each layer loses: above 0 where the metric gets worse.
    pub fn lost(&self) -> impl Iterator<Item = f64> {
        self.after.iter().map(|after| worth(self.metric, self.before - after))
    }
}

/// Measures the layers.
pub(super) fn layers(
    run: &OnImages<'_>,
    folded: &Folded,
    source: &Source<'_>,
    int8: &Int8,
    metric: Metric,
) -> Result<Layers> {
    let losses = int8::losses(int8, &source.bytes())?;
    let width = int8.model.arch().num_classes();
    let test = rows(run, Part::Test).take(MOST);
    let bytes: Vec<_> = test.map(|row| source.to_bytes(row)).collect::<Result<_>>()?;
    let bytes: Vec<_> = bytes.iter().map(|row| &**row).collect();
    let (scores, each) = int8::alone(int8, &losses, &bytes)?;
    let test_size = scores.len() / width.max(1);
    let split = first(&run.split, test_size);
    let of =
        |metric, scores: &[f64]| measure_some((run, &split, Part::Test), folded, metric, scores);
    let auc = of(Metric::Auc, &scores).filter(|_| run.data.task == Task::Reconstruct);
    let metric = if auc.is_some() { Metric::Auc } else { metric };
    let alone = of(metric, &scores).map(|before| {
        let after = each.iter().filter_map(|scores| of(metric, scores)).collect();
        Alone { metric, test_size, before, after }
    });
    Ok(Layers { losses, alone })
}

/// The metric of a network in integers on the samples that validate, if there is one.
pub(super) fn of_val(
    run: &OnImages<'_>,
    folded: &Folded,
    model: &Model,
    metric: Metric,
) -> Result<Option<f64>> {
    let scores = model.scores(rows(run, Part::Val))?;
    let scores: Vec<f64> = scores.iter().flat_map(|scores| model.to_real(scores)).collect();
    Ok(measure_some((run, &run.split, Part::Val), folded, metric, &scores))
}
