//! Exports in f32 of another program's network, where no data are named.

use super::Args;
use anyhow::Result;
use barenet_run::export::device::ForDevice;
use barenet_run::export::unmeasured;
use barenet_run::settings::ExportDtype;
use barenet_run::summary::Summary;
use barenet_run::trained_run::TrainedRun;

/// What it is, for people.
pub(super) const WHAT: &str = "f32, folded; not measured, as --data names no data";

/// The network, if nothing of it is to be measured.
pub(super) fn network(
    args: &Args,
    run: &TrainedRun,
    summary: &Summary,
) -> Result<Option<ForDevice>> {
    if args.dtype.value() != ExportDtype::F32 || args.is_measured() {
        return Ok(None);
    }
    unmeasured::network(run, summary, args.ram, args.flash)
}
