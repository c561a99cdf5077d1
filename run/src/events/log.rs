//! The file of the events of a run.

use super::RunEvent;
use crate::run_folder::{EVENTS, RunFolder};
use anyhow::{Context, Result};
use barenet_data::disk::RealDisk;
use barenet_data::reading::create;
use std::fs::File;
use std::io::{self, Write};
use std::mem;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

/// Steps of which the lines wait at most.
const MAX_WAITING: usize = 1000;

/// Writes `events.jsonl` as the run goes on, on a thread of its own: to write a line takes a tenth of the time of a step of a
/// small network.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    waiting: Block,
    clerk: Clerk,
    /// Whether the clerk has a block.
    is_out: bool,
    /// What it gave back, for the block after the one that waits.
    spare: Block,
}

/// Events in their order: steps, and what comes after them.
#[derive(Debug, Default)]
struct Block {
    /// Iterations and losses.
    steps: Vec<(usize, f64)>,
    /// Lines of other events.
    text: Vec<u8>,
}

/// Who writes, one block at a time.
#[derive(Debug)]
enum Clerk {
    Thread {
        /// Closed to end it.
        blocks: Option<Sender<Block>>,
        /// Each block again, empty, or why it could not be written.
        back: Receiver<io::Result<Block>>,
        thread: Option<JoinHandle<()>>,
    },
    /// Where the system starts no more threads, whoever hands over.
    Caller(Pen),
}

/// The file, and the lines of a block: their memory serves the next one.
#[derive(Debug)]
struct Pen {
    file: File,
    lines: Vec<u8>,
}

impl EventLog {
    /// Starts the log of a run, under the name of an unfinished file; whoever finishes that, or the
    /// run's [first checkpoint](RunFolder::begin_with), puts it in the place of the one before.
    ///
    /// # Errors
    ///
    /// If the file cannot be made.
    pub fn create(folder: &RunFolder) -> Result<Self> {
        let path = folder.file(EVENTS);
        // Appended, so that a log that somebody cuts meanwhile goes on at its end.
        let create = |path: PathBuf| {
            create(&path)?;
            File::options().append(true).open(path)
        };
        let clerk = folder.begin_file(EVENTS).and_then(create).and_then(Clerk::start);
        let clerk = clerk.with_context(|| format!("{}: cannot be written", path.display()))?;
        Ok(Self::new(path, clerk))
    }

    fn new(path: PathBuf, clerk: Clerk) -> Self {
        let (waiting, spare) = (Block::default(), Block::default());
        Self { path, waiting, clerk, is_out: false, spare }
    }

    /// Appends an event, as a line.
    ///
    /// # Errors
    ///
    /// If it, or one before it, cannot be written.
    pub fn append(&mut self, event: &RunEvent<'_>) -> Result<()> {
        if let RunEvent::Step { iteration, loss, print: _ } = *event {
            if !self.waiting.text.is_empty() || self.waiting.steps.len() >= MAX_WAITING {
                self.hand_over()?;
            }
            self.waiting.steps.push((iteration, loss));
            return Ok(());
        }
        write_line(event, &mut self.waiting.text).with_context(|| self.complaint())
    }

    /// Has all lines so far handed to the operating system soon.
    ///
    /// # Errors
    ///
    /// If lines that were handed over before could not be written.
    pub fn hand_over(&mut self) -> Result<()> {
        self.wait()?;
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut block = mem::replace(&mut self.waiting, mem::take(&mut self.spare));
        match &mut self.clerk {
            Clerk::Thread { blocks, .. } => {
                self.is_out = true;
                let sent = blocks.as_ref().is_some_and(|blocks| blocks.send(block).is_ok());
                if sent { Ok(()) } else { self.wait() }
            }
            Clerk::Caller(pen) => {
                let written = pen.write(&mut block);
                self.spare = block;
                written.with_context(|| self.complaint())
            }
        }
    }

    /// Hands all lines to the operating system.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.hand_over()?;
        self.wait()
    }

    /// Puts the log in the place of the one before.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn finish(&mut self, folder: &RunFolder) -> Result<()> {
        self.flush()?;
        folder.finish_file(&RealDisk, EVENTS).with_context(|| self.complaint())
    }

    /// Waits until the block that is out is written.
    fn wait(&mut self) -> Result<()> {
        if !mem::take(&mut self.is_out) {
            return Ok(());
        }
        let back = match &self.clerk {
            Clerk::Thread { back, .. } => back.recv().ok(),
            Clerk::Caller(_) => None,
        };
        let ended = || Err(io::Error::other("the thread that writes it has ended"));
        self.spare = back.unwrap_or_else(ended).with_context(|| self.complaint())?;
        Ok(())
    }

    fn complaint(&self) -> String {
        format!("{}: cannot be written", self.path.display())
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        // Who needs to know has flushed it.
        let _error = self.flush();
        if let Clerk::Thread { blocks, back: _, thread } = &mut self.clerk {
            drop(blocks.take());
            let _panic = thread.take().map(JoinHandle::join);
        }
    }
}

