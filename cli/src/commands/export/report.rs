//! Report of an export.

mod layers;

use crate::commands::{data_line, label, sample_word};
use crate::console::{complain, say};
use anyhow::Result;
use barenet::Metric;
use barenet::quant::Bits;
use barenet_data::DataSet;
use barenet_model::export::answer::Answer;
use barenet_run::export::device::ForDevice;
use barenet_run::export::{Exported, Quantized};
use barenet_run::figures::Figures;
use barenet_run::settings::Values;
use std::path::Path;

/// By how much the error of an autoencoder has to rise to be explained.
const MUCH_MORE: f64 = 1.1;

/// Prints the figures of an export, and warns of a metric that got worse.
pub(super) fn print(
    exported: &Exported,
    trained: &Values,
    data: &DataSet,
    out: &Path,
    is_c: bool,
) -> Result<()> {
    let Exported { device, metric, before, after, test_size, int8, figures } = exported;
    let ForDevice { model, in_weights, .. } = device;
    let word = label(*metric);
    let dtype = match (int8, model.bits()) {
        (None, _) => "f32, folded",
        (Some(_), None) => "int8",
        (Some(_), Some(bits)) if !bits.contains(&Bits::Eight) => "int8 with weights of 4 bits",
        (Some(_), Some(_)) => "int8 with weights of 4 and of 8 bits",
    };
    let sizes = model.arch();
    say!("data      {}", data_line(data));
    let samples = sample_word(data);
    let folded = if in_weights.is_nothing() {
        String::new()
    } else {
        format!(", {in_weights} in the weights")
    };
    say!("network   {sizes}, {dtype}{folded}");
    say!("{word:<10}{before:.4} before, {}", trained.dtype.name());
    say!("          {after:.4} after, {dtype}, on {test_size} test {samples}");
    let (before_all, after_all) = figures;
    if int8.is_some() && matches!(after_all, Figures::Anomalies(_)) && *after > MUCH_MORE * before {
        say!("          int8 cuts off what lies beyond the samples that it was calibrated on");
    }
    let beside = |all: &Figures, other| all.of(other).filter(|_| *metric != other);
    let of_anomalies = |all: &Figures| match all {
        Figures::Anomalies(_) => beside(all, Metric::Auc),
        Figures::Classes(_) | Figures::Values(_) => None,
    };
    for (name, before, after) in [
        ("R²", beside(before_all, Metric::R2), beside(after_all, Metric::R2)),
        ("AUC", of_anomalies(before_all), of_anomalies(after_all)),
    ] {
        let beside = before.zip(after);
        if let Some((before, after)) = beside {
            say!("{name:<10}{before:.4} before");
            say!("          {after:.4} after");
        }
    }
    if let Answer::AnomalyScore { threshold, .. } | Answer::AnomalySteps { threshold, .. } =
        model.answer
    {
        say!("anomaly   a score above {threshold}");
    }
    if let Some(Quantized { agreement, layers }) = int8 {
        match agreement {
            Some(agreement) => say!("int8      {agreement:.4} of them in the class of f32"),
            None => say!("int8      beside f32:"),
        }
        layers::print(layers)?;
    }
    print_sizes(device, out, is_c)?;
    let out = out.display();
    // What the AUC says of anomalies counts, not how far off the network is from them.
    let auc = of_anomalies(before_all).zip(of_anomalies(after_all));
    let word = metric.name();
    let (word, before, after) = auc.map_or((word, *before, *after), |(b, a)| ("AUC", b, a));
    let higher_is_better = auc.is_some() || metric.higher_is_better();
    // A hundredth of all that there can be, or else of what there was.
    let (least, most) = if auc.is_some() { (0.0, 1.0) } else { metric.range() };
    let is_bounded = least > f64::MIN && most < f64::MAX;
    let much = 0.01 * if is_bounded { most - least } else { before.abs() };
    let is_worse = if higher_is_better { after < before } else { after > before };
    if (after - before).abs() <= much || !is_worse {
        return Ok(());
    }
    let change = if higher_is_better { "fell" } else { "rose" };
    let flag = if *metric == Metric::Accuracy { "--min-accuracy" } else { "--require" };
    let other = if model.bits().is_some() { "--bits 8" } else { "--dtype f32" };
    complain(format_args!(
        "warning: {out}: the {word} {change} by {:.4}, from {before:.4} to {after:.4}; {flag} refuses \
         that, and {other} or more samples to calibrate on may avoid it",
        (after - before).abs()
    ));
    Ok(())
}

/// Prints what an exported network takes, and where it is.
pub(super) fn print_sizes(device: &ForDevice, out: &Path, is_c: bool) -> Result<()> {
    let ForDevice { name, model, .. } = device;
    say!("memory    {} bytes of RAM, and the stack", model.ram_bytes());
    say!("          {} bytes of flash, and the code", model.flash_bytes());
    let out = out.display();
    if is_c {
        say!("C         {name} in {out}: test_model.c there compares it with the scores of here");
    } else {
        say!("crate     {name} in {out}: `cargo test` there compares it with the scores of here");
    }
    Ok(())
}
