//! A run on several ranks: what all must have the same, what the first hands to the others, and whose word counts.

use super::node;
use crate::commands::usage;
use crate::console::{Verbosity, complain};
use crate::ranks::{self, gather, mark};
use crate::signals::{Signals, asked_to_stop};
use anyhow::{Context, Result, bail};
use barenet::Ranks;
use barenet_data::DataSet;
use barenet_data::fingerprint::fingerprint;
use barenet_run::events::RunEvent;
use barenet_run::run_folder::CHECKPOINT;
use barenet_run::session::{AllRanks, Request, Session, Start};
use barenet_run::settings::Settings;
use barenet_run::shell::resume_command;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// Shards of a batch where nobody says how many: 1, 2, 4 and 8 ranks divide them.
const SHARDS: usize = 8;

/// The ranks of a run. The first has the run's folder. The others keep theirs where it goes with them.
#[derive(Debug)]
pub(super) struct Together {
    ranks: &'static dyn AllRanks,
    place: Option<TempDir>,
}

impl Together {
    /// Joins the ranks that were started together with this one; `None` if it was started alone.
    pub(super) fn join() -> Result<Option<Self>> {
        let Some(ranks) = ranks::join()? else { return Ok(None) };
        let is_first = Ranks::<f64>::rank(ranks) == 0;
        let place = (!is_first).then(TempDir::new).transpose();
        Ok(Some(Self { ranks, place: place.context("no folder for the files of a rank")? }))
    }

    fn count(&self) -> usize {
        Ranks::<f64>::count(self.ranks)
    }

    /// Whether this rank is the one that has the run's folder.
    pub(super) const fn is_first(&self) -> bool {
        self.place.is_none()
    }

    /// What this rank says, of what was asked for.
    pub(super) const fn verbosity(&self, verbosity: Verbosity) -> Verbosity {
        if self.is_first() { verbosity } else { Verbosity::Quiet }
    }

    /// The folder of this rank's files, of what was asked for.
    pub(super) fn out(&self, out: Option<PathBuf>) -> Option<PathBuf> {
        self.place.as_ref().map(|place| place.path().join("run")).or(out)
    }

    /// Reads data of these files, and says on how many ranks they are those of another rank of the same machine: large ones are in
    /// memory once.
    pub(super) fn read(
        &self,
        files: [&Option<PathBuf>; 3],
        read: impl FnOnce() -> Result<DataSet>,
    ) -> Result<(DataSet, usize)> {
        node::read(self.ranks, files.map(Option::as_deref), read)
    }

    /// Cuts batches, if nobody says into how many shards.
    pub(super) fn complete(settings: &mut Settings) {
        settings.shards.get_or_insert(SHARDS);
    }

    /// The run of this rank to resume: that of the first one, which no other need see.
    pub(super) fn resume(&self, run: &Path, changes: Settings) -> Result<(Start, PathBuf)> {
        let Some(place) = &self.place else {
            let start = Start::resume(run, changes)?;
            self.first_says(start.checkpoint().unwrap_or_default())?;
            return Ok((start, run.to_owned()));
        };
        let run = place.path().join("run");
        let checkpoint = self.first_says(&[])?;
        let written =
            fs::create_dir(&run).and_then(|()| fs::write(run.join(CHECKPOINT), checkpoint));
        written.with_context(|| format!("{}: cannot be written", run.display()))?;
        Ok((Start::resume(&run, changes)?, run))
    }

