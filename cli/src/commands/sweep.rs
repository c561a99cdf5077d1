//! `barenet sweep`.

mod report;
mod watcher;

pub(crate) use watcher::{How, Shown, train};

use super::{ImagesFlag, counted, data_line, usage, warn_of_data, warn_of_stand_in};
use crate::console::{Console, Verbosity};
use crate::flags::SettingsFlags;
use crate::ranks;
use crate::signals::Signals;
use anyhow::{Context, Result};
use barenet_data::DataSet;
use barenet_data::reading::read_named_text;
use barenet_run::combined::Written;
use barenet_run::presets::Preset;
use barenet_run::settings::{Settings, SettingsError, count};
use barenet_run::sweep::{Method, Options, Plan, Search, Shard, Sweep, Waiting};
use std::path::PathBuf;

/// Train with each of some settings, several runs at once, and find the best
#[derive(clap::Args, Debug)]
#[command(args_override_self = true, after_help = include_str!("sweep/help.txt").trim_end())]
pub(crate) struct Args {
    /// TOML file that says what is tried
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Read settings of all trials from this TOML file, such as the config.toml of a run
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The images
    #[command(flatten)]
    images: ImagesFlag,
    /// Folder of the sweep, in which each trial has its own [default: runs/NAME of the file, or runs/NAME-2, … if another
    /// sweep is there]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Runs at once, which share --threads [default: one on each thread]
    #[arg(long, short, value_parser = count, value_name = "N")]
    jobs: Option<usize>,
    /// Train only every N-th trial, from the I-th on, for job arrays: all shards share the folder [default: all, or the share of this
    /// one of the processes that mpirun or srun started]
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Replace runs of another sweep in the folder
    #[arg(long, requires = "out")]
    force: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
    /// Print a JSON line for each trial, and one with the leaderboard
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// What `train` has and a sweep does not
    #[arg(long, hide = true)]
    from: Option<PathBuf>,
    /// Settings of all trials
    #[command(flatten)]
    settings: SettingsFlags,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<()> {
    if args.from.is_some() {
        return usage(
            "--from is for `train`: all trials of a sweep begin with weights that are drawn",
        );
    }
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let file = &args.file;
    let text =
        read_named_text(file).with_context(|| format!("{}: cannot be read", file.display()))?;
    let search = Search::from_toml(&text, file)?;
    let flags = args.settings.0;
    search.check_apart(&flags, "a flag")?;
    let written = Written::new(args.config.as_deref(), flags.overlay(search.settings.clone()))?;
    let read = |reading: Settings| -> Result<(Settings, DataSet)> {
        let settings = reading.clone().overlay(written.settings.clone());
        Ok((reading, args.images.read(&settings, None)?))
    };
    let readings = search.readings()?.into_iter().map(read).collect::<Result<Vec<_>>>()?;
    let data_of = |wanted: &Settings| {
        readings.iter().find(|(reading, _)| reading == wanted).map(|(_, data)| data)
    };
    let plan = Plan::of_readings(&search, &written, Preset::DEFAULT, data_of)?;
    let (shard, waiting) = share(args.shard)?;
    let options = Options { jobs: args.jobs, shard, waiting, force: args.force };
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or("sweep");
    let sweep = Sweep::new(&plan, (args.out.as_deref(), name), options)?;

    let is_quiet = waiting == Waiting::ForWork;
    let verbosity = if is_quiet { Verbosity::Quiet } else { Verbosity::of(args.quiet, args.json) };
    let console = Console::new(verbosity);
    // What is odd about the files, each reading would say again.
    if let Some((_, data)) = readings.first() {
        warn_of_data(data);
        warn_of_stand_in(data, verbosity);
        console.line(&format!("data      {}", data_line(data)));
    }
    if readings.len() > 1 {
        console.line(&format!("          read in {} ways", readings.len()));
    }
    describe(&search, &plan, &sweep, &console);
    let shown = Shown { plan: &plan, console: &console, signals: &signals, of: How::Trials };
    let swept = train(&sweep, shown)?;
    report::show(&plan, &swept, &sweep, args.images.data.as_deref(), &console)?;
    let out = sweep.folder().current_path();
    console.end(&format!("the sweep is complete in {}", out.display()))
}

/// The trials of this process. Those that mpirun or srun start together share them, unless it is said which ones this one has; the
/// first waits for all, and shows them.
fn share(said: Option<Shard>) -> Result<(Shard, Waiting)> {
    match (said, ranks::place()) {
        (Some(shard), _) => Ok((shard, Waiting::No)),
        (None, None) => Ok((Shard::ALL, Waiting::No)),
        (None, Some((rank, count))) => {
            let shard = Shard::new(rank + 1, count).map_err(|error| {
                SettingsError::new(format!("this is one of {count} processes: {error}"))
            })?;
            Ok((shard, if rank == 0 { Waiting::ForAll } else { Waiting::ForWork }))
        }
    }
}

/// Says what is about to be tried.
fn describe(search: &Search, plan: &Plan<'_>, sweep: &Sweep<'_>, console: &Console) {
    let how = match &search.method {
        Method::Grid(_) => "all combinations",
        Method::Random { .. } => "drawn",
        Method::List(_) => "listed",
    };
    let trials = counted(plan.num_trials(), "trial", "trials");
    console.line(&format!("sweep     {trials}, {how}: {}", plan.names().join(", ")));
    if let [before @ .., last] = plan.rungs() {
        let before: Vec<_> = before.iter().map(ToString::to_string).collect();
        let factor = search.halving.map_or(0, |halving| halving.factor);
        console.line(&format!(
            "halving   after epoch {} one of {factor} goes on, to epoch {last}",
            before.join(", ")
        ));
    }
    let (jobs, threads) = sweep.at_once();
    console.line(&format!(
        "at once   {}, {} each\nfolder    {}\n",
        counted(jobs, "run", "runs"),
        counted(threads, "thread", "threads"),
        sweep.folder().path().display()
    ));
}
