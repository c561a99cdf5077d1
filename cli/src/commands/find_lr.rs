//! `barenet find-lr`.

use super::{ImagesFlag, data_line, out, warn_of_data, warn_of_stand_in};
use crate::console::{Console, Verbosity, say};
use crate::flags::SettingsFlags;
use crate::signals::{Signals, Stopped};
use anyhow::{Context, Result, bail};
use barenet_report::range_test_figure;
use barenet_run::combined::Written;
use barenet_run::presets::Preset;
use barenet_run::range_test::{Range, RangeTest};
use barenet_run::run_folder::refuse_what_is_no_plot;
use barenet_run::settings::count;
use serde_json::json;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Find a learning rate: try all from low to high in one short run
#[derive(clap::Args, Debug)]
#[command(args_override_self = true, after_help = include_str!("find_lr/help.txt").trim_end())]
pub(crate) struct Args {
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The images
    #[command(flatten)]
    images: ImagesFlag,
    /// Steps, each with a higher rate
    #[arg(long, value_parser = count, value_name = "N", default_value_t = 100)]
    steps: usize,
    /// Rate of the first step [default: a thousandth of the run's]
    #[arg(long, value_name = "X")]
    lowest: Option<f64>,
    /// Rate of the last step [default: ten thousand times the run's]
    #[arg(long, value_name = "X")]
    highest: Option<f64>,
    /// SVG file for the plot, made, or replaced if barenet drew it
    #[arg(long, value_name = "FILE", default_value = "find-lr.svg")]
    out: PathBuf,
    /// Print the flag alone
    #[arg(long, short)]
    quiet: bool,
    /// Print one JSON object
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Settings
    #[command(flatten)]
    settings: SettingsFlags,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<()> {
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let name = out::name_with_ending(&args.out, "the plot", "svg")?;
    let folder = out::folder(&args.out)?;
    refuse_what_is_no_plot(&folder, name)?;
    let written = Written::new(args.config.as_deref(), args.settings.0)?;
    let data = args.images.read(&written.settings, None)?;
    let combined = written.over(Preset::DEFAULT, &data)?;
    let range = Range { lowest: args.lowest, highest: args.highest, steps: args.steps };
    let test = RangeTest::new(combined, &data, range)?;
    let verbosity = Verbosity::of(args.quiet, args.json);
    warn_of_data(&data);
    warn_of_stand_in(&data, verbosity);
    let console = Console::new(verbosity);
    console.line(&format!("data      {}", data_line(&data)));
    console.line(&format!("network   {}", test.config.arch()));
    let tested = test.run(|_step| match signals.stop() {
        Some(_) => ControlFlow::Break(()),
        None => ControlFlow::Continue(()),
    })?;
    if let Some(signal) = signals.stop() {
        return Err(Stopped::Nothing { signal }.into());
    }
    let (Some(&first), Some((step, least))) = (tested.smoothed.first(), tested.least()) else {
        bail!("the first loss is not a finite number: look at the data with `barenet data info`");
    };
    let title = args.images.data.as_deref().and_then(|path| path.file_stem()?.to_str());
    let figure = range_test_figure(title.unwrap_or(data.source.kind.word), &tested);
    folder.write(name, figure.to_svg()?.as_bytes())?;

    let suggestion = tested.suggestion();
    let at = tested.rates.get(step).copied().unwrap_or_default();
    if args.json {
        say!(
            "{}",
            json!({
                "suggestion": suggestion, "least": { "rate": at, "loss": least }, "rates": tested.rates,
                "losses": tested.losses, "smoothed": tested.smoothed, "diverged": tested.has_diverged,
                "plot": args.out,
            })
        );
    }
    let (lowest, highest) = (tested.rates.first(), tested.rates.last());
    let text = |rate: Option<&f64>| rate.map_or_else(String::new, |rate| format!("{rate:.1e}"));
    let (lowest, highest, steps) = (text(lowest), text(highest), tested.rates.len());
    console.line(&format!("rates     {lowest} to {highest} in {steps} steps"));
    console.line(&format!("loss      {first:.3} at first, {least:.3} at least, at {at:.1e}"));
    console.line(&format!("plot      {}", args.out.display()));
    let Some(suggestion) = suggestion else {
        bail!(
            "the loss falls at none of these rates: try --lowest and --highest, or more --steps; {} shows it",
            args.out.display()
        );
    };
    console.line("\nto train with:");
    console.end("the plot is drawn")?;
    if !args.json {
        say!("--lr {suggestion:?}");
    }
    Ok(())
}
