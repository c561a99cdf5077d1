//! Exports in f32 of another program's network, where no data are named.

use super::{Args, report, write};
use crate::console::say;
use anyhow::Result;
use barenet_model::export::place::Place;
use barenet_run::export::device::ForDevice;
use barenet_run::export::unmeasured;
use barenet_run::settings::ExportDtype;
use barenet_run::summary::Summary;
use barenet_run::trained_run::TrainedRun;
use std::path::Path;

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

/// Writes it, and prints its sizes.
pub(super) fn export(args: &Args, device: &ForDevice, out: &Path) -> Result<()> {
    let is_c = write(args, device, Place::claim(out, args.force)?)?;
    say!("network   {}, f32, folded; not measured, as --data names no data", device.model.arch());
    report::print_sizes(device, out, is_c)
}
