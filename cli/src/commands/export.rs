//! `barenet export`.

mod measure;
mod report;

use super::{ImagesFlag, usage};
use anyhow::{Result, bail, ensure};
use barenet_model::export::crate_folder::{self, Contents, crate_name};
use barenet_model::export::model::{Scores, accuracy, agreement};
use barenet_model::export::place::Place;
use barenet_model::weights::read_config;
use barenet_run::config::Config;
use barenet_run::run_folder::{BEST, RunFolder};
use barenet_run::settings::{Dtype, Settings, count};
use barenet_run::trained_on;
use measure::{each, finished, load, quantize};
use std::path::PathBuf;

/// Images of the test vector.
const TEST_VECTOR: usize = 4;

/// Make a trained network a crate that a microcontroller links
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet export runs/two-layer --format firmware                 f32, in runs/two-layer/firmware
  barenet export runs/two-layer --format firmware --dtype int8 --out my-net
  barenet export runs/two-layer --format firmware --ram 32K --flash 512K
  cd my-net && cargo test                                         the same scores, bit for bit")]
pub struct Args {
    /// Folder of a run
    pub run: PathBuf,
    /// Format of the files
    #[arg(long, value_name = "FORMAT")]
    pub format: Format,
    /// Folder to write [default: firmware in the run's folder]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace what an earlier export wrote there
    #[arg(long)]
    pub force: bool,
    /// Numbers of the network
    #[arg(long, value_name = "TYPE", default_value = "f32")]
    pub dtype: ExportDtype,
    /// Refuse a network whose workspace takes more RAM than this: bytes, or with a unit of 1024 such as
    /// 64K, 64KB or 64KiB, M or G
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub ram: Option<usize>,
    /// Refuse a network whose weights take more flash than this, such as 1M
    #[arg(long, value_name = "BYTES", value_parser = parse_bytes)]
    pub flash: Option<usize>,
    /// Refuse a network whose accuracy on the test images, as it would be exported, is less than this
    #[arg(long, value_name = "SHARE")]
    pub min_accuracy: Option<f64>,
    /// Validation images that calibrate int8, from the first on [default: all]
    #[arg(long, value_parser = count, value_name = "N")]
    pub calibration_size: Option<usize>,
    /// Test images that accuracies are measured on, from the first on [default: as in the run]
    #[arg(long, value_parser = count, value_name = "N")]
    pub test_size: Option<usize>,
    /// The images
    #[command(flatten)]
    pub images: ImagesFlag,
    /// Take other images than those that the run was trained on to calibrate and to measure
    #[arg(long)]
    pub other_data: bool,
}

/// Format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A no_std Rust crate
    Firmware,
}

/// A number type of the exported network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportDtype {
    /// 32-bit floating point
    F32,
    /// 8-bit integers, with no floating point from the pixels to the class
    Int8,
}

/// A number of bytes: `65536`, `64K`, `1MB` or `1GiB`; units are powers of 1024.
fn parse_bytes(text: &str) -> Result<usize, String> {
    let lower = text.to_ascii_lowercase();
    let unit_at = lower.find(|c: char| !c.is_ascii_digit()).unwrap_or(lower.len());
    let (digits, unit) = lower.split_at(unit_at);
    let power = match unit {
        "" | "b" => Some(0),
        "k" | "kb" | "kib" => Some(1),
        "m" | "mb" | "mib" => Some(2),
        "g" | "gb" | "gib" => Some(3),
        _ => None,
    };
    let unit = power.and_then(|power| 1024_usize.checked_pow(power));
    let bytes = digits.parse::<usize>().ok().zip(unit).and_then(|(n, unit)| n.checked_mul(unit));
    bytes.ok_or_else(|| "a number of bytes such as 65536, 64K or 1M is needed".to_owned())
}

