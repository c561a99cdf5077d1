//! Event files, which TensorBoard shows while a run goes on and afterwards.
//!
//! A run has one file: its name has the time at which it was begun, so that of two TensorBoard reads the newer one last. It has the
//! loss of each step (of a run of many steps, of every so manyth), and after each epoch both figures of the metric, the learning
//! rate and norms, under the names that `events.jsonl` has. A run that is resumed writes a new file of all steps up to its checkpoint, at the
//! times at which they were done, and removes the one before: no step is there twice, and none is missing. A TensorBoard that has read
//! the one before drops what it has read of it.

mod message;
mod pen;
mod record;

use anyhow::{Context, Result};
use barenet::SolverConfig;
use barenet_data::disk::RealDisk;
use barenet_data::reading;
use barenet_run::events::{Check, RunEvent};
use barenet_run::history::History;
use barenet_run::measured::key;
use barenet_run::norms::Norms;
use barenet_run::run_folder::{RunFolder, event_file, event_files};
use barenet_run::session::Session;
use message::{Event, Summary, What};
use pen::{Block, Entry, Pen};
use prost::Message;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::mem;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Steps whose loss is written at most, about: more say nothing that a screen shows.
const MAX_STEPS: usize = 10_000;
/// Entries that wait at most.
const MAX_WAITING: usize = 1000;
/// How long they wait at most, once [`TensorBoard::tick`] is called.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// The event file of a run, as it grows.
///
/// ```
/// use barenet_report::tensorboard::TensorBoard;
/// use barenet_run::events::RunEvent;
/// use barenet_run::session::{Request, Session, Start, When};
/// use barenet_run::settings::Settings;
///
/// # let out = std::env::temp_dir().join(format!("barenet-board-{}", std::process::id()));
/// let settings = Settings {
///     hidden: Some(vec![4]),
///     train_size: Some(100),
///     num_epochs: Some(1),
///     ..Settings::default()
/// };
/// let (start, data) =
///     (Start::new(settings.into(), Some(&out), false), barenet_data::builtin::generate());
/// let session = Session::new(start, &data, When::default())?;
/// let run = session.begin(&mut |_: &RunEvent<'_>| Request::Continue)?;
/// let mut board = TensorBoard::begin(&session)?;
/// run.train(&mut |event: &RunEvent<'_>| {
///     // A file that cannot be written need not stop the run.
///     let _failed = board.event(event);
///     Request::Continue
/// })?;
/// board.finish()?;
/// assert!(TensorBoard::is_in(&session.folder));
/// # std::fs::remove_dir_all(out)?;
/// # Ok::<(), anyhow::Error>(())
/// ```
#[derive(Debug)]
pub struct TensorBoard<'a> {
    folder: &'a RunFolder,
    solver: SolverConfig<f64>,
    num_train: usize,
    /// Steps from one whose loss is written to the next.
    every: usize,
    waiting: Block,
    /// When the entries that wait began to.
    since: Instant,
    clerk: Clerk,
}

/// Who writes.
#[derive(Debug)]
enum Clerk {
    /// Nobody before the folder is the run's.
    Nobody,
    Thread(Sender<Block>, JoinHandle<io::Result<()>>),
    /// Where the system starts no more threads, whoever hands over.
    Caller(File, Pen),
    /// Nobody after a failure.
    Gone,
}

impl Clerk {
    /// Starts the thread of a file.
    fn start(mut file: File, mut pen: Pen) -> io::Result<Self> {
        let spare = file.try_clone()?;
        let (sender, blocks) = channel::<Block>();
        let work = move || {
            for block in blocks {
                pen.add_block(block);
                pen.write(&mut file)?;
            }
            Ok(())
        };
        Ok(match thread::Builder::new().name("barenet-board".to_owned()).spawn(work) {
            Ok(thread) => Self::Thread(sender, thread),
            Err(_no_more_threads) => Self::Caller(spare, Pen::new()),
        })
    }
}

