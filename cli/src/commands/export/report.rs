//! What is said of an export.

use crate::commands::data_line;
use crate::console::{complain, say};
use anyhow::Result;
use barenet_data::DataSet;
use barenet_model::export::int8::Loss;
use barenet_model::export::model::Model;
use std::path::Path;

/// A loss of accuracy that is said on standard error.
const WARN_OF_DROP: f64 = 0.01;

/// An export that is written.
pub(super) struct Exported<'a> {
    pub(super) data: &'a DataSet,
    pub(super) model: &'a Model,
    /// The accuracy of the run, and its number type.
    pub(super) before: (f64, &'a str),
    /// The accuracy of the export, and on how many images.
    pub(super) after: (f64, usize),
    /// The share of images in the class of f32, and what each layer lost; of int8 only.
    pub(super) int8: Option<(f64, &'a [Loss])>,
    pub(super) name: &'a str,
    pub(super) out: &'a Path,
}

/// Prints the figures of an export, and warns of an accuracy that fell.
pub(super) fn print(exported: &Exported<'_>) -> Result<()> {
    let Exported { data, model, before, after, int8, name, out } = *exported;
    let (trained_accuracy, before) = before;
    let (exported_accuracy, num_images) = after;
    let after = if int8.is_some() { "int8" } else { "f32, folded" };
    let sizes = model.dims.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
    say!("data      {}", data_line(data));
    say!("network   {sizes}, {after}, batch norm and mean image in the weights");
    say!("accuracy  {trained_accuracy:.4} before, {before}");
    say!("          {exported_accuracy:.4} after, {after}, on {} test images", num_images);
    if let Some((same, losses)) = int8 {
        say!("int8      {same:.4} of them in the class of f32");
        for (number, loss) in (1..).zip(losses) {
            let (decibels, clipped) = (loss.signal_to_noise, 100.0 * loss.clipped);
            say!(
                "          layer {number}: {decibels:.1} dB signal to noise, {clipped:.2} % clipped"
            );
        }
    }
    say!("memory    {} bytes of RAM, and the stack", model.ram_bytes());
    say!("          {} bytes of flash, and the code", model.flash_bytes());
    say!(
        "crate     {} in {}: `cargo test` there compares it with the scores of here",
        name,
        out.display()
    );
    let drop = trained_accuracy - exported_accuracy;
    if drop > WARN_OF_DROP {
        complain(format_args!(
            "warning: {}: the accuracy fell by {drop:.4}, from {trained_accuracy:.4} to \
             {exported_accuracy:.4}; --min-accuracy refuses that, and --dtype f32 or more images to \
             calibrate on may avoid it",
            out.display()
        ));
    }
    Ok(())
}
