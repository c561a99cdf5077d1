//! `barenet presets`.

use crate::console::say;
use anyhow::Result;
use barenet_run::presets::Preset;
use barenet_run::settings::did_you_mean;
use serde_json::json;

/// List the course's experiments, for --preset
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet presets
  barenet presets six-layer-adam > mine.toml    settings to change, for train --config
  barenet presets --json | jq -r '.[].name'")]
pub(crate) struct Args {
    /// Show the settings of this one, as a TOML file that --config reads
    pub(crate) name: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut presets = Preset::all()?;
    if let Some(name) = &args.name {
        presets.retain(|preset| preset.name == name);
        if presets.is_empty() {
            return super::usage(format!(
                "there is no preset {name:?}; {}`barenet presets` lists them",
                did_you_mean(name, Preset::names())
            ));
        }
    }
    if args.json {
        let list: Vec<_> = presets
            .iter()
            .map(|p| json!({ "name": p.name, "summary": p.summary, "settings": p.settings }))
            .collect();
        say!("{}", json!(list));
    } else if args.name.is_some() {
        for preset in presets {
            say!("# {}\n{}", preset.summary, preset.settings.to_toml().trim_end());
        }
    } else {
        for preset in presets {
            say!("{:<22}{}", preset.name, preset.summary);
        }
    }
    Ok(())
}
