//! Report of an export.

use crate::commands::data_line;
use crate::console::{complain, say};
use anyhow::Result;
use barenet::Metric;
use barenet_data::DataSet;
use barenet_run::export::{Exported, Quantized};
use barenet_run::settings::{Dtype, Name};
use std::path::Path;

/// Prints the figures of an export, and warns of a metric that got worse.
pub(super) fn print(
    exported: &Exported,
    trained: Name<Dtype>,
    data: &DataSet,
    out: &Path,
) -> Result<()> {
    let Exported { name, model, metric, before, after, test_size, int8, .. } = exported;
    let word = metric.name();
    let dtype = if int8.is_some() { "int8" } else { "f32, folded" };
    let sizes = model.dims.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
    say!("data      {}", data_line(data));
    say!("network   {sizes}, {dtype}, batch norm and mean image in the weights");
    say!("{word:<10}{before:.4} before, {}", trained.name());
    say!("          {after:.4} after, {dtype}, on {test_size} test images");
    if let Some(Quantized { agreement, losses }) = int8 {
        say!("int8      {agreement:.4} of them in the class of f32");
        for (number, loss) in (1..).zip(losses) {
            let (decibels, clipped) = (loss.signal_to_noise, 100.0 * loss.clipped);
            say!(
                "          layer {number}: {decibels:.1} dB signal to noise, {clipped:.2} % clipped"
            );
        }
    }
    say!("memory    {} bytes of RAM, and the stack", model.ram_bytes());
    say!("          {} bytes of flash, and the code", model.flash_bytes());
    let out = out.display();
    say!("crate     {name} in {out}: `cargo test` there compares it with the scores of here");
    // A hundredth of all that there can be, or else of what there was.
    let (least, most) = metric.range();
    let much = 0.01 * if most < f64::MAX { most - least } else { *before };
    if (after - before).abs() <= much || !metric.is_better(before, after) {
        return Ok(());
    }
    let change = if metric.higher_is_better() { "fell" } else { "rose" };
    let flag = if *metric == Metric::Accuracy { "--min-accuracy" } else { "--require" };
    complain(format_args!(
        "warning: {out}: the {word} {change} by {:.4}, from {before:.4} to {after:.4}; {flag} refuses \
         that, and --dtype f32 or more images to calibrate on may avoid it",
        (after - before).abs()
    ));
    Ok(())
}
