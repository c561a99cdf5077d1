//! Where all that is known of the trials of a sweep comes together.

use super::Sweep;
use super::board::{Entry, Leaderboard, Row, State};
use super::events::{SweepEvent, SweepWatcher};
use super::record::Record;
use super::standing::Standing;
use super::work::{Listener, Message};
use crate::run_folder::names::{SWEEP_HEAD, WINNER_HEAD};
use crate::run_folder::{LEADERBOARD, SWEEP, WINNER};
use anyhow::Result;
use std::thread;
use std::time::{Duration, Instant};

/// How long a leaderboard that changes is not written again.
const PAUSE: Duration = Duration::from_secs(2);
/// How long a warning waits: an error that follows says it better.
const HELD_BACK: Duration = Duration::from_secs(1);

/// What is known of the trials, who hears of it, and what is written of it.
pub(super) struct Desk<'s> {
    sweep: &'s Sweep<'s>,
    pub(super) records: Vec<Option<Record>>,
    pub(super) watcher: &'s mut dyn SweepWatcher,
    /// Warnings that wait, since when.
    warnings: Vec<(Instant, String)>,
    /// When the leaderboard was written last.
    written: Option<Instant>,
    /// Whether the folder has what the sweep was asked for.
    is_begun: bool,
}

impl<'s> Desk<'s> {
    pub(super) fn new(sweep: &'s Sweep<'s>, watcher: &'s mut dyn SweepWatcher) -> Self {
        let records = sweep.read_records(&sweep.folder);
        Self { sweep, records, watcher, warnings: Vec::new(), written: None, is_begun: false }
    }

    pub(super) fn standing(&self) -> Standing {
        let plan = self.sweep.plan;
        Standing::new(&self.records, plan.rungs.len(), (plan.halving, plan.metric))
    }

    /// A trial that is known.
    fn entry(&self, trial: usize, goes_on: bool) -> Option<Entry> {
        let plan = self.sweep.plan;
        let (planned, record) = (plan.trials.get(trial)?, self.records.get(trial)?.clone()?);
        let state = match record.diverged_at {
            Some(iteration) => State::Diverged(iteration),
            None if record.is_at(plan.rungs.len().saturating_sub(1)) => State::Complete,
            None if goes_on => State::Waiting,
            None => State::Halved,
        };
        let (run, settings) = (planned.trial.name.clone(), planned.trial.settings.clone());
        Some(Entry { trial, run, settings, state, record })
    }

    pub(super) fn board(&self) -> Leaderboard {
        let (plan, standing) = (self.sweep.plan, self.standing());
        let goes_on = |trial: &usize| standing.alive.binary_search(trial).is_ok();
        let entries = (0..plan.num_trials()).filter_map(|trial| self.entry(trial, goes_on(&trial)));
        Leaderboard::new(plan.metric, plan.names.clone(), entries)
    }

    /// Hands on all warnings.
    pub(super) fn warn(&mut self) {
        self.warn_after(Duration::ZERO);
    }

    /// Hands on warnings that have waited so long.
    fn warn_after(&mut self, held_back: Duration) {
        let is_due = |(since, _): &mut (Instant, String)| since.elapsed() >= held_back;
        for (_, message) in self.warnings.extract_if(.., is_due) {
            self.watcher.warning(&message);
        }
    }

    /// Does nothing for a time; false if the sweep is to stop meanwhile.
    pub(super) fn pause(&mut self, time: Duration) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < time {
            if self.watcher.is_stop_asked() {
                return false;
            }
            thread::sleep(time / 20);
        }
        true
    }

    /// Writes the leaderboard, if there is one, and when all trials have ended the settings of the best.
    pub(super) fn write_board(&mut self) -> Result<()> {
        if self.records.iter().all(Option::is_none) {
            return Ok(());
        }
        self.begin()?;
        let sweep = self.sweep;
        sweep.locked(|folder| {
            // Other shards may have come farther meanwhile.
            if !sweep.options.shard.is_all() {
                self.records = sweep.read_records(folder);
            }
            let board = self.board();
            folder.write(LEADERBOARD, board.to_csv().as_bytes())?;
            if self.standing().left.is_empty()
                && let Some(best) = board.best()
            {
                folder.write(WINNER, self.winner(best).as_bytes())?;
            }
            Ok(())
        })?;
        self.written = Some(Instant::now());
        Ok(())
    }

    /// Writes what the sweep was asked for, now that there is something of it.
    fn begin(&mut self) -> Result<()> {
        if !self.is_begun {
            let text =
                format!("{SWEEP_HEAD}: `barenet sweep` takes this file\n{}", self.sweep.plan.text);
            self.sweep.locked(|folder| folder.write(SWEEP, text.as_bytes()))?;
            self.is_begun = true;
        }
        Ok(())
    }

    /// The settings of the best trial, as a file for `train --config`.
    fn winner(&self, best: &Row) -> String {
        let plan = self.sweep.plan;
        let config = plan.trials.get(best.trial).map_or("", |planned| &planned.config);
        let val = best.best_val.unwrap_or_default();
        format!(
            "{WINNER_HEAD}: {}, validation {} {val}; `barenet train --config` takes this file\n{config}",
            best.run,
            plan.metric.name(),
        )
    }
}

impl Listener for Desk<'_> {
    fn hear(&mut self, message: Message) -> Result<()> {
        match message {
            Message::Begun(trial) => self.watcher.event(&SweepEvent::Begun { trial }),
            Message::Checked { trial, epoch, check } => {
                self.watcher.event(&SweepEvent::Checked { trial, epoch, check });
            }
            Message::Warning { trial, message } => {
                let name = self.sweep.plan.name(trial).to_owned();
                self.warnings.push((Instant::now(), format!("{name}: {message}")));
            }
            Message::Ended { trial, record } => {
                if let Some(place) = self.records.get_mut(trial) {
                    *place = Some(record);
                }
                self.begin()?;
                if let Some(entry) = self.entry(trial, true) {
                    let row = entry.row(&self.sweep.plan.names);
                    self.watcher.event(&SweepEvent::Ended { trial, row: &row });
                }
                if self.written.is_none_or(|written| written.elapsed() > PAUSE) {
                    self.write_board()?;
                }
            }
        }
        Ok(())
    }

    fn tick(&mut self, done: usize, trained: usize) {
        self.watcher.progress(done, trained);
        self.warn_after(HELD_BACK);
    }

    fn is_stop_asked(&mut self) -> bool {
        self.watcher.is_stop_asked()
    }
}
