//! Sweeps: training runs with each of some settings, beside each other, and which of them is the best.
//!
//! A [`Search`] says what is tried, a [`Plan`] has the runs of it for some data, and a [`Sweep`] trains them. Each trial is a run in a
//! folder of its own; what a sweep has come to is in these folders alone, so that one that was killed is resumed to the same bytes, and
//! several processes may share one.

mod board;
mod desk;
mod events;
mod file;
mod halving;
mod place;
mod plan;
mod record;
mod search;
mod shard;
mod space;
mod standing;
mod work;

pub use board::{Leaderboard, Row, State};
pub use events::{SweepEvent, SweepWatcher};
pub use halving::Halving;
pub use plan::Plan;
pub use search::{MAX_TRIALS, Method, READ_EACH, Search, Trial};
pub use shard::Shard;
pub use space::{Parameter, Space};

use crate::folder::Folder;
use crate::run_folder::{LEADERBOARD, SWEEP, WINNER, refuse_what_is_in_the_way};
use crate::settings::SettingsError;
use anyhow::{Context, Result, bail, ensure};
use barenet_blas::cpus;
use barenet_data::reading::{MAX_TEXT_LEN, read_at_most};
use desk::Desk;
use place::{Trace, check, free_or_own, place_of, trace};
use record::Record;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use work::Crew;

/// How long a shard waits for another that writes the leaderboard.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a shard looks what others, which it waits for, have come to.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// How a sweep is done. None of it changes a result.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Runs at once; `None` for one on each thread.
    pub jobs: Option<usize>,
    /// The trials that are trained here.
    pub shard: Shard,
    /// Whether other shards, which train at the same time, are waited for.
    pub waiting: Waiting,
    /// Whether runs of another sweep are replaced.
    pub force: bool,
}

/// For what a shard waits that has nothing left to train.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Waiting {
    /// For nothing: others may train tomorrow.
    #[default]
    No,
    /// For trials of others that its own are compared with.
    ForWork,
    /// For all trials of others.
    ForAll,
}

impl Default for Options {
    fn default() -> Self {
        Self { jobs: None, shard: Shard::ALL, waiting: Waiting::No, force: false }
    }
}

/// What a sweep has come to.
#[derive(Clone, Debug)]
pub struct Swept {
    /// The trials that are known.
    pub board: Leaderboard,
    /// Whether somebody stopped it.
    pub stopped: bool,
    /// How many trials other shards have yet to train, and the epoch to which, where that keeps this one from going on, or from being
    /// complete.
    pub missing: Option<(usize, Option<usize>)>,
}

/// Trials that can train: their folder is made and locked.
#[derive(Debug)]
pub struct Sweep<'a> {
    plan: &'a Plan<'a>,
    folder: Folder,
    options: Options,
    jobs: usize,
    threads: usize,
}

impl<'a> Sweep<'a> {
    /// Makes the folder of a sweep, or opens it where the sweep goes on: `out`, or the first of `runs/NAME`, `runs/NAME-2`, … that is free
    /// or has this sweep.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made, another process sweeps there, or it has a run that is none of the sweep.
    pub fn new(
        plan: &'a Plan<'a>,
        (out, name): (Option<&Path>, &str),
        options: Options,
    ) -> Result<Self> {
        if options.jobs == Some(0) {
            return Err(SettingsError::new("--jobs must be at least 1, found 0").into());
        }
        let out = out.map_or_else(|| free_or_own(plan, name), Path::to_path_buf);
        if !options.force {
            check(plan, &out)?;
        }
        let folder = Folder::make(&out)?;
        // Shards share it: they lock it only while they write.
        let folder = if options.shard.is_all() { folder.lock(WORKS)? } else { folder };
        refuse_what_is_in_the_way(&folder, [SWEEP, LEADERBOARD, WINNER])?;
        let all = if plan.threads == 0 { cpus() } else { plan.threads };
        let mine = (0..plan.num_trials()).filter(|&trial| options.shard.has(trial)).count();
        let jobs = options.jobs.unwrap_or(all).min(mine).max(1);
        let threads = (all / jobs).max(1);
        Ok(Self { plan, folder, options, jobs, threads })
    }

    /// The folder.
    #[must_use]
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Runs at once, and the threads of each.
    #[must_use]
    pub const fn at_once(&self) -> (usize, usize) {
        (self.jobs, self.threads)
    }

