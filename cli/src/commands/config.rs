//! `barenet config`.

use crate::console::say;
use crate::flags::SettingsFlags;
use anyhow::Result;
use barenet_run::combined::{Combined, Written};
use barenet_run::settings::{Settings, explain};
use std::path::PathBuf;

/// Print settings as a TOML file that --config reads
#[derive(clap::Args, Debug)]
#[command(
    args_override_self = true,
    after_help = "\
Examples:
  barenet config --explain                             every setting: meaning, range, default
  barenet config --explain --preset best > mine.toml   a preset, to change
  barenet config --preset best --epochs 5              what a preset and flags give together
  barenet config --config mine.toml                    whether a file can be used

The settings are those of --preset, under those of --config, under flags; what is none of them is left out, or with
--explain a comment that shows its default."
)]
pub(crate) struct Args {
    /// Show every setting, with its meaning, the values that it may have, and its default
    #[arg(long)]
    explain: bool,
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Settings
    #[command(flatten)]
    settings: SettingsFlags,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<()> {
    let written = Written::new(args.config.as_deref(), args.settings.0)?.settings;
    let settings = match written.preset {
        Some(_) => Combined::new(None, written, "")?.settings,
        None => written,
    };
    // Refused here, and not first where it trains.
    let explained = explain(&settings)?;
    if args.explain {
        say!("{}", explained.trim_end());
    } else {
        say!("{}", to_toml(&settings));
    }
    Ok(())
}

fn to_toml(settings: &Settings) -> String {
    let text = settings.to_toml();
    if text.is_empty() { "# nothing is set".to_owned() } else { text.trim_end().to_owned() }
}
