//! Exports that are one file of other programs.

use super::{Args, Format};
use crate::commands::{label, sample_word, usage};
use crate::console::say;
use crate::flags::choice;
use anyhow::Result;
use barenet::quant::Bits;
use barenet_model::interchange::arrays::Layout;
use barenet_run::export::{Exported, Wanted, WantedBits};
use barenet_run::interchange::{ArrayFile, Interchange, check_file, write_file};
use barenet_run::settings::{ExportDtype, Name, Settings};
use barenet_run::trained_run::TrainedRun;
use std::path::Path;

/// The flags of such files.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct OpenFlags {
    /// Names and shapes of the arrays (safetensors, npz) [default: barenet]
    #[arg(long, value_name = "LAYOUT", value_parser = choice::<Name<Layout>>())]
    layout: Option<Name<Layout>>,
    /// Keep the scaling of inputs and targets as arrays of their own, mean_image and so on; with --layout pytorch it is
    /// otherwise in the first and the last layer (safetensors, npz)
    #[arg(long)]
    keep_scaling: bool,
    /// Keep batch norm as nodes of its own; it is otherwise in the weights (onnx)
    #[arg(long)]
    keep_batchnorm: bool,
}

/// A format that is one file.
#[derive(Clone, Copy, Debug)]
pub(super) enum OpenFormat {
    /// Arrays.
    Arrays(ArrayFile),
    /// A graph.
    Onnx,
}

/// The format, if it is one file.
pub(super) fn format(args: &Args) -> Result<Option<OpenFormat>> {
    let OpenFlags { layout, keep_scaling, keep_batchnorm } = args.open;
    let format = match args.format {
        Format::Safetensors => Some(OpenFormat::Arrays(ArrayFile::Safetensors)),
        Format::Npz => Some(OpenFormat::Arrays(ArrayFile::Npz)),
        Format::Onnx => Some(OpenFormat::Onnx),
        Format::Firmware | Format::C => None,
    };
    let is_arrays = matches!(format, Some(OpenFormat::Arrays(_)));
    if !is_arrays && (layout.is_some() || keep_scaling) {
        return usage("--layout and --keep-scaling are for --format safetensors and npz");
    }
    let is_int8 = args.dtype.value() == ExportDtype::Int8;
    if keep_batchnorm && (!matches!(format, Some(OpenFormat::Onnx)) || is_int8) {
        return usage(
            "--keep-batchnorm is for --format onnx, and int8 has none; arrays have it always",
        );
    }
    if is_arrays && is_int8 {
        return usage(
            "--dtype int8 is for --format firmware, c and onnx: arrays have the numbers that were trained",
        );
    }
    if format.is_some() && (args.ram.is_some() || args.flash.is_some() || args.require.is_given()) {
        return usage(
            "--ram, --flash, --require and --min-accuracy are for --format firmware and c",
        );
    }
    Ok(format)
}

/// Writes the file of a run.
pub(super) fn export(args: &Args, format: OpenFormat, run: &TrainedRun, out: &Path) -> Result<()> {
    let summary = run.finished(args.images.data.as_deref())?;
    let interchange = Interchange::new(run)?;
    check_file(out, args.force)?;
    say!("network   {}", interchange.network);
    let bytes = match format {
        OpenFormat::Arrays(file) => {
            let layout = args.open.layout.map_or(Layout::Barenet, Name::value);
            let is_kept = args.open.keep_scaling || layout == Layout::Barenet;
            let interchange = if is_kept { interchange } else { interchange.without_scaling()? };
            let place =
                if is_kept { "in arrays of its own" } else { "in the first and the last layer" };
            say!("scaling   {place}");
            interchange.array_file(file, layout)?
        }
        OpenFormat::Onnx if args.dtype.value() == ExportDtype::F32 => {
            interchange.onnx_file(args.open.keep_batchnorm)?
        }
        OpenFormat::Onnx => {
            let data = args.images.read_for(run)?;
            let changes = Settings { test_size: args.test_size, ..Settings::default() };
            let on_images = run.on_images(&data, changes, args.other_data)?;
            let &Args { calibration_size, ram, flash, .. } = args;
            let (dtype, calibration) = (ExportDtype::Int8, args.calibration());
            let bits = WantedBits::All(Bits::Eight);
            let wanted = Wanted { dtype, bits, calibration, calibration_size, ram, flash };
            let Exported { device, metric, before, after, test_size, .. } =
                Exported::new(&on_images, &summary, &wanted)?;
            let (word, samples) = (label(metric), sample_word(&data));
            say!("{word:<10}{before:.4} before");
            say!("          {after:.4} after, int8, on {test_size} test {samples}");
            interchange.int8_onnx_file(&device.model)?
        }
    };
    write_file(out, &bytes, args.force)?;
    say!("file      {} bytes in {}", bytes.len(), out.display());
    Ok(())
}
