//! What happens in a run, as lines of JSON.

use crate::run_folder::{EVENTS, RunFolder};
use crate::summary::Summary;
use anyhow::{Context, Result};
use barenet_data::disk::RealDisk;
use barenet_data::reading::create;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// An event, as `events.jsonl` and `--json` have it. No times: the same run gives the same bytes.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RunEvent<'a> {
    /// The run begins.
    Start {
        /// What it was called.
        name: &'a str,
        /// Where its files go.
        #[serde(skip_serializing_if = "Option::is_none")]
        out: Option<&'a str>,
        /// Its images: `cifar10` or `built-in`.
        data: &'a str,
        /// Where they lie.
        #[serde(skip_serializing_if = "Option::is_none")]
        data_source: Option<&'a str>,
        /// Iterations of the whole run.
        num_iterations: usize,
        /// Iterations of an epoch.
        iterations_per_epoch: usize,
    },
    /// A run goes on. Only on standard output: the log looks as if the run had not stopped.
    Resume {
        /// After this many steps.
        iteration: usize,
    },
    /// A training step.
    Step {
        /// Steps done, this one included.
        iteration: usize,
        /// The loss of its batch.
        loss: f64,
        /// Whether people want to see it, as `print_every` says.
        #[serde(skip)]
        print: bool,
    },
    /// An accuracy check.
    Epoch {
        /// Epochs done.
        epoch: usize,
        /// Training accuracy, 0 to 1.
        train_acc: f64,
        /// Validation accuracy, 0 to 1.
        val_acc: f64,
        /// Whether it is the best so far.
        best: bool,
    },
    /// The loss was not a finite number, and the run ended there.
    Diverged {
        /// At this step.
        iteration: usize,
    },
    /// The run is complete.
    End {
        /// What came out.
        summary: &'a Summary,
    },
}

impl RunEvent<'_> {
    /// As a line of JSON.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Strings and finite numbers: there is nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Writes `events.jsonl` as the run goes on.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: BufWriter<File>,
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
        let file = folder.begin_file(EVENTS).and_then(create);
        let file = file.with_context(|| format!("{}: cannot be written", path.display()))?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    /// Appends a line.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn line(&mut self, line: &str) -> Result<()> {
        writeln!(self.file, "{line}").with_context(|| self.complaint())
    }

    /// Hands all lines to the operating system.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().with_context(|| self.complaint())
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

    fn complaint(&self) -> String {
        format!("{}: cannot be written", self.path.display())
    }
}
