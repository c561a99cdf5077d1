//! Trials that train beside each other, each as far as it is to go.

use super::place::{Trace, place_of, trace};
use super::plan::{Plan, Planned};
use super::record::Record;
use crate::combined::Combined;
use crate::events::{Check, RunEvent};
use crate::folder::Folder;
use crate::run_folder::SUMMARY;
use crate::session::{Request, Session, Start, Watcher, When};
use crate::settings::Settings;
use anyhow::{Context, Error, Result};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often whoever watches is asked whether to stop.
const TICK: Duration = Duration::from_millis(50);

/// What the threads that train have to say.
pub(super) enum Message {
    /// A trial has begun, or goes on.
    Begun(usize),
    /// A trial has been checked after an epoch.
    Checked { trial: usize, epoch: usize, check: Check },
    /// A trial has come to where it was to go.
    Ended { trial: usize, record: Record },
    /// A warning of a trial.
    Warning { trial: usize, message: String },
}

/// Those who train the trials of a sweep.
pub(super) struct Crew<'s> {
    pub(super) plan: &'s Plan<'s>,
    pub(super) folder: &'s Folder,
    /// Runs at once.
    pub(super) jobs: usize,
    /// Threads of each.
    pub(super) threads: usize,
    /// Whether other runs are replaced.
    pub(super) force: bool,
    /// Samples that each trial has trained on.
    samples: Vec<AtomicUsize>,
    /// Samples of the steps that were done here.
    trained: AtomicUsize,
    stop: AtomicBool,
    failure: Mutex<Option<Error>>,
}

/// Whoever hears of it, and may end it.
pub(super) trait Listener {
    fn hear(&mut self, message: Message) -> Result<()>;
    fn tick(&mut self, done: usize, trained: usize);
    fn is_stop_asked(&mut self) -> bool;
}

impl<'s> Crew<'s> {
    pub(super) fn new(
        plan: &'s Plan<'s>,
        folder: &'s Folder,
        (jobs, threads): (usize, usize),
        force: bool,
        records: &[Option<Record>],
    ) -> Self {
        let done = |(planned, record): (&Planned<'_>, &Option<Record>)| {
            let epochs = record.as_ref().map_or(0, |record| record.epochs);
            AtomicUsize::new(planned.samples_per_epoch().saturating_mul(epochs))
        };
        Self {
            plan,
            folder,
            jobs,
            threads,
            force,
            samples: plan.trials.iter().zip(records).map(done).collect(),
            trained: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            failure: Mutex::new(None),
        }
    }

    /// Trains some trials to an epoch, or to their end. Says whether all have come there: nobody has asked to stop.
    ///
    /// # Errors
    ///
    /// The first error of a trial, or of the listener: the others then stop with a checkpoint.
    pub(super) fn train(
        &self,
        trials: &[usize],
        until: Option<usize>,
        listener: &mut dyn Listener,
    ) -> Result<bool> {
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            let (sender, messages) = mpsc::channel();
            let next = &next;
            let mut workers = 0;
            for _ in 0..self.jobs.min(trials.len()) {
                let sender = sender.clone();
                let work = move || self.work(trials, next, until, &sender);
                // Where the system starts fewer threads, those do all.
                workers += usize::from(thread::Builder::new().spawn_scoped(scope, work).is_ok());
            }
            if workers == 0 {
                self.work(trials, next, until, &sender);
            }
            drop(sender);
            loop {
                let message = messages.recv_timeout(TICK);
                if listener.is_stop_asked() {
                    self.stop.store(true, Ordering::Relaxed);
                }
                match message {
                    Ok(message) => {
                        if let Err(error) = listener.hear(message) {
                            self.fail(error);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                listener.tick(self.num_samples(), self.trained.load(Ordering::Relaxed));
            }
        });
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(error) => Err(error),
            None => Ok(!self.stop.load(Ordering::Relaxed)),
        }
    }

    fn num_samples(&self) -> usize {
        self.samples.iter().map(|samples| samples.load(Ordering::Relaxed)).sum()
    }

