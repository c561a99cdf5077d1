//! From a run to the network of a device: in f32 or int8, with its metric before and after.

mod bits;
pub mod device;
mod figures;
mod integers;
pub mod kept;
mod layers;
pub mod unmeasured;

pub use bits::WantedBits;
pub use layers::{Alone, Layers};

use crate::anomaly::threshold;
use crate::figures::{Figures, is_other, normal};
use crate::settings::{Dtype, ExportDtype};
use crate::summary::Summary;
use crate::trained_on::IMPORTED;
use crate::trained_run::{OnImages, TrainedRun};
use anyhow::{Context, Result, ensure};
use barenet::quant::Calibration;
use barenet::{FullyConnectedNet, Metric};
use barenet_data::split::Part;
use barenet_data::{DataSet, Encoding, SampleForm, Task, WindowForm};
use barenet_model::export::answer::Answer;
use barenet_model::export::crate_folder::crate_name;
use barenet_model::export::in_weights::InWeights;
use barenet_model::export::inputs::Ranges;
use barenet_model::export::model::{Model, Scores, agreement, fold_to_f32};
use barenet_model::number::Number;
use barenet_model::scales::Scales;
use barenet_model::weights::WeightsFile;
use device::{ForDevice, TestSample};
use figures::{anomaly_scores, measure, rows};
use integers::Source;

/// Samples of the test vector.
const TEST_VECTOR: usize = 4;

/// The network that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its numbers.
    pub dtype: ExportDtype,
    /// Bits of the weights of int8.
    pub bits: WantedBits,
    /// The rule for the ranges of the activations of int8.
    pub calibration: Calibration,
    /// Validation samples that calibrate int8, from the first on; `None` for all, and if they are too few those that
    /// trained too.
    pub calibration_size: Option<usize>,
    /// Bytes of RAM that there are for its workspace.
    pub ram: Option<usize>,
    /// Bytes of flash that there are for its weights.
    pub flash: Option<usize>,
}

/// A network for a device, and what it computes.
#[derive(Debug)]
pub struct Exported {
    /// The network, and its files.
    pub device: ForDevice,
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
}

/// Comparison of an int8 network with the f32 network that it was made of.
#[derive(Clone, Debug)]
pub struct Quantized {
    /// The share of test samples in the class of f32, 0 to 1; of a network without classes there is none.
    pub agreement: Option<f64>,
    /// What each layer costs.
    pub layers: Layers,
}

impl Exported {
    /// Makes the network of a run that is [finished](crate::trained_run::TrainedRun::finished).
    ///
    /// # Errors
    ///
    /// If the weights cannot be used, or the network does not fit.
    pub fn new(run: &OnImages<'_>, summary: &Summary, wanted: &Wanted) -> Result<Self> {
        let OnImages { data, split, config, checked, .. } = run;
        let folded = fold(run, None)?;
        if data.fills_missing {
            // A device gets no missing numbers.
            let data = data.filled(&folded.scales.means());
            let run = run.on(&data);
            return Self::new(&run, summary, wanted);
        }
        let figures_before = run.figures(Part::Test)?;
        let metric = Self::metric_of(run);
        let before = match figures_before.of(metric) {
            Some(figure) => figure,
            None => run.measure(Part::Test)?,
        };
        let (mut model, layers) = match wanted.dtype {
            ExportDtype::F32 => {
                folded.model.check_fits(wanted.ram, wanted.flash)?;
                (folded.model.clone(), None)
            }
            ExportDtype::Int8 => {
                let source = Source::new(&folded, wanted.calibration_size, run)?;
                let trained = config.trained_bits();
                let bits = (&wanted.bits, &trained[..]);
                let of_val = |model: &Model| layers::of_val(run, &folded, model, metric);
                let (calibration, flash) = (wanted.calibration, wanted.flash);
                let int8 = bits::quantize(&source, bits, calibration, flash, metric, of_val)?;
                int8.model.check_fits(wanted.ram, wanted.flash)?;
                let layers = layers::layers(run, &folded, &source, &int8, metric)?;
                (int8.model, Some(layers))
            }
        };

        let mut scores = model.scores(rows(run, Part::Test))?;
        ensure!(
            scores.iter().all(Scores::is_finite),
            "{}: scores of test {} are too large for f32",
            run.run.file().display(),
            data.source.kind.samples
        );
        let real: Vec<f64> = scores.iter().flat_map(|scores| model.to_real(scores)).collect();
        let (after, figures) = measure(run, &folded, metric, &real)?;
        if data.task == Task::Reconstruct {
            let of_val = anomaly_scores(run, &model, Part::Val)?;
            let mut of_val = normal(of_val, &is_other((data, split, Part::Val)));
            model.answer.set_threshold(threshold(&mut of_val, config.values().anomaly_percentile));
        }
        let int8 = match layers {
            None => None,
            Some(layers) => {
                let of_f32 = folded.model.scores(rows(run, Part::Test))?;
                let is_class = model.answer == Answer::Class;
                Some(Quantized { agreement: is_class.then(|| agreement(&of_f32, &scores)), layers })
            }
        };

        let in_weights = in_weights(config.values().batchnorm, &folded.scales, data);
        scores.truncate(TEST_VECTOR);
        let samples = rows(run, Part::Test).take(TEST_VECTOR).map(TestSample::of).collect();
        let is_other = if checked.is_other {
            format!(", measured on other {}", data.source.kind.samples)
        } else {
            String::new()
        };
        let kind = checked.trained_on.as_ref().map_or(&summary.data, |run| &run.data);
        let output_names = match data.task {
            Task::Classify => checked.class_names.clone(),
            Task::Regress | Task::Reconstruct => data.target_names.clone(),
        };
        let origin = if kind == IMPORTED {
            format!("trained by another program, imported by barenet as \"{}\"", summary.name)
        } else {
            format!("trained by barenet as \"{}\" on {kind}{is_other}", summary.name)
        };
        let device = ForDevice {
            name: crate_name(&summary.name),
            model,
            in_weights,
            origin,
            order: data.form.as_ref().map(order).unwrap_or_default(),
            input_names: data.encoding.as_ref().map(Encoding::input_names).unwrap_or_default(),
            output_names,
            test_vector: (samples, scores),
        };
        Ok(Self {
            device,
            metric,
            before,
            after,
            figures: (figures_before, figures),
            test_size: split.test.len(),
            int8,
        })
    }

