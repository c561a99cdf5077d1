//! `barenet train`.

mod advice;
mod report;
mod watcher;

use super::{ImagesFlag, usage, warn_of_stand_in};
use crate::console::{Console, Verbosity};
use crate::flags::SettingsFlags;
use crate::signals::{Signals, Stopped};
use anyhow::{Context, Result};
use barenet_data::reading::read_named_text;
use barenet_model::number::Number;
use barenet_run::backend::start_backend;
use barenet_run::checkpoint::read_config;
use barenet_run::checkpoint::store;
use barenet_run::config::{Config, ignored};
use barenet_run::presets::{Preset, Reported};
use barenet_run::run_folder::RunFolder;
use barenet_run::session::{Session, When};
use barenet_run::settings::{Dtype, Settings, count};
use barenet_run::shell::resume_command;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use watcher::ConsoleWatcher;

/// Train a network
#[derive(clap::Args, Debug)]
#[command(
    args_override_self = true,
    after_help = "\
Examples:
  barenet train                                    the course's two-layer net
  barenet train --preset best --seed 3             the course's best net, other random numbers
  barenet train --hidden 256,128 --update-rule adam --batchnorm --epochs 5
  barenet train --config runs/two-layer/config.toml --out runs/again
  barenet train --json | jq 'select(.event == \"step\").loss'
  barenet train --resume runs/best                 resume a run that was stopped
  barenet train --resume runs/best --epochs 40     or that is to be longer

A run starts from --preset (two-layer if there is no --config either), is changed by --config, then
by flags. The first Ctrl-C stops it after a checkpoint, the second at once; so do SIGTERM,
SIGHUP and SIGXCPU. Exit status: 0 ok, 1 failed, 2 a setting or flag that cannot be used, 129, 130, 143
and 152 stopped."
)]
pub struct Args {
    /// Read settings from this TOML file, such as the config.toml of a run
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The images
    #[command(flatten)]
    pub images: ImagesFlag,
    /// Folder for the run's files [default: runs/NAME, or runs/NAME-2, … if that is there]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Resume the run in this folder, from its last checkpoint; --epochs may be more than before
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "out", "force"])]
    pub resume: Option<PathBuf>,
    /// Write a checkpoint every N iterations too, not only after epochs
    #[arg(long, value_parser = count, value_name = "N")]
    pub checkpoint_every: Option<usize>,
    /// Write a checkpoint every so many seconds too
    #[arg(long, value_name = "SECONDS")]
    pub checkpoint_secs: Option<u64>,
    /// Replace the run that --out holds
    #[arg(long, requires = "out")]
    pub force: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
    /// Print events as JSON lines
    #[arg(long, conflicts_with = "quiet")]
    pub json: bool,
    /// Settings
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// The settings of a run that is to begin.
#[derive(Debug)]
pub struct Combined {
    /// Those of a preset, a file and flags, one over the other.
    pub settings: Settings,
    /// Those that somebody wrote: of the file and the flags.
    pub written: Settings,
    /// The preset.
    pub preset: Option<Preset>,
}

/// Puts settings of a preset, a file and flags one over the other.
///
/// # Errors
///
/// If the file cannot be read or parsed, or there is no such preset.
pub fn combine(config: Option<&Path>, flags: Settings, default_preset: &str) -> Result<Combined> {
    let file = match config {
        None => Settings::default(),
        Some(path) => {
            let text = read_named_text(path)
                .with_context(|| format!("{}: cannot be read", path.display()))?;
            Settings::from_toml(&text, path)?
        }
    };
    let from_file = file.preset.clone();
    let wanted = flags.overlay(file);
    let name = match &wanted.preset {
        Some(name) => Some(name.clone()),
        None if config.is_none() => Some(default_preset.to_owned()),
        None => None,
    };
    let Some(name) = name else {
        return Ok(Combined { settings: wanted.clone(), written: wanted, preset: None });
    };
    let Some(preset) = Preset::find(&name)? else {
        let names: Vec<_> = Preset::names().collect();
        let place =
            if from_file.as_ref() == Some(&name) { "preset in the file" } else { "--preset" };
        return usage(format!("{place}: there is no {name:?}; there are {}", names.join(", ")));
    };
    let settings = wanted
        .clone()
        .overlay(preset.settings.clone())
        .overlay(Settings { preset: Some(name), ..Settings::default() });
    Ok(Combined { settings, written: wanted, preset: Some(preset) })
}

