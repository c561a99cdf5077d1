//! Exports of a file of another program: an import and an export in one.

use super::Args;
use anyhow::{Context, Result, anyhow};
use barenet_data::disk::folder_of;
use barenet_run::import::{Said, read};
use barenet_run::settings::SettingsError;

/// Imports the file into a folder that is removed afterwards, and exports that; without `--out`, to a place beside the file.
pub(super) fn run(args: &Args) -> Result<()> {
    let place = tempfile::tempdir().context("no folder for the import can be made")?;
    let name = args.run.file_stem().and_then(|stem| stem.to_str()).unwrap_or("imported");
    let run = place.path().join(name);
    read(&args.run, &Said::default())?.write(Some(&run), name)?;
    let beside = || folder_of(&args.run).join(args.format.beside(name));
    let out = args.out.clone().unwrap_or_else(beside);
    let args_of_run = Args { run, out: Some(out), ..args.clone() };
    super::run(&args_of_run).map_err(|error| {
        // Nobody knows that folder.
        let (message, place) = (format!("{error:#}"), args_of_run.run.display().to_string());
        let is_of_place = message.contains(&place) && !error.is::<SettingsError>();
        let file = args.run.display().to_string();
        if is_of_place { anyhow!(message.replace(&place, &file)) } else { error }
    })
}
