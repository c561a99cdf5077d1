//! Exports of a file of another program: an import and an export in one.

use super::Args;
use super::open::OpenFormat;
use anyhow::{Context, Result};
use barenet_data::disk::folder_of;
use barenet_run::import::{Said, read};
use barenet_run::trained_run::TrainedRun;

/// Imports the file into a folder that is removed afterwards, and exports that; without `--out`, to a place beside the file.
pub(super) fn run(args: &Args, open_format: Option<OpenFormat>) -> Result<()> {
    let place = tempfile::tempdir().context("no folder for the import can be made")?;
    let name = args.run.file_stem().and_then(|stem| stem.to_str()).unwrap_or("imported");
    let folder = read(&args.run, &Said::default())?.write(Some(&place.path().join(name)), name)?;
    let run = TrainedRun::open_import(&folder, &args.run)?;
    let beside = || folder_of(&args.run).join(args.format.beside(name));
    let out = args.out.clone().unwrap_or_else(beside);
    super::export(args, open_format, &run, &out)
}