impl<'a> TensorBoard<'a> {
    /// Begins the file of a run that is [begun](Session::begin): of one that is resumed at once, with all that it has done.
    ///
    /// # Errors
    ///
    /// Naming the file, if the run is resumed and it cannot be written, or its log not be read.
    pub fn begin(session: &'a Session<'_>) -> Result<Self> {
        let (solver, num_train) = (session.config.solver::<f64>(), session.split.train.len());
        let mut board = Self {
            folder: &session.folder,
            solver,
            num_train,
            every: solver.num_iterations(num_train).div_ceil(MAX_STEPS).max(1),
            waiting: Block { entries: Vec::new(), times: (now(), 0.0) },
            since: Instant::now(),
            clerk: Clerk::Nobody,
        };
        if session.resume.is_some() {
            let history = History::read(&session.folder, session.config.metric())?;
            board.begin_with(&history.unwrap_or_default(), session)?;
        }
        Ok(board)
    }

    /// Whether a folder has an event file of a run.
    #[must_use]
    pub fn is_in(folder: &RunFolder) -> bool {
        !event_files(folder).is_empty()
    }

    /// Writes the file of a run that is resumed, and removes those before.
    fn begin_with(&mut self, history: &History, session: &Session<'_>) -> Result<()> {
        let before = event_files(self.folder);
        let times = self.times_in(&before);
        let mut last = times.values().next().copied().unwrap_or_else(now);
        let mut pen = Pen::new();
        pen.begin(last, true);
        let metric = session.config.metric();
        let mut checks = history.train.iter().zip(&history.val).enumerate().peekable();
        for (step, &loss) in (1..).zip(&history.loss) {
            last = times.get(&step).copied().unwrap_or(last);
            if self.is_written(step) {
                pen.add(last, step, Entry::Loss(loss));
            }
            while let Some((epoch, (&train, &val))) = checks.next_if(|(epoch, _)| {
                step >= self.solver.iteration_of_check(*epoch, self.num_train)
            }) {
                let norms = history.norms.get(epoch).copied();
                let (step, values) = self.of_check(epoch, Check { metric, train, val }, norms);
                pen.add(last, step, Entry::Values(values));
            }
        }
        self.open(&before, pen)?;
        before.iter().try_for_each(|name| self.folder.remove(name))
    }

    /// Opens a file of what a pen has, and starts to write there.
    fn open(&mut self, before: &[String], mut pen: Pen) -> Result<()> {
        let name = event_file(now(), before);
        let file = self
            .make(&name, &mut pen)
            .with_context(|| format!("{}: cannot be written", self.folder.file(&name).display()))?;
        self.clerk = Clerk::start(file, pen).context("no thread can be started")?;
        Ok(())
    }

    fn make(&self, name: &str, pen: &mut Pen) -> io::Result<File> {
        let path = self.folder.begin_file(name)?;
        reading::create(&path)?;
        let mut file = File::options().append(true).open(path)?;
        pen.write(&mut file)?;
        self.folder.finish_file(&RealDisk, name)?;
        Ok(file)
    }

    /// The times of the steps in files, as far as they can be read.
    fn times_in(&self, names: &[String]) -> BTreeMap<usize, f64> {
        let mut times = BTreeMap::new();
        for name in names {
            let Ok(file) = self.folder.read(name) else { continue };
            let mut rest = &file[..];
            while let Some(event) =
                record::next(&mut rest).and_then(|bytes| Event::decode(bytes).ok())
            {
                let Event { wall_time, step, what: Some(What::Summary(Summary { .. })) } = event
                else {
                    continue;
                };
                if let Ok(step) = usize::try_from(step)
                    && wall_time.is_finite()
                {
                    times.insert(step, wall_time);
                }
            }
        }
        times
    }

    /// Takes an event of the run.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be written; then nothing more is.
    pub fn event(&mut self, event: &RunEvent<'_>) -> Result<()> {
        match *event {
            RunEvent::Step { iteration, loss, .. } => {
                if !self.is_written(iteration) {
                    return Ok(());
                }
                self.waiting.entries.push((iteration, Entry::Loss(loss)));
                if self.waiting.entries.len() < MAX_WAITING { Ok(()) } else { self.hand_over() }
            }
            RunEvent::Epoch { epoch, check, norms, best: _ } => {
                let (step, values) = self.of_check(epoch, check, norms);
                self.waiting.entries.push((step, Entry::Values(values)));
                // Epochs of little data take microseconds.
                self.tick()
            }
            RunEvent::Start { .. }
            | RunEvent::Resume { .. }
            | RunEvent::Diverged { .. }
            | RunEvent::End { .. } => Ok(()),
        }
    }

