//! `barenet data accelerometer`.

use crate::console::say;
use anyhow::Result;
use barenet_data::accelerometer::{Motion, RATE, RECORDINGS, write};
use barenet_run::shell::word;
use std::path::PathBuf;

/// Draw recordings of an accelerometer in four motions, to try a network on
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet data accelerometer motions
  barenet train --data motions --window 128 --stride 64")]
pub(super) struct Args {
    /// Folder that is made: not there yet, or empty
    folder: PathBuf,
    /// Everything in them follows from it
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    write(&args.folder, args.seed)?;
    let motions = Motion::ALL.map(Motion::name).join(", ");
    say!("{}: {RECORDINGS} recordings of each of {motions}, at {RATE} Hz", args.folder.display());
    say!("train on them: barenet train --data {} --window 128 --stride 64", word(&args.folder));
    Ok(())
}