impl Block {
    fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.text.is_empty()
    }
}

impl Clerk {
    /// Starts the thread of a file.
    fn start(file: File) -> io::Result<Self> {
        let mut pen = Pen::new(file.try_clone()?);
        let (blocks, to_write) = channel::<Block>();
        let (written, back) = channel();
        let write = move || {
            for mut block in to_write {
                let result = pen.write(&mut block).map(|()| block);
                if written.send(result).is_err() {
                    break;
                }
            }
        };
        Ok(match thread::Builder::new().name("barenet-events".to_owned()).spawn(write) {
            Ok(thread) => Self::Thread { blocks: Some(blocks), back, thread: Some(thread) },
            Err(_no_more_threads) => Self::Caller(Pen::new(file)),
        })
    }
}

impl Pen {
    const fn new(file: File) -> Self {
        Self { file, lines: Vec::new() }
    }

    /// Writes a block, and empties it.
    fn write(&mut self, block: &mut Block) -> io::Result<()> {
        let Self { file, lines } = self;
        lines.clear();
        for (iteration, loss) in block.steps.drain(..) {
            write_line(&RunEvent::Step { iteration, loss, print: false }, lines)?;
        }
        lines.append(&mut block.text);
        file.write_all(lines)
    }
}

fn write_line(event: &RunEvent<'_>, lines: &mut Vec<u8>) -> io::Result<()> {
    serde_json::to_writer(&mut *lines, event)?;
    lines.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Check;
    use barenet::Metric;
    use std::fs;

    fn step(iteration: usize) -> RunEvent<'static> {
        RunEvent::Step { iteration, loss: 0.5 + iteration as f64, print: false }
    }

    #[test]
    fn lines_are_in_the_order_of_the_events_however_many_wait() {
        for has_thread in [true, false] {
            let place = tempfile::tempdir().unwrap();
            let folder = RunFolder::create(Some(&place.path().join("run")), "run", false).unwrap();
            let mut log = EventLog::create(&folder).unwrap();
            if !has_thread {
                let file = folder.begin_file(EVENTS).unwrap();
                let file = File::options().append(true).open(file).unwrap();
                log.clerk = Clerk::Caller(Pen::new(file));
            }
            check_order(log, &folder);
        }
    }

    fn check_order(mut log: EventLog, folder: &RunFolder) {
        let mut expected = String::new();
        let check = Check { metric: Metric::Accuracy, train: 0.5, val: 0.25 };
        let mut iteration = 0;
        for (epoch, steps) in [0, 1, MAX_WAITING, 2 * MAX_WAITING + 7, 0, 3].into_iter().enumerate()
        {
            for _ in 0..steps {
                iteration += 1;
                log.append(&step(iteration)).unwrap();
                expected += &(step(iteration).to_line() + "\n");
            }
            let event = RunEvent::Epoch { epoch, check, norms: None, best: epoch == 1 };
            log.append(&event).unwrap();
            expected += &(event.to_line() + "\n");
            if epoch % 2 == 0 {
                log.hand_over().unwrap();
            }
        }
        log.append(&step(iteration + 1)).unwrap();
        expected += &(step(iteration + 1).to_line() + "\n");
        log.finish(folder).unwrap();
        assert_eq!(fs::read_to_string(folder.file(EVENTS)).unwrap(), expected);
        log.append(&step(iteration + 2)).unwrap();
        drop(log);
        expected += &(step(iteration + 2).to_line() + "\n");
        assert_eq!(fs::read_to_string(folder.file(EVENTS)).unwrap(), expected);
    }

    #[test]
    fn a_disk_that_is_full_is_told_at_the_latest_when_lines_are_flushed() {
        let full = match File::options().append(true).open("/dev/full") {
            Ok(full) => full,
            Err(error) => return println!("skipped: /dev/full: {error}"),
        };
        let again = full.try_clone().unwrap();
        let clerks = [Clerk::start(full).unwrap(), Clerk::Caller(Pen::new(again))];
        for clerk in clerks {
            let mut log = EventLog::new(PathBuf::from("events.jsonl"), clerk);
            log.append(&step(1)).unwrap();
            let handed_over = log.hand_over();
            log.append(&step(2)).unwrap();
            let error = handed_over.and_then(|()| log.flush()).unwrap_err();
            assert_eq!(error.to_string(), "events.jsonl: cannot be written");
            let cause = error.root_cause().downcast_ref::<io::Error>().unwrap();
            assert_eq!(cause.kind(), io::ErrorKind::StorageFull);
        }
    }
}
