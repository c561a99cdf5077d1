//! `barenet train`.

mod advice;
mod beside;
#[cfg(feature = "tensorboard")]
mod board;
#[cfg(feature = "tui")]
mod drawn;
mod folds;
mod from;
mod node;
mod page;
mod report;
mod show;
mod together;
mod verdict;
mod wanted;
mod watcher;

use super::{ImagesFlag, counted, usage, warn_of_data, warn_of_stand_in};
use crate::console::{Console, Verbosity};
use crate::flags::SettingsFlags;
use crate::signals::Signals;
use anyhow::{Context, Result};
use barenet_data::DataSet;
use barenet_run::combined::Written;
use barenet_run::presets::Preset;
use barenet_run::session::{Session, Start, When};
use barenet_run::settings::count;
use barenet_run::trained_run::TrainedRun;
use show::train_and_show;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use together::Together;
use wanted::Wanted;
use watcher::ConsoleWatcher;

/// Train a network
#[derive(clap::Args, Debug)]
#[command(args_override_self = true, after_help = include_str!("train/help.txt").trim_end())]
pub(crate) struct Args {
    /// Read settings from this TOML file, such as the config.toml of a run
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The images
    #[command(flatten)]
    pub(crate) images: ImagesFlag,
    /// Folder for the run's files [default: runs/NAME of the data or the preset, or runs/NAME-2, … if that is there]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Resume the run in this folder, from its last checkpoint; --epochs may be more than before
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "out", "force"])]
    pub(crate) resume: Option<PathBuf>,
    /// Start from the weights of this run or model file, with its layers and its scaling, on other data or these
    #[arg(long, value_name = "RUN|FILE", conflicts_with = "resume")]
    pub(crate) from: Option<PathBuf>,
    /// Write a checkpoint every N iterations too, not only after epochs
    #[arg(long, value_parser = count, value_name = "N")]
    pub(crate) checkpoint_every: Option<usize>,
    /// Write a checkpoint every so many seconds too
    #[arg(long, value_name = "SECONDS")]
    pub(crate) checkpoint_secs: Option<u64>,
    /// Replace the run that --out holds
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Draw the curves on all of the terminal as they grow (builds with the feature tui)
    #[arg(long, conflicts_with_all = ["quiet", "json"])]
    pub(crate) tui: bool,
    /// Write an event file for TensorBoard into the run's folder; a run that has one goes on with it when it is resumed
    #[cfg(feature = "tensorboard")]
    #[arg(long)]
    pub(crate) tensorboard: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Print events as JSON lines
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Settings
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<()> {
    let clock = Instant::now();
    let signals = Signals::listen().context("signals cannot be listened to")?;
    if args.checkpoint_every == Some(0) {
        return usage("--checkpoint-every must be at least 1, found 0");
    }
    let interval = args.checkpoint_secs.map(Duration::from_secs);
    let when = When { every: args.checkpoint_every, interval };
    let together = Together::join()?;
    let verbosity = Verbosity::of(args.quiet, args.json);
    let verbosity = together.as_ref().map_or(verbosity, |ranks| ranks.verbosity(verbosity));
    let is_first = together.as_ref().is_none_or(Together::is_first);
    let wanted = Wanted {
        #[cfg(feature = "tensorboard")]
        tensorboard: args.tensorboard && is_first,
        tui: args.tui && is_first,
    };

    if wanted.tui {
        check_terminal()?;
    }

    let out = match &together {
        Some(ranks) => ranks.out(args.out),
        None => args.out,
    };
    let flags = args.settings.0;
    let (start, data) = match &args.resume {
        None => {
            let mut written = Written::new(args.config.as_deref(), flags)?;
            if together.is_some() {
                Together::complete(&mut written.settings);
            }
            let from = args.from.as_deref().map(from::open).transpose()?;
            let (written, trained_on) = match &from {
                Some(from) => {
                    args.images.check_named_for(from.name(), from.trained_on())?;
                    (from.under(written)?, from.trained_on())
                }
                None => (written, None),
            };
            let read = || args.images.read(&written.settings, trained_on);
            let data = read_on(together.as_ref(), &args.images, verbosity, read)?;
            let combined = written.over(Preset::DEFAULT, &data)?;
            if let (Some(folds), None) = (combined.settings.folds, combined.settings.fold) {
                if wanted.tui {
                    return usage("--tui draws one run; leave it out with --folds");
                }
                let console = Console::new(verbosity);
                if is_first {
                    warn_of_stand_in(&data, verbosity);
                }
                let place = (out.as_deref(), args.force, args.images.data.as_deref());
                let watched = (console, &signals, together.as_ref());
                return folds::run(&combined, folds, &data, place, watched, wanted);
            }
            let start = Start::new(combined, out.as_deref(), args.force);
            (from.into_iter().fold(start, Start::from), data)
        }
        Some(run) => {
            let (start, run) = match &together {
                Some(ranks) => ranks.resume(run, flags)?,
                None => (Start::resume(run, flags)?, run.clone()),
            };
            if let Ok(run) = TrainedRun::open(&run) {
                args.images.check_named(&run)?;
            }
            let read = || args.images.read(start.settings(), start.trained_on());
            let data = read_on(together.as_ref(), &args.images, verbosity, read)?;
            (start, data)
        }
    };
    let mut session = Session::new(start, &data, when)?;
    let asked_for = args.images.data.as_deref();
    if let Some(together) = &together {
        session = together.share(session, asked_for)?;
    }
    // A run is resumed with its own images and no others.
    if args.resume.is_none() && is_first {
        warn_of_data(&data);
        warn_of_stand_in(&data, verbosity);
    }
    let values = session.config.values();
    let (console, epochs, batch) = (Console::new(verbosity), values.num_epochs, values.batch_size);
    let ranks = together.as_ref().map(Together::ranks);
    let watcher = ConsoleWatcher::new(console, signals, (epochs, batch), ranks);
    train_and_show(&session, watcher, wanted, asked_for, clock)
}

/// Reads data, on all ranks if there are several.
fn read_on(
    together: Option<&Together>,
    images: &ImagesFlag,
    verbosity: Verbosity,
    read: impl FnOnce() -> Result<DataSet>,
) -> Result<DataSet> {
    let Some(together) = together else { return read() };
    let (data, sharing) = together.read([&images.data, &images.val, &images.test], read)?;
    if sharing > 0 {
        let ranks = counted(sharing, "rank uses", "ranks use");
        Console::new(verbosity)
            .line(&format!("memory    {ranks} the data of another on the same machine"));
    }
    Ok(data)
}

/// Refuses to draw where nothing can be drawn.
fn check_terminal() -> Result<()> {
    #[cfg(feature = "tui")]
    return crate::tui::check();
    #[cfg(not(feature = "tui"))]
    return usage(
        "--tui: this build has no feature tui; `cargo install --locked --path cli --features tui` makes one that has",
    );
}