/// Runs the command.
///
/// # Errors
///
/// If the run, the data or the place cannot be used, or the network does not fit.
pub fn run(args: &Args) -> Result<()> {
    if args.calibration_size.is_some() && args.dtype != ExportDtype::Int8 {
        return usage("--calibration-size is for --dtype int8");
    }
    if let Some(least) = args.min_accuracy.filter(|least| !(0.0..=1.0).contains(least)) {
        return usage(format!("--min-accuracy must be in 0..=1, found {least}"));
    }
    let folder = RunFolder::open(&args.run)?;
    let out = args.out.clone().unwrap_or_else(|| folder.file("firmware"));
    let place = Place::claim(&out, args.force)?;

    let file = folder.file(BEST);
    let bytes = folder.read(BEST)?;
    let config_text = read_config(&bytes, &file)?;
    let trained = Settings::from_toml(&config_text, &file)?;
    let trained = Settings { gemm: None, threads: None, ..trained };
    let flags = Settings { test_size: args.test_size, ..Settings::default() };
    let data = args.images.read()?;
    let config = Config::new(flags.overlay(trained), data.input_dim(), data.num_classes())?;
    let summary = finished(&folder, &config, args.images.data.as_deref())?;
    let load = match config.dtype() {
        Dtype::F32 => load::<f32>,
        Dtype::F64 => load::<f64>,
    };
    let checked = trained_on::check(&config_text, &folder, &data, args.other_data)?;
    let is_other = if checked.is_other { ", measured on other images" } else { "" };
    let trained_on = &checked.trained_on;
    let kind = trained_on.as_ref().map_or(&summary.data, |run| &run.data);
    let origin = format!("trained by barenet as \"{}\" on {kind}{is_other}", summary.name);
    let split = config.split(&data)?;
    let (folded, trained_accuracy) = load(&config, &bytes, &folder, (&data, &split))?;
    let int8 = match args.dtype {
        ExportDtype::F32 => None,
        ExportDtype::Int8 => Some(quantize(&folded, args.calibration_size, &data, &split)?),
    };
    let model = int8.as_ref().map_or(&folded, |(int8, _)| &int8.model);
    model.check_fits(args.ram, args.flash)?;
    let test = split.test.clone();
    let scores = model.scores(each(&data.test, test.clone()))?;
    ensure!(
        scores.iter().all(Scores::is_finite),
        "{}: scores of test images are too large for f32",
        file.display()
    );
    let labels = data.test.labels().get(test.clone()).unwrap_or_default();
    let exported_accuracy = accuracy(&scores, labels)?;
    if let Some(least) = args.min_accuracy.filter(|&least| exported_accuracy < least) {
        bail!(
            "{run}: the exported network has an accuracy of {exported_accuracy:.4} on {} test images, \
             but --min-accuracy asks for {least}; it was {trained_accuracy:.4} before",
            labels.len(),
            run = folder.path().display()
        );
    }

    let shown = test.start..test.end.min(test.start + TEST_VECTOR);
    let images: Vec<u8> = each(&data.test, shown.clone()).flatten().copied().collect();
    let name = crate_name(&summary.name);
    let contents = Contents {
        name: &name,
        origin: &origin,
        model,
        class_names: &checked.class_names,
        images: &images,
        scores: scores.get(..shown.len()).unwrap_or_default(),
    };
    place.write(match args.format {
        Format::Firmware => crate_folder::files(&contents),
    })?;

    report::print(&report::Exported {
        data: &data,
        model,
        before: (trained_accuracy, config.dtype().name()),
        after: (exported_accuracy, labels.len()),
        int8: match &int8 {
            None => None,
            Some((_, losses)) => {
                Some((agreement(&folded.scores(each(&data.test, test))?, &scores), losses))
            }
        },
        name: &name,
        out: &out,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_numbers_with_a_unit_or_without() {
        assert_eq!(parse_bytes("65536"), Ok(65536));
        assert_eq!(parse_bytes("64K"), Ok(65536));
        for text in ["1m", "1M", "1MB", "1MiB", "1024k", "1024KiB", "1048576", "1048576B"] {
            assert_eq!(parse_bytes(text), Ok(1 << 20), "{text}");
        }
        assert_eq!(parse_bytes("2G"), Ok(1 << 31));
        let too_large = ["99999999999999999999", "18014398509481985K", "17179869184G"];
        let nonsense = ["", "K", "-1", "+1", "1.5K", "1 K", "1iB", "1KBB", "1T", "0x10"];
        for bad in too_large.into_iter().chain(nonsense) {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }
}
