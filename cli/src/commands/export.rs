//! `barenet export`.

mod bits;
mod bytes;
mod imported;
mod kept;
mod open;
mod report;
mod require;
mod unmeasured;

use super::{ImagesFlag, usage};
use crate::console::say;
use crate::flags::choice;
use anyhow::Result;
use barenet::quant::Calibration;
use barenet_model::export::place::Place;
use barenet_run::export::device::ForDevice;
use barenet_run::export::{Exported, Wanted, WantedBits};
use barenet_run::settings::{ExportDtype, Name, Settings, count};
use barenet_run::trained_run::TrainedRun;
use bits::{BitsFlag, parse_bits};
use bytes::parse_bytes;
use open::{OpenFlags, OpenFormat};
use require::RequireFlags;
use std::path::{Path, PathBuf};

/// Make a trained network Rust or C for a microcontroller, or a file for other programs
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = include_str!("export/help.txt").trim_end())]
pub(crate) struct Args {
    /// Folder of a run, or a file that `barenet import` reads
    pub(crate) run: PathBuf,
    /// Format of the files
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Format,
    /// Folder or file to write [default: firmware, c, model.safetensors and so on in the run's folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace what an earlier export wrote there
    #[arg(long)]
    pub(crate) force: bool,
    /// Numbers of the network
    #[arg(long, value_name = "TYPE", default_value = "f32", value_parser = choice::<Name<ExportDtype>>())]
    pub(crate) dtype: Name<ExportDtype>,
    /// Bits of each weight of int8: 8, or 4, of which two lie in a byte; of each layer, such as 8,4,4; or auto, which
    /// loses least of what --flash has room for, and without it takes 4 where the metric loses half a point at most in
    /// all (firmware, c) [default: those that train --qat had, or else 8]
    #[arg(long, value_name = "N", value_parser = parse_bits)]
    pub(crate) bits: Option<BitsFlag>,
    /// How int8 chooses the range of activations [default: mse]
    #[arg(long, value_name = "RULE")]
    pub(crate) calibration: Option<CalibrationRule>,
    /// Refuse a network whose workspace takes more RAM than this: bytes, or with a unit of 1024 such as
    /// 64K, 64KB or 64KiB, M or G
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub(crate) ram: Option<usize>,
    /// Refuse a network whose weights take more flash than this, such as 1M
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub(crate) flash: Option<usize>,
    /// The worst metric
    #[command(flatten)]
    pub(crate) require: RequireFlags,
    /// Make new integers of the weights of a run that keeps an int8 TFLite file, with samples that calibrate them; the
    /// integers of the file are otherwise taken as they are, and no data are needed (firmware, c)
    #[arg(long)]
    pub(crate) requantize: bool,
    /// Validation samples that calibrate int8, from the first on [default: all, and where they are too few those
    /// that trained]
    #[arg(long, value_parser = count, value_name = "N")]
    pub(crate) calibration_size: Option<usize>,
    /// Test samples that the metric is measured on, from the first on [default: as in the run]
    #[arg(long, value_parser = count, value_name = "N")]
    pub(crate) test_size: Option<usize>,
    /// The images
    #[command(flatten)]
    pub(crate) images: ImagesFlag,
    /// Take other data than those that the run was trained on to calibrate and to measure
    #[arg(long)]
    pub(crate) other_data: bool,
    /// The files of other programs
    #[command(flatten)]
    pub(crate) open: OpenFlags,
}

impl Args {
    /// Whether data are named, or something that is measured on them.
    fn is_measured(&self) -> bool {
        let is_asked_for = self.require.is_given() || self.test_size.is_some();
        is_asked_for || self.images.data.is_some() || self.other_data
    }

    fn bits(&self) -> WantedBits {
        self.bits.as_ref().map_or(WantedBits::AsTrained, |flag| flag.wanted.clone())
    }

    fn calibration(&self) -> Calibration {
        self.calibration.map_or_else(Calibration::default, CalibrationRule::rule)
    }
}

/// Rule for the range of activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CalibrationRule {
    /// Up to the largest of the samples that calibrate
    Max,
    /// Up to the number below which 99.99 % of theirs lie
    Percentile,
    /// The one with the least squared error of rounding and cutting off
    Mse,
}