    /// Has entries written that have waited for long.
    ///
    /// # Errors
    ///
    /// Those of [`Self::event`].
    pub fn tick(&mut self) -> Result<()> {
        if self.since.elapsed() > MAX_WAIT { self.hand_over() } else { Ok(()) }
    }

    /// Waits until all is written.
    ///
    /// # Errors
    ///
    /// Those of [`Self::event`].
    pub fn finish(mut self) -> Result<()> {
        self.hand_over()?;
        self.end()
    }

    /// Whether the loss of a step is written: the first, and every so manyth after it.
    const fn is_written(&self, step: usize) -> bool {
        self.every == 1 || step % self.every == 1
    }

    /// The step of a check, and the numbers after it. The learning rate is that of the step.
    fn of_check(
        &self,
        epoch: usize,
        Check { metric, train, val }: Check,
        norms: Option<Norms>,
    ) -> (usize, Vec<(String, f64)>) {
        let step = self.solver.iteration_of_check(epoch, self.num_train);
        let rate = self.solver.learning_rate_at(step.saturating_sub(1), self.num_train);
        let mut values = vec![
            (key(metric, "train"), train),
            (key(metric, "val"), val),
            ("learning_rate".to_owned(), rate),
        ];
        if let Some(Norms { grad_norm, weight_norm }) = norms {
            values.push(("grad_norm".to_owned(), grad_norm));
            values.push(("weight_norm".to_owned(), weight_norm));
        }
        (step, values)
    }

    /// Has all entries so far written soon.
    fn hand_over(&mut self) -> Result<()> {
        if let Clerk::Gone = self.clerk {
            self.waiting.entries.clear();
            return Ok(());
        }
        if let Clerk::Nobody = self.clerk {
            // Until then another run may be there.
            if !self.folder.is_begun() {
                return Ok(());
            }
            let mut pen = Pen::new();
            pen.begin(self.waiting.times.0, false);
            let opened = self.open(&event_files(self.folder), pen);
            opened.inspect_err(|_| self.clerk = Clerk::Gone)?;
        }
        if self.waiting.entries.is_empty() {
            return Ok(());
        }
        let now = now();
        let next = Block { entries: Vec::new(), times: (now, now) };
        let mut block = mem::replace(&mut self.waiting, next);
        block.times.1 = now;
        self.since = Instant::now();
        match &mut self.clerk {
            Clerk::Thread(blocks, _) => {
                if blocks.send(block).is_ok() {
                    Ok(())
                } else {
                    self.end()
                }
            }
            Clerk::Caller(file, pen) => {
                pen.add_block(block);
                let written = pen.write(file);
                written.with_context(|| self.complaint()).inspect_err(|_| self.clerk = Clerk::Gone)
            }
            Clerk::Nobody | Clerk::Gone => Ok(()),
        }
    }

    /// Ends the thread, and says why it ended before, if it did.
    fn end(&mut self) -> Result<()> {
        let Clerk::Thread(blocks, thread) = mem::replace(&mut self.clerk, Clerk::Gone) else {
            return Ok(());
        };
        drop(blocks);
        let panicked = |_| Err(io::Error::other("the thread that writes it has ended"));
        thread.join().unwrap_or_else(panicked).with_context(|| self.complaint())
    }

    fn complaint(&self) -> String {
        let name = event_files(self.folder).pop().unwrap_or_default();
        format!("{}: cannot be written", self.folder.file(&name).display())
    }
}

impl Drop for TensorBoard<'_> {
    fn drop(&mut self) {
        // Who needs to know has finished it.
        let _error = self.hand_over().and_then(|()| self.end());
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests;