    /// A run that all ranks train. Somebody looks from now on whether another rank has died.
    ///
    /// # Errors
    ///
    /// If they would not train it together.
    pub(super) fn share<'a>(
        &self,
        session: Session<'a>,
        asked_for: Option<&Path>,
    ) -> Result<Session<'a>> {
        self.check(&session)?;
        self.watch(&session.folder.current_path(), asked_for);
        Ok(session.on(self.ranks))
    }

    /// Refuses a run that the ranks would not train together.
    fn check(&self, session: &Session<'_>) -> Result<()> {
        let (count, shards) = (self.count(), session.config.values().shards);
        if !shards.is_multiple_of(count) {
            let more = shards.next_multiple_of(count);
            ranks::all_fail();
            return usage(format!(
                "shards is {shards}, which {count} ranks do not divide; start another number of ranks, or a new run with --shards {more}"
            ));
        }
        // Ranks may have different numbers of CPUs.
        let settings = session.config.to_toml();
        let settings: Vec<_> =
            settings.lines().filter(|line| !line.starts_with("threads")).collect();
        for (what, mark) in [
            ("another barenet", mark(crate::version::LONG)),
            ("another kernel", mark(session.backend.kernel().name())),
            ("other settings", mark(&settings.join("\n"))),
            ("other data", fingerprint(session.data)),
        ] {
            self.all_have(what, mark)?;
        }
        Ok(())
    }

    /// Refuses ranks that have another mark than the first.
    fn all_have(&self, what: &str, mark: u64) -> Result<()> {
        let marks = ranks::gather_marks(self.ranks, mark)?;
        if let Some(rank) = marks.iter().position(|mark| Some(mark) != marks.first()) {
            ranks::all_fail();
            bail!(
                "rank {rank} has {what} than rank 0; start all ranks with the same program, flags and data, on CPUs of one kind"
            );
        }
        Ok(())
    }

    /// The bytes that the first rank has.
    fn first_says(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        #[allow(clippy::cast_precision_loss)] // No file is so long.
        let lens = gather(self.ranks, [bytes.len() as f64])?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let len = lens.first().map_or(0.0, |[len]| *len) as usize;
        // Numbers are what ranks hand out: four bytes each, exactly.
        let words = bytes.chunks(4).map(|chunk| {
            let mut word = [0; 4];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            f64::from(u32::from_le_bytes(word))
        });
        let words: Vec<f64> = words.collect();
        let mut all = vec![0.0; len.div_ceil(4)];
        let len_of = |rank| if rank == 0 { len.div_ceil(4) } else { 0 };
        self.ranks.gather(&words, &len_of, &mut all)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let mut said: Vec<u8> = all.iter().flat_map(|&word| (word as u32).to_le_bytes()).collect();
        said.truncate(len);
        Ok(said)
    }

    /// Has somebody look whether another rank has died, while the run trains in this folder.
    fn watch(&self, run: &Path, asked_for: Option<&Path>) {
        if self.is_first() {
            let again = ranks::start_again(self.count());
            let resume = format!("{again} {}", resume_command(run, asked_for));
            let before = resume_with().replace(resume);
            if before.is_none() {
                // Without it, it is the launcher alone that says what happened.
                let _thread = thread::Builder::new().spawn(say_when_stuck);
            }
        }
    }

    /// The ranks.
    pub(super) const fn ranks(&self) -> &'static dyn AllRanks {
        self.ranks
    }
}

/// Events of the run so far, and whether it is over.
static EVENTS: AtomicUsize = AtomicUsize::new(0);
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// What resumes the run that trains.
static RESUME: Mutex<Option<String>> = Mutex::new(None);

fn resume_with() -> MutexGuard<'static, Option<String>> {
    RESUME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a rank is waited for, once the job is asked to stop: less than launchers give a process that they end.
const PATIENCE: Duration = Duration::from_millis(400);

/// Says how to resume the run, if the job is asked to stop and goes no further: so launchers end it when a rank has died.
fn say_when_stuck() {
    while asked_to_stop().is_none() {
        if IS_OVER.load(Ordering::Relaxed) {
            return;
        }
        thread::sleep(PATIENCE / 8);
    }
    let events = EVENTS.load(Ordering::Relaxed);
    thread::sleep(PATIENCE);
    if EVENTS.load(Ordering::Relaxed) == events && !IS_OVER.load(Ordering::Relaxed) {
        let resume = resume_with().take().unwrap_or_default();
        complain(format_args!(
            "asked to stop, and another rank does not answer: if it has died, what was trained since the last checkpoint is lost; resume with: {resume}"
        ));
    }
}

/// What signals ask of a run at an event: of the first rank, if it is on several. One that cannot be asked ends the run.
///
/// They are looked at after steps and epochs alone, which all ranks come to. A checkpoint that was asked for is then forgotten.
pub(super) fn request(
    event: &RunEvent<'_>,
    signals: &Signals,
    ranks: Option<&dyn AllRanks>,
) -> Request {
    if !matches!(event, RunEvent::Step { .. } | RunEvent::Epoch { .. }) {
        return Request::Continue;
    }
    let mine = match (signals.checkpoint(), signals.stop()) {
        (_, Some(_)) => Request::Stop,
        (true, None) => Request::Checkpoint,
        (false, None) => Request::Continue,
    };
    ranks.map_or(mine, |ranks| first_wants(ranks, mine))
}

/// What the first rank wants.
fn first_wants(ranks: &dyn AllRanks, mine: Request) -> Request {
    let code = match mine {
        Request::Continue => 0.0,
        Request::Checkpoint => 1.0,
        Request::Stop => 2.0,
    };
    let Ok(all) = gather(ranks, [code]) else { return Request::Stop };
    EVENTS.fetch_add(1, Ordering::Relaxed);
    match all.first() {
        Some([0.0]) => Request::Continue,
        Some([1.0]) => Request::Checkpoint,
        _ => {
            IS_OVER.store(true, Ordering::Relaxed);
            Request::Stop
        }
    }
}
