//! Exports with the integers of an int8 TFLite file, as they are.

use super::Args;
use crate::commands::usage;
use anyhow::Result;
use barenet_run::export::device::ForDevice;
use barenet_run::export::kept;
use barenet_run::settings::ExportDtype;
use barenet_run::summary::Summary;
use barenet_run::trained_run::TrainedRun;

/// What it is, for people.
pub(super) const WHAT: &str = "int8, the integers of the TFLite file";

/// The network of the file that the run keeps, if it is to be exported as it is.
pub(super) fn network(
    args: &Args,
    run: &TrainedRun,
    summary: &Summary,
) -> Result<Option<ForDevice>> {
    if args.dtype.value() != ExportDtype::Int8 || args.requantize {
        return Ok(None);
    }
    let found = kept::network(run, summary, args.ram, args.flash)?;
    if found.is_some() && args.bits.as_ref().is_some_and(|bits| !bits.is_eight()) {
        return usage(
            "the integers of the TFLite file have 8 bits: --requantize makes others, with data",
        );
    }
    let is_calibrated = args.calibration.is_some() || args.calibration_size.is_some();
    if found.is_some() && (args.is_measured() || is_calibrated) {
        return usage(
            "the integers of the TFLite file are exported as they are: data, and what is measured on them, are for \
             --requantize",
        );
    }
    Ok(found)
}
