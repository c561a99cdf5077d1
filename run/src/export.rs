//! From a run to the network of a device: in f32 or int8, with its metric before and after.

mod figures;

use crate::anomaly::threshold;
use crate::figures::Figures;
use crate::settings::{Dtype, ExportDtype};
use crate::summary::Summary;
use crate::trained_run::OnImages;
use anyhow::{Context, Result, bail, ensure};
use barenet::Metric;
use barenet_data::split::Part;
use barenet_data::{Encoding, Task};
use barenet_model::export::answer::Answer;
use barenet_model::export::crate_folder::{self, Contents, crate_name};
use barenet_model::export::int8::{self, Loss};
use barenet_model::export::listing::CrateFile;
use barenet_model::export::model::{Model, Scores, agreement, fold_to_f32};
use barenet_model::export::row::Row;
use barenet_model::number::Number;
use barenet_model::scales::Scales;
use figures::{anomaly_scores, measure, rows};

/// Samples of the test vector.
const TEST_VECTOR: usize = 4;

/// The network that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Its numbers.
    pub dtype: ExportDtype,
    /// Validation samples that calibrate int8, from the first on; `None` for all.
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
    /// Its figure on the test samples before.
    pub before: f64,
    /// Its figure after.
    pub after: f64,
    /// All figures on the test samples, before and after.
    pub figures: (Figures, Figures),
    /// How many test samples.
    pub test_size: usize,
    /// Comparison of int8 with f32; of f32 there is none.
    pub int8: Option<Quantized>,
    origin: String,
    input_names: Vec<String>,
    output_names: Vec<String>,
    test_vector: (Vec<TestSample>, Vec<Scores>),
}

/// A sample of the test vector.
#[derive(Clone, Debug)]
enum TestSample {
    U8(Vec<u8>),
    I16(Vec<i16>),
    F32(Vec<f32>),
}

impl TestSample {
    fn of(row: Row<'_>) -> Self {
        match row {
            Row::U8(numbers) => Self::U8(numbers.to_vec()),
            Row::I16(numbers) => Self::I16(numbers.to_vec()),
            Row::F32(numbers) => Self::F32(numbers.to_vec()),
        }
    }

    fn row(&self) -> Row<'_> {
        match self {
            Self::U8(numbers) => Row::U8(numbers),
            Self::I16(numbers) => Row::I16(numbers),
            Self::F32(numbers) => Row::F32(numbers),
        }
    }
}

/// Comparison of an int8 network with the f32 network that it was made of.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// The share of test samples in the class of f32, 0 to 1; of a network without classes there is none.
    pub agreement: Option<f64>,
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
        let folded = match config.dtype() {
            Dtype::F32 => fold::<f32>(run)?,
            Dtype::F64 => fold::<f64>(run)?,
        };
        let figures_before = run.figures(Part::Test)?;
        // Of classes a device names one, whatever chose the best weights.
        let (metric, before) = match figures_before.accuracy() {
            Some(accuracy) => (Metric::Accuracy, accuracy),
            None => (config.metric(), run.measure(Part::Test)?),
        };
        let (mut model, losses) = match wanted.dtype {
            ExportDtype::F32 => (folded.model.clone(), None),
            ExportDtype::Int8 => {
                let (model, losses) = quantize(&folded.model, wanted.calibration_size, run)?;
                (model, Some(losses))
            }
        };
        model.check_fits(wanted.ram, wanted.flash)?;

        let mut scores = model.scores(rows(run, Part::Test))?;
        ensure!(
            scores.iter().all(Scores::is_finite),
            "{}: scores of test images are too large for f32",
            run.run.file().display()
        );
        let real: Vec<f64> = scores.iter().flat_map(|scores| model.to_real(scores)).collect();
        let (after, figures) = measure(run, &folded, metric, &real)?;
        if data.task == Task::Reconstruct {
            let mut of_val = anomaly_scores(run, &model, Part::Val)?;
            model.answer.set_threshold(threshold(&mut of_val, config.values().anomaly_percentile));
        }
        let int8 = match losses {
            None => None,
            Some(losses) => {
                let of_f32 = folded.model.scores(rows(run, Part::Test))?;
                let is_class = model.answer == Answer::Class;
                Some(Quantized { agreement: is_class.then(|| agreement(&of_f32, &scores)), losses })
            }
        };

        scores.truncate(TEST_VECTOR);
        let samples = rows(run, Part::Test).take(TEST_VECTOR).map(TestSample::of).collect();
        let is_other = if checked.is_other { ", measured on other images" } else { "" };
        let kind = checked.trained_on.as_ref().map_or(&summary.data, |run| &run.data);
        let output_names = match data.task {
            Task::Classify => checked.class_names.clone(),
            Task::Regress | Task::Reconstruct => data.target_names.clone(),
        };
        Ok(Self {
            name: crate_name(&summary.name),
            model,
            metric,
            before,
            after,
            figures: (figures_before, figures),
            test_size: split.test.len(),
            int8,
            origin: format!("trained by barenet as \"{}\" on {kind}{is_other}", summary.name),
            input_names: data.encoding.as_ref().map(Encoding::input_names).unwrap_or_default(),
            output_names,
            test_vector: (samples, scores),
        })
    }

    /// The files of a crate that has the network.
    #[must_use]
    pub fn crate_files(&self) -> Vec<CrateFile> {
        let (samples, scores) = &self.test_vector;
        let samples: Vec<_> = samples.iter().map(TestSample::row).collect();
        crate_folder::files(&Contents {
            name: &self.name,
            origin: &self.origin,
            model: &self.model,
            input_names: &self.input_names,
            output_names: &self.output_names,
            samples: &samples,
            scores,
        })
    }
}

/// The network in f32, folded, and the scalings of the run.
struct Folded {
    model: Model,
    scales: Scales<f64>,
}

fn fold<T: Number>(run: &OnImages<'_>) -> Result<Folded> {
    let net = run.config.net::<T>();
    let weights = run.weights(&net)?;
    let mut model =
        fold_to_f32(&net, &weights).with_context(|| run.run.file().display().to_string())?;
    let (scales, width) = (&weights.scales, net.arch.num_classes());
    model.answer = match run.data.task {
        Task::Classify => Answer::Class,
        Task::Regress => Answer::values(scales, width),
        Task::Reconstruct => Answer::anomaly_score(scales, width),
    };
    let to_f64 =
        |numbers: &[T]| -> Vec<f64> { numbers.iter().map(|number| number.to_f64()).collect() };
    let scales = Scales {
        offset: to_f64(&scales.offset),
        factor: to_f64(&scales.factor),
        target_offset: to_f64(&scales.target_offset),
        target_factor: to_f64(&scales.target_factor),
    };
    Ok(Folded { model, scales })
}

/// The network in int8, and the loss of each layer.
fn quantize(folded: &Model, size: Option<usize>, run: &OnImages<'_>) -> Result<(Model, Vec<Loss>)> {
    let all = rows(run, Part::Val);
    let size = size.unwrap_or(all.len());
    ensure!(
        size <= all.len(),
        "--calibration-size is {size}, but the run has only {} validation images",
        all.len()
    );
    let bytes = |row| match row {
        Row::U8(bytes) if folded.answer == Answer::Class => Ok(bytes),
        _ => bail!("only networks whose inputs are bytes can be int8, and only of classes"),
    };
    let images: Vec<_> = all.take(size).map(bytes).collect::<Result<_>>()?;
    let int8 = int8::quantize(folded, &images).context("int8")?;
    let losses = int8::losses(&int8, &images)?;
    Ok((int8.model, losses))
}
