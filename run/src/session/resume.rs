//! How a run is resumed: from its checkpoint, with the events that led there.

use super::files::RunFiles;
use super::{Lengths, Session, Watcher};
use crate::checkpoint::Checkpoint;
use crate::checkpoint::store::save;
use crate::events::{Check, EventLog, RunEvent};
use crate::moment::Histories;
use crate::run_folder::CONFIG;
use crate::settings::SettingsError;
use crate::trained_on::TrainedOn;
use anyhow::{Context, Result, ensure};
use barenet_data::disk::RealDisk;
use barenet_model::number::Number;
use barenet_model::weights::check_scales;

impl Session<'_> {
    pub(super) fn read_checkpoint<T: Number>(
        &self,
        data_mark: u64,
        lengths: Lengths,
    ) -> Result<Option<Checkpoint<T>>> {
        let Some((bytes, file)) = &self.resume else { return Ok(None) };
        let checkpoint = Checkpoint::from_bytes(bytes, file)?;
        ensure!(
            checkpoint.data == data_mark,
            "{}: the run was trained on other {} than {}; name the right ones with --data",
            file.display(),
            self.data.source.kind.samples,
            self.data.source
        );
        if let Some(scales) = &checkpoint.scales {
            check_scales(scales, &self.config.arch())
                .with_context(|| format!("{}: damaged, or of another network", file.display()))?;
        }
        let (done, Lengths { iterations, epochs, .. }) = (checkpoint.progress.iteration, lengths);
        if done > iterations {
            return Err(SettingsError::new(format!(
                "--epochs {epochs}: the run has done {done} iterations already, which is more than \
                 the {iterations} of {epochs} epochs"
            ))
            .into());
        }
        Ok(Some(checkpoint))
    }

    /// Settings that are others than before, such as more epochs, go into the checkpoint at once:
    /// whoever kills this run and resumes it once more resumes with them. What somebody wrote into
    /// `config.toml` does not count, and that is said.
    pub(super) fn take_over_settings<T: Number>(
        &self,
        saved: &mut Checkpoint<T>,
        files: &RunFiles<'_, T>,
        watcher: &mut dyn Watcher,
    ) -> Result<()> {
        let (file, text) = (self.folder.file(CONFIG), files.checkpoint_text());
        let of_checkpoint = TrainedOn::cut_off(&saved.config);
        let is_changed =
            |found: Vec<u8>| found != of_checkpoint.as_bytes() && found != files.config.as_bytes();
        if self.folder.read(CONFIG).is_ok_and(is_changed) {
            let file = file.display();
            watcher.warning(&format!(
                "{file}: changed since; the run is resumed with the settings it had"
            ));
        }
        if saved.config != text {
            text.clone_into(&mut saved.config);
            save(&RealDisk, &self.folder, &saved.to_bytes()?)?;
        }
        Ok(())
    }

    /// Starts `events.jsonl`, with all that a checkpoint says has happened: the file may have more
    /// than that, or less, or half a line.
    pub(super) fn start_log<T: Number>(
        &self,
        watcher: &mut dyn Watcher,
        lengths: Lengths,
        checkpoint: Option<&Checkpoint<T>>,
    ) -> Result<EventLog> {
        let out = self.folder.path().display().to_string();
        let source = self.data.source.to_string();
        let begin = |out, data_source| RunEvent::Start {
            name: &self.name,
            out,
            data: self.data.source.kind.word,
            data_source,
            num_iterations: lengths.iterations,
            iterations_per_epoch: lengths.per_epoch,
        };
        let mut log = EventLog::create(&self.folder)?;
        // The log leaves out where it and the images lie: the same run is the same bytes anywhere.
        log.append(&begin(None, None))?;
        watcher.event(&begin(Some(&out), Some(&source)));
        let Some(saved) = checkpoint else { return Ok(log) };
        watcher.event(&RunEvent::Resume { iteration: saved.progress.iteration });

        let (metric, num_train) = (self.config.metric(), self.split.train.len());
        let solver = self.config.solver::<T>();
        let Histories { loss, train, val, .. } = &saved.histories;
        let mut checks = train.iter().zip(val).enumerate().peekable();
        let mut best_val = None;
        for (iteration, &loss) in (1..).zip(loss) {
            log.append(&RunEvent::Step { iteration, loss: loss.to_printed(), print: false })?;
            while let Some((epoch, (&train, &val))) = checks
                .next_if(|(epoch, _)| iteration >= solver.iteration_of_check(*epoch, num_train))
            {
                let best = best_val.is_none_or(|best| metric.is_better(val, best));
                best_val = if best { Some(val) } else { best_val };
                let check = Check { metric, train: train.to_printed(), val: val.to_printed() };
                let norms = saved.histories.norms_of(epoch);
                log.append(&RunEvent::Epoch { epoch, check, norms, best })?;
            }
        }
        log.flush()?;
        Ok(log)
    }
}
