//! From a run to the network of a device: in f32 or int8, with its metric before and after.

use crate::settings::{Dtype, ExportDtype};
use crate::summary::Summary;
use crate::trained_run::OnImages;
use anyhow::{Context, Result, bail, ensure};
use barenet::{Label, Metric};
use barenet_data::split::{Index, Part};
use barenet_data::{Numbers, Records};
use barenet_model::export::crate_folder::{self, Contents, crate_name};
use barenet_model::export::int8::{self, Loss};
use barenet_model::export::listing::CrateFile;
use barenet_model::export::model::{Model, Scores, accuracy, agreement, fold_to_f32};
use barenet_model::number::Number;

/// Images of the test vector.
const TEST_VECTOR: usize = 4;

/// The network that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Its numbers.
    pub dtype: ExportDtype,
    /// Validation images that calibrate int8, from the first on; `None` for all.
    pub calibration_size: Option<usize>,
    /// Bytes of RAM that there are for its workspace.
    pub ram: Option<usize>,
    /// Bytes of flash that there are for its weights.
    pub flash: Option<usize>,
}

/// A network for a device, and what it computes.
#[derive(Debug)]
pub struct Exported {
    /// The name of its crate.
    pub name: String,
    /// The network.
    pub model: Model,
    /// The metric that is measured.
    pub metric: Metric,
    /// Its figure on the test images before.
    pub before: f64,
    /// Its figure after.
    pub after: f64,
    /// How many test images.
    pub test_size: usize,
    /// Comparison of int8 with f32; of f32 there is none.
    pub int8: Option<Quantized>,
    origin: String,
    class_names: Vec<String>,
    test_vector: (Vec<u8>, Vec<Scores>),
}

/// Comparison of an int8 network with the f32 network that it was made of.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// The share of test images in the class of f32, 0 to 1.
    pub agreement: f64,
    /// The loss of each layer.
    pub losses: Vec<Loss>,
}

impl Exported {
    /// Makes the network of a run that is [finished](crate::trained_run::TrainedRun::finished).
    ///
    /// # Errors
    ///
    /// If the weights cannot be used, or the network does not fit.
    pub fn new(run: &OnImages<'_>, summary: &Summary, wanted: &Wanted) -> Result<Self> {
        let OnImages { data, split, config, checked, .. } = run;
        ensure!(
            matches!(data.train.numbers(), Numbers::U8(_)),
            "{}: only networks whose inputs are bytes can be exported, and these are real numbers of a table",
            run.run.file().display()
        );
        let folded = match config.dtype() {
            Dtype::F32 => fold::<f32>(run)?,
            Dtype::F64 => fold::<f64>(run)?,
        };
        let before = run.measure(Part::Test)?;
        let int8 = match wanted.dtype {
            ExportDtype::F32 => None,
            ExportDtype::Int8 => Some(quantize(&folded, wanted.calibration_size, run)?),
        };
        let model = int8.as_ref().map_or(&folded, |(model, _)| model);
        model.check_fits(wanted.ram, wanted.flash)?;

        let test = || each(data.records(Part::Test), &split.test, usize::MAX);
        let mut scores = model.scores(test())?;
        ensure!(
            scores.iter().all(Scores::is_finite),
            "{}: scores of test images are too large for f32",
            run.run.file().display()
        );
        let all = data.records(Part::Test).labels();
        let labels: Vec<_> =
            split.test.iter().filter_map(|place| all.get(place)).copied().collect();
        let after = figure(config.metric(), &scores, &labels)?;
        let (model, int8) = match int8 {
            None => (folded, None),
            Some((model, losses)) => {
                let of_f32 = folded.scores(test())?;
                (model, Some(Quantized { agreement: agreement(&of_f32, &scores), losses }))
            }
        };

        scores.truncate(TEST_VECTOR);
        let shown = each(data.records(Part::Test), &split.test, TEST_VECTOR);
        let images = shown.flatten().copied().collect();
        let is_other = if checked.is_other { ", measured on other images" } else { "" };
        let kind = checked.trained_on.as_ref().map_or(&summary.data, |run| &run.data);
        Ok(Self {
            name: crate_name(&summary.name),
            model,
            metric: config.metric(),
            before,
            after,
            test_size: split.test.len(),
            int8,
            origin: format!("trained by barenet as \"{}\" on {kind}{is_other}", summary.name),
            class_names: checked.class_names.clone(),
            test_vector: (images, scores),
        })
    }

    /// The files of a crate that has the network.
    #[must_use]
    pub fn crate_files(&self) -> Vec<CrateFile> {
        let (images, scores) = &self.test_vector;
        crate_folder::files(&Contents {
            name: &self.name,
            origin: &self.origin,
            model: &self.model,
            class_names: &self.class_names,
            images,
            scores,
        })
    }
}

/// The network in f32, folded.
fn fold<T: Number>(run: &OnImages<'_>) -> Result<Model> {
    let net = run.config.net::<T>();
    let weights = run.weights(&net)?;
    fold_to_f32(&net, &weights).with_context(|| run.run.file().display().to_string())
}

/// The network in int8, and the loss of each layer.
fn quantize(
    folded: &Model,
    size: Option<usize>,
    OnImages { data, split, .. }: &OnImages<'_>,
) -> Result<(Model, Vec<Loss>)> {
    let all = &split.val;
    let size = size.unwrap_or(all.len());
    ensure!(
        size <= all.len(),
        "--calibration-size is {size}, but the run has only {} validation images",
        all.len()
    );
    let images: Vec<_> = each(data.records(Part::Val), all, size).collect();
    let int8 = int8::quantize(folded, &images).context("int8")?;
    let losses = int8::losses(&int8, &images)?;
    Ok((int8.model, losses))
}

/// The figure of a metric for scores.
fn figure(metric: Metric, scores: &[Scores], labels: &[Label]) -> Result<f64> {
    match metric {
        Metric::Accuracy => accuracy(scores, labels),
        Metric::LogLoss | Metric::Mse | Metric::Mae => {
            bail!("a network of numbers cannot be exported: its scores name no class")
        }
    }
}

/// The first of some images of a set, as bytes.
fn each<'a>(images: &'a Records, index: &'a Index, count: usize) -> impl Iterator<Item = &'a [u8]> {
    index.iter().take(count).map(|place| images.bytes(place))
}
