//! `barenet init`.

use super::{ImagesFlag, counted, data_line, inputs_text, out, warn_of_data};
use crate::console::say;
use crate::flags::SettingsFlags;
use anyhow::{Result, bail};
use barenet_data::DataSet;
use barenet_run::combined::Written;
use barenet_run::init::starting_settings;
use barenet_run::presets::Preset;
use barenet_run::settings::{Name, with_meanings};
use barenet_run::shell;
use std::path::PathBuf;

/// Write a configuration to start from, chosen by data
#[derive(clap::Args, Debug)]
#[command(
    args_override_self = true,
    after_help = "\
Examples:
  barenet init --data table.csv --out table.toml
  barenet init --data table.csv --target price --hidden 64,64 --out price.toml
  barenet init --data pictures --image-size 32 --out pictures.toml
  barenet train --data table.csv --config table.toml    trains with it

The file has what `barenet train --data` would choose by itself, each setting with its meaning, and trains to the same
weights. What is said here in flags stands in it."
)]
pub(crate) struct Args {
    /// The data
    #[command(flatten)]
    images: ImagesFlag,
    /// TOML file to write
    #[arg(long, value_name = "FILE", default_value = "barenet.toml")]
    out: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    /// Settings
    #[command(flatten)]
    settings: SettingsFlags,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<()> {
    let Args { images, out, force, settings } = args;
    let name = out::name(&out)?;
    let folder = out::folder(&out)?;
    let path = folder.place(name)?;
    if path.is_dir() {
        bail!("{}: is a folder; --out takes the name of a file", out.display());
    }
    if !force && path.symlink_metadata().is_ok() {
        bail!("{}: is there; replace it with --force, or name another --out", out.display());
    }
    let written = Written::new(None, settings.0)?;
    let data = images.read(&written.settings, None)?;
    let settings = starting_settings(&written.over(Preset::DEFAULT, &data)?, &data)?;
    warn_of_data(&data);

    let named = images.data.as_deref();
    let flag = named.map_or_else(String::new, |path| format!(" --data {}", shell::word(path)));
    let train = format!("barenet train{flag} --config {}", shell::word(&out));
    let about = about(&data);
    let head = format!(
        "# {about}\n# Train with it: {train}\n# All other settings: barenet config --explain\n\n"
    );
    folder.write(name, format!("{head}{}", with_meanings(&settings)).as_bytes())?;
    say!("data      {}", data_line(&data));
    say!("          {about}");
    say!("settings  {}", out.display());
    say!("next      `{train}`");
    Ok(())
}

/// What is learnt of the data, in a line.
fn about(data: &DataSet) -> String {
    let what = match &*data.target_names {
        [] => counted(data.output_dim(), "output", "outputs"),
        names => names.join(", "),
    };
    let samples = data.source.kind.samples;
    let line = format!(
        "{} {what} from {}, {} training {samples}",
        Name::from(data.task).name(),
        inputs_text(data),
        data.train.len()
    );
    // In a comment of one line, whatever columns are called.
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