    /// Samples that are trained on, if no trial ends early for another reason than halving.
    #[must_use]
    pub fn num_samples(&self) -> usize {
        let mine = self.plan.trials.iter().enumerate();
        let mine = mine.filter(|(trial, _)| self.options.shard.has(*trial));
        let (mut samples, mut count) = (0_usize, 0_usize);
        for (_, planned) in mine {
            let epoch = planned.samples_per_epoch();
            let epochs = if self.plan.rungs.is_empty() { planned.num_epochs } else { 1 };
            samples = samples.saturating_add(epoch.saturating_mul(epochs));
            count += 1;
        }
        let Some(halving) = self.plan.halving else { return samples };
        // Of all trials alike: which ones go on is not known.
        let (mut epochs, mut before, mut left) = (0.0, 0, count);
        for &rung in &self.plan.rungs {
            epochs += (left * (rung - before)) as f64;
            (before, left) = (rung, left.div_ceil(halving.factor));
        }
        (samples as f64 / count.max(1) as f64 * epochs) as usize
    }

    /// Trains what is left to train, and writes the leaderboard, and the settings of the best trial.
    ///
    /// # Errors
    ///
    /// The first error of a trial, and if a file cannot be written. A trial whose loss is not finite is none.
    pub fn run(&self, watcher: &mut dyn SweepWatcher) -> Result<Swept> {
        let Self { plan, folder, options, .. } = self;
        let mut desk = Desk::new(self, watcher);
        let at_once = (self.jobs, self.threads);
        let crew = Crew::new(plan, folder, at_once, options.force, &desk.records);
        let (mut told, mut stopped, mut missing) = (0, false, None);
        let mut before = None;
        loop {
            let standing = desk.standing();
            for (&(survivors, trials), &epoch) in
                standing.compared.iter().zip(&plan.rungs).skip(told)
            {
                desk.watcher.event(&SweepEvent::Compared { epoch, survivors, trials });
            }
            told = standing.rung();
            if standing.left.is_empty() {
                break;
            }
            // The last of them is the end of each.
            let until = plan.rungs.get(told).copied().filter(|_| told + 1 < plan.rungs.len());
            let mine = standing.left.iter().copied().filter(|&trial| options.shard.has(trial));
            let mine: Vec<_> = mine.collect();
            if mine.is_empty() {
                let waits = match options.waiting {
                    Waiting::No => false,
                    Waiting::ForWork => until.is_some(),
                    Waiting::ForAll => true,
                };
                if waits && desk.pause(LOOKS_EVERY) {
                    desk.records = self.read_records(folder);
                    continue;
                }
                (stopped, missing) = (waits, Some((standing.left.len(), until)));
                break;
            }
            // Somebody has taken away what they came to.
            let now = Some((told, mine.clone()));
            ensure!(now != before, "{}: trials were changed meanwhile", folder.path().display());
            let is_over = crew.train(&mine, until, &mut desk)?;
            desk.warn();
            if !is_over {
                stopped = true;
                break;
            }
            if !options.shard.is_all() {
                desk.records = self.read_records(folder);
            }
            before = now;
        }
        desk.write_board()?;
        Ok(Swept { board: desk.board(), stopped, missing })
    }

    /// What the trials have come to, as their folders say it.
    fn read_records(&self, folder: &Folder) -> Vec<Option<Record>> {
        let found = |planned| match trace(planned, &place_of(folder, planned)) {
            Trace::Begun(record) => record,
            Trace::New | Trace::Other(_) => None,
        };
        self.plan.trials.iter().map(found).collect()
    }

    /// Does something with the folder locked.
    fn locked<R>(&self, work: impl FnOnce(&Folder) -> Result<R>) -> Result<R> {
        if self.options.shard.is_all() {
            return work(&self.folder);
        }
        let begin = Instant::now();
        let mut failures = 0;
        loop {
            let folder = Folder::open(&self.folder.current_path())?;
            let is_in_use = folder.is_in_use();
            match folder.lock(WORKS) {
                Ok(folder) => {
                    folder.keep();
                    return work(&folder);
                }
                Err(error) if failures > 9 || begin.elapsed() > PATIENCE => return Err(error),
                // Whoever had it may have given it back in between.
                Err(_) => failures += usize::from(!is_in_use),
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What another process is told that wants the same folder.
const WORKS: &str = "sweeps";

/// The folders of the runs of a sweep, the best first; `None` for a folder of no sweep.
///
/// # Errors
///
/// If its leaderboard cannot be read.
pub fn runs_of(folder: &Path) -> Result<Option<Vec<PathBuf>>> {
    let file = folder.join(LEADERBOARD);
    if !file.is_file() {
        return Ok(None);
    }
    let name = || file.display().to_string();
    // A row for each of 10,000 trials.
    let text = read_at_most(&file, 64 * MAX_TEXT_LEN).with_context(name)?;
    let text = String::from_utf8(text).unwrap_or_default();
    let is_plain = |run: &&str| run.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    match Leaderboard::runs_of(&text) {
        Some(runs) if runs.iter().all(is_plain) => {
            Ok(Some(runs.into_iter().map(|run| folder.join(run)).collect()))
        }
        _ => bail!("{}: is no leaderboard of a sweep; `barenet sweep` writes it anew", name()),
    }
}