    /// Keeps the first error, and has all stop.
    fn fail(&self, error: Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Trains one trial after the other.
    fn work(
        &self,
        trials: &[usize],
        next: &AtomicUsize,
        until: Option<usize>,
        sender: &Sender<Message>,
    ) {
        while !self.stop.load(Ordering::Relaxed)
            && let Some(&trial) = trials.get(next.fetch_add(1, Ordering::Relaxed))
            && let Some(planned) = self.plan.trials.get(trial)
        {
            match self.train_one(trial, planned, until, sender).context(planned.trial.name.clone())
            {
                Ok(None) => return,
                Ok(Some(record)) => {
                    // Whoever listened has gone only where all stop.
                    let _heard = sender.send(Message::Ended { trial, record });
                }
                Err(error) => return self.fail(error),
            }
        }
    }

    /// Opens the run of a trial where it is.
    fn open(&self, planned: &Planned<'s>, place: &Path) -> Result<Session<'s>> {
        let only_threads = Settings { threads: Some(self.threads), ..Settings::default() };
        let start = match trace(planned, place) {
            Trace::Begun(_) => Start::resume(place, only_threads)?,
            Trace::New | Trace::Other(_) => {
                let Combined { settings, written } = planned.combined.clone();
                let combined = Combined { settings: only_threads.overlay(settings), written };
                Start::new(combined, Some(place), self.force).silent()
            }
        };
        Session::new(start, planned.data, When::default())
    }

    /// Trains a trial from where it is; `None` if it was stopped.
    fn train_one(
        &self,
        trial: usize,
        planned: &Planned<'s>,
        until: Option<usize>,
        sender: &Sender<Message>,
    ) -> Result<Option<Record>> {
        let clock = Instant::now();
        let (session, place) = loop {
            let place = place_of(self.folder, planned);
            let session = self.open(planned, &place)?;
            // Somebody may move the folder just now.
            if place_of(self.folder, planned) == place {
                break (session.ending_after(until), place);
            }
        };
        let mut watcher = TrialWatcher { crew: self, trial, planned, sender };
        let run = session.begin(&mut watcher)?;
        // What is there of the epoch at which trials were compared tells nothing of those that come.
        if session.folder.is_begun() {
            session.folder.remove(SUMMARY)?;
        }
        let _heard = sender.send(Message::Begun(trial));
        let mut trained = run.train(&mut watcher)?;
        if trained.ended().stopped {
            return Ok(None);
        }
        let summary = trained.finish(&mut watcher, clock)?;
        let last = until.unwrap_or(planned.num_epochs);
        let mut epochs: Vec<_> =
            self.plan.rungs.iter().copied().filter(|&epoch| epoch <= last).collect();
        if epochs.is_empty() {
            epochs.push(last);
        }
        let record = Record::new(&summary, trained.ended().val_history, &epochs, planned.mark);
        if session.folder.is_begun() {
            record.write(&session.folder)?;
        } else {
            // One that diverged in its first step has left nothing, and its folder goes with the session.
            drop(trained);
            drop(session);
            let folder = Folder::make(&place)?.lock("trains")?;
            record.write(&folder)?;
        }
        Ok(Some(record))
    }
}

/// Counts the samples of a trial, and hands on what happens.
struct TrialWatcher<'c, 's> {
    crew: &'c Crew<'s>,
    trial: usize,
    planned: &'c Planned<'s>,
    sender: &'c Sender<Message>,
}

impl Watcher for TrialWatcher<'_, '_> {
    fn event(&mut self, event: &RunEvent<'_>) -> Request {
        let trial = self.trial;
        match *event {
            RunEvent::Resume { iteration } | RunEvent::Step { iteration, .. } => {
                if matches!(event, RunEvent::Step { .. }) {
                    self.crew.trained.fetch_add(self.planned.batch_size, Ordering::Relaxed);
                }
                if let Some(samples) = self.crew.samples.get(trial) {
                    let done = iteration.saturating_mul(self.planned.batch_size);
                    samples.store(done, Ordering::Relaxed);
                }
            }
            RunEvent::Epoch { epoch, check, .. } => {
                let _heard = self.sender.send(Message::Checked { trial, epoch, check });
            }
            RunEvent::Start { .. } | RunEvent::Diverged { .. } | RunEvent::End { .. } => {}
        }
        if self.crew.stop.load(Ordering::Relaxed) { Request::Stop } else { Request::Continue }
    }

    fn warning(&mut self, message: &str) {
        let message = message.to_owned();
        let _heard = self.sender.send(Message::Warning { trial: self.trial, message });
    }
}
