//! `barenet profile`.

use super::{ImagesFlag, counted, data_line, usage, warn_of_stand_in};
use crate::console::{Verbosity, say};
use crate::flags::SettingsFlags;
use anyhow::Result;
use barenet_data::DataSet;
use barenet_run::combined::{Combined, Written};
use barenet_run::doctor::Bounds;
use barenet_run::presets::Preset;
use barenet_run::profile::{Profile, advice, profile};
use barenet_run::settings::Settings;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Measure where the time of a training step goes, for a network on this machine
#[derive(clap::Args, Debug)]
#[command(args_override_self = true, after_help = include_str!("profile/help.txt").trim_end())]
pub(crate) struct Args {
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The images
    #[command(flatten)]
    images: ImagesFlag,
    /// Seconds to measure in all
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    seconds: f64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Settings
    #[command(flatten)]
    settings: SettingsFlags,
}

/// How long is measured, of what `--seconds` says.
pub(super) fn time(seconds: f64) -> Result<Duration> {
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if seconds <= 3600.0 => Ok(time),
        _ => usage(format!("--seconds must be from 0 to 3600, found {seconds:?}")),
    }
}

/// The settings of the run whose steps are measured, and its data.
pub(super) fn read(
    config: Option<&Path>,
    images: &ImagesFlag,
    settings: Settings,
    is_json: bool,
) -> Result<(Combined, DataSet)> {
    let written = Written::new(config, settings)?;
    let data = images.read(&written.settings, None)?;
    warn_of_stand_in(&data, if is_json { Verbosity::Quiet } else { Verbosity::Lines });
    Ok((written.over(Preset::DEFAULT, &data)?, data))
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<()> {
    let time = time(args.seconds)?;
    let (combined, data) = read(args.config.as_deref(), &args.images, args.settings.0, args.json)?;
    let (config, found) = profile(combined, &data, time)?;
    let peak = Bounds::multiply_adds_on(found.threads);
    let bound = found.operations / peak;
    let advice = advice(&found, bound);
    if args.json {
        let mut all = serde_json::to_value(&found)?;
        all["bound"] = json!(bound);
        all["peak"] = json!(peak);
        all["waiting"] = json!(found.waiting());
        all["samples_per_second"] = json!(found.samples_per_second());
        all["network"] = json!(config.arch().to_string());
        all["advice"] = json!(advice);
        say!("{all}");
        return Ok(());
    }
    let Profile { batch_size, threads, step, products, passes, update, rest, .. } = found;
    say!("data      {}", data_line(&data));
    say!("network   {}, batches of {batch_size}, {}", config.arch(), config.values().dtype.name());
    say!("backend   {}, {}", config.kernel(), counted(threads, "thread", "threads"));
    say!("\n{:<12}{:>10}{:>8}", "a step", "µs", "share");
    let row = |name: &str, seconds: f64, what: &str| -> Result<()> {
        say!("{name:<12}{:>10.1}{:>6.0} %  {what}", 1e6 * seconds, 100.0 * seconds / step);
        Ok(())
    };
    row("products", products, "matrix products")?;
    let local = if config.arch().has_local() { ", and locally connected layers" } else { "" };
    row("passes", passes, &format!("bias, ReLU, batch norm, dropout, loss{local}"))?;
    row("update", update, config.values().update_rule.name())?;
    row("rest", rest, "drawing, reading and scaling the batch, averages")?;
    row("step", step, &format!("{:.0} samples/s", found.samples_per_second()))?;
    let peak = peak * 1e-9;
    row("bound", bound, &format!("its products at {peak:.0} GFLOP/s, the measured peak of f32"))?;
    if let (Some(waiting), Some(one)) = (found.waiting(), found.step_on_one_thread) {
        let (one, times) = (1e6 * one, one / step);
        row(
            "waiting",
            waiting,
            &format!(
                "threads for each other: one alone takes {one:.1} µs, {times:.1} times as long"
            ),
        )?;
    }
    if !advice.is_empty() {
        say!("");
    }
    for line in advice {
        say!("- {line}");
    }
    Ok(())
}