    /// The metric of a network on a device: that of the run, but the accuracy where it is of probabilities, as a device
    /// names a class.
    #[must_use]
    pub const fn metric_of(run: &OnImages<'_>) -> Metric {
        match run.config.metric() {
            Metric::LogLoss => Metric::Accuracy,
            metric => metric,
        }
    }
}

/// The network in f32, folded, and the scalings of the run.
struct Folded {
    model: Model,
    scales: Scales<f64>,
}

/// The network for numbers as they are, or for bytes that cover ranges.
fn fold(run: &OnImages<'_>, ranges: Option<&Ranges>) -> Result<Folded> {
    match run.config.dtype() {
        Dtype::F32 => fold_as::<f32>(run, ranges),
        Dtype::F64 => fold_as::<f64>(run, ranges),
    }
}

fn fold_as<T: Number>(run: &OnImages<'_>, ranges: Option<&Ranges>) -> Result<Folded> {
    let net = run.config.net::<T>();
    let mut weights = run.weights(&net)?;
    let of_numbers = weights.scales.clone();
    if let Some(ranges) = ranges {
        weights.scales = ranges.of_bytes(&of_numbers);
    }
    // Scalings of bytes are those of inputs alone: answers have those of numbers.
    let answer = answer(run.data.task, &of_numbers, net.arch.num_classes());
    let mut model = folded(&net, &weights, answer, run.run)?;
    if let Some(ranges) = ranges {
        model.remove_inputs(ranges.constant());
    }
    let scales = &of_numbers;
    let to_f64 =
        |numbers: &[T]| -> Vec<f64> { numbers.iter().map(|number| number.to_f64()).collect() };
    let scales = Scales {
        offset: to_f64(&scales.offset),
        factor: to_f64(&scales.factor),
        fill: to_f64(&scales.fill),
        target_offset: to_f64(&scales.target_offset),
        target_factor: to_f64(&scales.target_factor),
    };
    Ok(Folded { model, scales })
}

/// The network in f32, folded, with its answer.
fn folded<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    weights: &WeightsFile<T>,
    answer: Answer,
    run: &TrainedRun,
) -> Result<Model> {
    let mut model = fold_to_f32(net, weights).with_context(|| run.file().display().to_string())?;
    model.answer = answer;
    Ok(model)
}

/// What was folded into the weights of a network.
fn in_weights(batchnorm: bool, scales: &Scales<f64>, data: &DataSet) -> InWeights<'static> {
    let scaling = match scales.scales_inputs() {
        false => "",
        true if data.encoding.is_none() && scales.factor.is_empty() => "mean image",
        true => "scaling",
    };
    InWeights { batchnorm, scaling }
}

/// What a network answers, by the scalings of its run.
fn answer<T: Number>(task: Task, scales: &Scales<T>, width: usize) -> Answer {
    match task {
        Task::Classify => Answer::Class,
        Task::Regress => Answer::values(scales, width),
        Task::Reconstruct => Answer::anomaly_score(scales, width),
    }
}

/// The order of the inputs, in words.
fn order(form: &SampleForm) -> String {
    match form {
        SampleForm::Pictures(_) => String::new(),
        SampleForm::Windows(WindowForm { window, channels, .. }) => {
            format!("{window} rows in time, one after another, each of {}", channels.join(", "))
        }
    }
}
