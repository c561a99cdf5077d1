//! From a run to the network of a device: in f32 or int8, with its metric before and after.

pub mod device;
mod figures;
pub mod kept;

use crate::anomaly::threshold;
use crate::figures::{Figures, is_other, normal};
use crate::settings::{Dtype, ExportDtype};
use crate::summary::Summary;
use crate::trained_on::IMPORTED;
use crate::trained_run::OnImages;
use anyhow::{Context, Result, anyhow, bail, ensure};
use barenet::Metric;
use barenet::quant::{Bits, MIN_CALIBRATION_SAMPLES, QuantError};
use barenet_data::split::Part;
use barenet_data::{Encoding, SampleForm, Task, WindowForm};
use barenet_model::export::answer::Answer;
use barenet_model::export::crate_folder::crate_name;
use barenet_model::export::inputs::Ranges;
use barenet_model::export::int8::{self, Input, Loss};
use barenet_model::export::model::{Model, Numbers, Scores, agreement, fold_to_f32};
use barenet_model::export::row::Row;
use barenet_model::number::Number;
use barenet_model::scales::Scales;
use device::{ForDevice, TestSample};
use figures::{anomaly_scores, measure, rows};

/// Samples of the test vector.
const TEST_VECTOR: usize = 4;

/// The network that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Its numbers.
    pub dtype: ExportDtype,
    /// Bits of the weights of int8.
    pub bits: Bits,
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
        let (mut model, losses) = match wanted.dtype {
            ExportDtype::F32 => (folded.model.clone(), None),
            ExportDtype::Int8 => {
                let (model, losses) =
                    quantize(&folded, (wanted.bits, wanted.calibration_size), run)?;
                (model, Some(losses))
            }
        };
        model.check_fits(wanted.ram, wanted.flash)?;

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
        let int8 = match losses {
            None => None,
            Some(losses) => {
                let of_f32 = folded.model.scores(rows(run, Part::Test))?;
                let is_class = model.answer == Answer::Class;
                Some(Quantized { agreement: is_class.then(|| agreement(&of_f32, &scores)), losses })
            }
        };

        let is_mean_image = data.encoding.is_none() && folded.scales.factor.is_empty();
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
            scaling: if is_mean_image { "mean image" } else { "scaling" },
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
    let mut model =
        fold_to_f32(&net, &weights).with_context(|| run.run.file().display().to_string())?;
    if let Some(ranges) = ranges {
        model.remove_inputs(ranges.constant());
    }
    let (scales, width) = (&of_numbers, net.arch.num_classes());
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
        fill: to_f64(&scales.fill),
        target_offset: to_f64(&scales.target_offset),
        target_factor: to_f64(&scales.target_factor),
    };
    Ok(Folded { model, scales })
}

/// The network in int8, and the loss of each layer.
fn quantize(
    folded: &Folded,
    (bits, size): (Bits, Option<usize>),
    run: &OnImages<'_>,
) -> Result<(Model, Vec<Loss>)> {
    let (val, train) = (rows(run, Part::Val), rows(run, Part::Train));
    // Of a small table too few validate.
    let of_train =
        if size.is_none() && val.len() < MIN_CALIBRATION_SAMPLES { train.len() } else { 0 };
    let size = size.unwrap_or(val.len());
    ensure!(
        size <= val.len(),
        "--calibration-size is {size}, but the run has only {} validation {}",
        val.len(),
        run.data.source.kind.samples
    );
    let all = val.take(size).chain(train.take(of_train));
    let Some(like) = rows(run, Part::Train).next() else { bail!("there are no samples") };
    // Numbers that are scaled alike are bytes as they are: pixels. Locally connected layers see pictures, whose colours are
    // scaled nearly alike.
    let is_pixels = folded.scales.factor.is_empty()
        || folded.model.local.is_some() && are_alike(&folded.scales.factor);
    if matches!(like, Row::U8(_)) && is_pixels {
        let bytes = all.filter_map(|row| match row {
            Row::U8(bytes) => Some(bytes),
            Row::I8(_) | Row::I16(_) | Row::F32(_) => None,
        });
        return to_int8(&folded.model, (Input::Pixels, bits), &bytes.collect::<Vec<_>>(), like);
    }
    let ranges = Ranges::fit(rows(run, Part::Train), run.data.input_dim())?;
    let maps = ranges.maps(like)?;
    let bytes: Vec<_> = all.map(|row| maps.to_bytes(row)).collect::<Result<_>>()?;
    let bytes: Vec<_> = bytes.iter().map(|row| &**row).collect();
    let (mut model, losses) =
        to_int8(&fold(run, Some(&ranges))?.model, (Input::Centered, bits), &bytes, like)?;
    if let Numbers::Int8 { inputs, .. } = &mut model.numbers {
        *inputs = Some(maps);
    }
    Ok((model, losses))
}

/// Whether factors, such as those of the colours of a picture, are so alike that the weights that they are folded into need no
/// scales of their own.
fn are_alike(factors: &[f64]) -> bool {
    let least = factors.iter().copied().fold(f64::INFINITY, f64::min);
    let most = factors.iter().copied().fold(0.0, f64::max);
    least > 0.0 && most <= 2.0 * least
}

/// A network that takes bytes in int8, and its answer from scores in steps.
fn to_int8(
    folded: &Model,
    (input, bits): (Input, Bits),
    bytes: &[&[u8]],
    like: Row<'_>,
) -> Result<(Model, Vec<Loss>)> {
    let int8 = int8::quantize_to(folded, input, bits, bytes).map_err(|error| {
        let is_few = matches!(error.downcast_ref(), Some(QuantError::TooFewSamples { .. }));
        let advice =
            if is_few { "; take more of them, or --dtype f32, which needs none" } else { "" };
        anyhow!("int8: {error:#}{advice}")
    })?;
    let losses = int8::losses(&int8, bytes)?;
    let mut model = int8.model;
    if let Numbers::Int8 { score_scale, .. } = model.numbers {
        model.answer = folded.answer.of_steps(score_scale, like)?;
    }
    Ok((model, losses))
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