impl CalibrationRule {
    const fn rule(self) -> Calibration {
        match self {
            Self::Max => Calibration::Max,
            Self::Percentile => Calibration::Percentile,
            Self::Mse => Calibration::SquaredError,
        }
    }
}

/// Format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A no_std Rust crate
    Firmware,
    /// A folder of C99, also an Arduino library
    C,
    /// Arrays for PyTorch and others: one file
    Safetensors,
    /// Arrays for numpy: one file
    Npz,
    /// A graph for ONNX Runtime and others: one file
    Onnx,
}

impl Format {
    /// The file or folder in the run's folder, where no other is named.
    const fn in_run(self) -> &'static str {
        match self {
            Self::Firmware => "firmware",
            Self::C => "c",
            Self::Safetensors => "model.safetensors",
            Self::Npz => "model.npz",
            Self::Onnx => "model.onnx",
        }
    }

    /// The same beside a file that is called `name`: `NAME-firmware`, `NAME.onnx`.
    fn beside(self, name: &str) -> String {
        match self.in_run().strip_prefix("model") {
            Some(extension) => format!("{name}{extension}"),
            None => format!("{name}-{}", self.in_run()),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let dtype = args.dtype.value();
    if args.calibration_size.is_some() && dtype != ExportDtype::Int8 {
        return usage("--calibration-size is for --dtype int8");
    }
    if args.requantize && dtype != ExportDtype::Int8 {
        return usage("--requantize is for --dtype int8");
    }
    if args.calibration.is_some() && dtype != ExportDtype::Int8 {
        return usage("--calibration is for --dtype int8");
    }
    let takes_int4 =
        dtype == ExportDtype::Int8 && matches!(args.format, Format::Firmware | Format::C);
    if let Some(bits) = args.bits.as_ref().filter(|bits| !takes_int4 && !bits.is_eight()) {
        let text = &bits.text;
        return usage(format!("--bits {text} is for --format firmware or c, with --dtype int8"));
    }
    let open_format = open::format(args)?;
    if args.run.is_file() {
        return imported::run(args, open_format);
    }
    let run = TrainedRun::open(&args.run)?;
    let out = args.out.clone().unwrap_or_else(|| run.folder().file(args.format.in_run()));
    export(args, open_format, &run, &out)
}

/// Exports a run to `out`.
fn export(
    args: &Args,
    open_format: Option<OpenFormat>,
    run: &TrainedRun,
    out: &Path,
) -> Result<()> {
    if let Some(format) = open_format {
        return open::export(args, format, run, out);
    }
    let summary = run.finished(args.images.data.as_deref())?;
    if let Some(exported) = kept::network(args, run, &summary)? {
        return export_unmeasured(args, &exported, out, kept::WHAT);
    }
    if let Some(device) = unmeasured::network(args, run, &summary)? {
        return export_unmeasured(args, &device, out, unmeasured::WHAT);
    }
    let place = Place::claim(out, args.force)?;
    let data = args.images.read_for(run)?;
    let changes = Settings { test_size: args.test_size, ..Settings::default() };
    let on_images = run.on_images(&data, changes, args.other_data)?;
    let required = args.require.of_metric(Exported::metric_of(&on_images))?;

    let &Args { calibration_size, ram, flash, .. } = args;
    let (dtype, bits, calibration) = (args.dtype.value(), args.bits(), args.calibration());
    let wanted = Wanted { dtype, bits, calibration, calibration_size, ram, flash };
    let exported = Exported::new(&on_images, &summary, &wanted)?;
    if let Some(required) = required {
        required.check(&exported, run.folder().path())?;
    }
    let is_c = write(args, &exported.device, place)?;
    report::print(&exported, on_images.config.values(), &data, out, is_c)
}

/// Writes a network of which nothing was measured, and prints `what` it is, and its sizes.
fn export_unmeasured(args: &Args, device: &ForDevice, out: &Path, what: &str) -> Result<()> {
    let is_c = write(args, device, Place::claim(out, args.force)?)?;
    say!("network   {}, {what}", device.model.arch());
    report::print_sizes(device, out, is_c)
}

/// Writes the files of a network into the place that is claimed for it, and says whether they are of C.
fn write(args: &Args, device: &ForDevice, place: Place) -> Result<bool> {
    let is_c = args.format == Format::C;
    place.write(if is_c { device.c_files()? } else { device.crate_files() })?;
    Ok(is_c)
}