/// Settings of a resumed run: its own, but for those that change nothing of what was done.
fn settings_to_resume(flags: Settings, config: &str, file: &Path) -> Result<Settings> {
    let Settings { num_epochs, threads, print_every, .. } = flags;
    let allowed = Settings { num_epochs, threads, print_every, ..Settings::default() };
    if flags != allowed {
        return usage(
            "a resumed run keeps its own settings: of them, --resume takes only --epochs, --threads and \
             --print-every",
        );
    }
    Ok(allowed.overlay(Settings::from_toml(config, file)?))
}

/// Runs the command.
///
/// # Errors
///
/// For data, settings or files that cannot be used, for a loss that is not finite, and
/// [`Stopped`] when the run was stopped.
pub fn run(args: Args) -> Result<()> {
    let start = Instant::now();
    let signals = Signals::listen().context("signals cannot be listened to")?;
    if args.checkpoint_every == Some(0) {
        return usage("--checkpoint-every must be at least 1, found 0");
    }
    let interval = args.checkpoint_secs.map(Duration::from_secs);
    let when = When { every: args.checkpoint_every, interval };
    let verbosity = Verbosity::of(args.quiet, args.json);
    let console = Console::new(verbosity);

    let mut opened = None;
    let mut resume = None;
    let mut written = Settings::default();
    let (settings, preset) = match &args.resume {
        None => {
            let found = combine(args.config.as_deref(), args.settings.0, Preset::DEFAULT)?;
            written = found.written;
            (found.settings, found.preset)
        }
        Some(path) => {
            let folder = RunFolder::resume(path)?;
            let found = store::find(&folder)?;
            if let Some(problem) = &found.passed_over {
                let file = found.file.display();
                console.warn(&format!("{problem:#}; resumes from {file}, the one before"));
            }
            let config = read_config(&found.bytes, &found.file)?;
            let settings = settings_to_resume(args.settings.0, &config, &found.file)?;
            let preset = settings.preset.as_deref().map(Preset::find).transpose()?.flatten();
            found.quarantine_damaged(&folder)?;
            opened = Some(folder);
            resume = Some((found.bytes, found.file));
            (settings, preset)
        }
    };
    let data = args.images.read()?;
    let mut config = Config::new(settings, data.input_dim(), data.num_classes())?;
    let split = config.split(&data)?;
    // A resumed run has the settings that it began with.
    if args.resume.is_none() {
        config.fit(&written, split.train.len())?;
        ignored(&written, &[&config]).iter().for_each(|line| console.warn(line));
    }
    let backend = start_backend(&config)?;
    let name = config.values().preset.clone().unwrap_or_else(|| "custom".to_owned());
    let folder = match opened {
        Some(folder) => folder,
        None => RunFolder::create(args.out.as_deref(), &name, args.force)?,
    };
    // A run is resumed with its own images and no others.
    if args.resume.is_none() {
        warn_of_stand_in(&data, verbosity);
    }
    let session = Session {
        config: &config,
        data: &data,
        split: &split,
        backend: &backend,
        folder: &folder,
        name: &name,
        when,
        resume,
    };
    let solver = config.solver::<f32>();
    let watcher = ConsoleWatcher::new(console, signals, solver.num_epochs, solver.batch_size);
    let reported = report::reported(preset.as_ref(), &config, &data);
    let asked_for = args.images.data.as_deref();
    match config.dtype() {
        Dtype::F32 => train::<f32>(&session, watcher, asked_for, reported, start),
        Dtype::F64 => train::<f64>(&session, watcher, asked_for, reported, start),
    }
}

/// Trains to the end, or until somebody stops the run, and shows it.
fn train<T: Number>(
    session: &Session<'_>,
    mut watcher: ConsoleWatcher,
    asked_for: Option<&Path>,
    reported: Option<Reported>,
    start: Instant,
) -> Result<()> {
    let folder = session.folder;
    let run = session.begin::<T>(&mut watcher)?;
    report::describe::<T>(session, &watcher.console);
    watcher.start();
    let trained = run.train(&mut watcher);
    watcher.console.finish();
    let mut trained = trained?;
    // A run that did no step leaves nothing.
    if folder.is_begun() {
        report::plot(session, &trained.outcome)?;
    }
    if trained.outcome.stopped {
        let iteration = trained.outcome.progress.iteration;
        let resume = resume_command(&folder.current_path(), asked_for);
        return Err(Stopped::Early { signal: watcher.signal(), iteration, resume }.into());
    }
    let summary = trained.finish(&mut watcher, start)?;
    let console = watcher.console;
    report::report(session, &console, &summary, reported, &trained.outcome)?;
    console.end(&format!("the run is complete in {}", folder.current_path().display()))
}
