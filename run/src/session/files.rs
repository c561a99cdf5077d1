//! The files that a run writes.

use super::Watcher;
use crate::checkpoint::Checkpoint;
use crate::checkpoint::Writer;
use crate::moment::Moment;
use crate::run_folder::{BEST, RunFolder, SUMMARY};
use crate::settings::Settings;
use crate::started_from::StartedFrom;
use crate::summary::Summary;
use crate::trainer::Outcome;
use anyhow::Result;
use barenet::{Arch, Weights};
use barenet_data::disk::RealDisk;
use barenet_model::number::Number;
use barenet_model::scales::Scales;
use barenet_model::weights::{read_config, to_safetensors};
use std::path::Path;

/// The files that a run writes.
#[derive(Debug)]
pub(super) struct RunFiles<'a, T> {
    pub(super) folder: &'a RunFolder,
    pub(super) arch: Arch<'a>,
    pub(super) scales: Scales<T>,
    /// Whether the scalings are those of another run, which the data do not say.
    pub(super) keeps_scales: bool,
    pub(super) config: String,
    /// Text beside the weights in their file: settings, and the images that they were trained on.
    pub(super) weights_text: String,
    /// What the weights started from, if they were not drawn.
    pub(super) started_from: Option<StartedFrom>,
    pub(super) data_mark: u64,
    /// Best weights that wait for the next checkpoint.
    pub(super) has_new_best: bool,
    /// Whether the weights file is that of the run before it was made longer: what was finished can be
    /// used until there is something better.
    pub(super) has_shorter_best: bool,
    /// Why there is no checkpoint yet.
    pub(super) failure: Option<anyhow::Error>,
}

/// Whether two runs are one, the shorter or the longer of them.
fn is_same_run(a: &str, b: &str) -> bool {
    let read = |text| {
        let settings = Settings::from_toml(text, Path::new(BEST)).ok()?;
        Some(Settings { num_epochs: None, patience: None, print_every: None, ..settings })
    };
    read(a).is_some() && read(a) == read(b)
}

impl<T: Number> RunFiles<'_, T> {
    /// Text in a checkpoint: the settings, and where the scalings are kept how the data are read with them.
    pub(super) fn checkpoint_text(&self) -> &str {
        if self.keeps_scales { &self.weights_text } else { &self.config }
    }

    fn save_best(&self, best: Weights<'_, T>) -> Result<()> {
        let bytes = to_safetensors(&self.arch, best, &self.scales, &self.weights_text)?;
        self.folder.write(BEST, &bytes)
    }

    /// Writes the best weights of a checkpoint anew, if the file that is there is damaged, or another
    /// run's or epoch's.
    pub(super) fn repair_best(&mut self, saved: &Checkpoint<T>) -> Result<()> {
        if saved.progress.num_checks == 0 {
            return Ok(());
        }
        let [_params, _running, _update_state, best_params, best_running, ..] = &saved.kept;
        let best = Weights::new(&self.arch, best_params, best_running)?;
        if let Ok(found) = self.folder.read(BEST)
            && let Ok(text) = read_config(&found, Path::new(BEST))
            && is_same_run(&text, &self.weights_text)
            && to_safetensors(&self.arch, best, &self.scales, &text)? == found
        {
            self.has_shorter_best = text != self.weights_text;
            return Ok(());
        }
        self.save_best(best)
    }

    /// Writes a checkpoint, and before it new best weights: the first one waits until it is there, and
    /// makes the folder this run's; the others are written while it trains.
    pub(super) fn save(
        &mut self,
        moment: Moment<'_, T>,
        writer: &Writer<'_, T>,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        let before = self.failure.take().map(|error| format!("{error:#}"));
        let warn = |error: &anyhow::Error, watcher: &mut dyn Watcher| {
            let message = format!("{error:#}");
            if before.as_ref() != Some(&message) {
                watcher.warning(&format!("{message}; the run continues without one"));
            }
        };
        let copy = match Checkpoint::of(self.checkpoint_text(), self.data_mark, &moment) {
            Ok(copy) => copy.keeping(self.keeps_scales.then(|| self.scales.clone())),
            Err(error) => {
                warn(&error, watcher);
                self.failure = Some(error);
                return Ok(());
            }
        };
        if self.folder.is_begun() {
            self.save_new_best(moment.best_weights(&self.arch)?)?;
            if let Some(error) = writer.submit(copy) {
                watcher.warning(&format!("{error:#}; the checkpoint before it can be used"));
            }
            return Ok(());
        }
        match self.folder.begin_with(&RealDisk, &copy.to_bytes()?) {
            Ok(()) => self.save_new_best(moment.best_weights(&self.arch)?),
            Err(error) if self.folder.is_begun() => Err(error),
            Err(error) => {
                warn(&error, watcher);
                self.failure = Some(error);
                Ok(())
            }
        }
    }

    fn save_new_best(&mut self, best: Weights<'_, T>) -> Result<()> {
        if self.has_new_best {
            self.save_best(best)?;
            self.has_new_best = false;
            self.has_shorter_best = false;
        }
        Ok(())
    }

    /// Writes the best weights of a run that has come to its end, one way or the other.
    pub(super) fn finish(&mut self, outcome: &Outcome<T>) -> Result<()> {
        if self.has_shorter_best && !outcome.stopped && outcome.diverged_at.is_none() {
            self.has_new_best = true;
        }
        self.save_new_best(Weights::new(&self.arch, &outcome.best_params, &outcome.best_running)?)
    }

    /// Whether the folder still has all of a run that was finished before it was made longer.
    pub(super) fn has_finished_run(&self) -> bool {
        self.has_shorter_best
            && self.folder.has(SUMMARY)
            && Summary::read(self.folder).is_ok_and(|summary| summary.diverged_at.is_none())
    }
}
