//! A run in numbers of one type.

use super::files::RunFiles;
use super::watch::Watch;
use super::{Lengths, Session, Watcher};
use crate::buffers::OwnedBuffers;
use crate::checkpoint::{Checkpoint, Desk, Writer, read_config};
use crate::constant::{Constant, common, constant_inputs};
use crate::events::{EventLog, RunEvent};
use crate::figures::{Figures, figures};
use crate::inspection::{Inspection, inspect};
use crate::measured::{self, Measured};
use crate::run_folder::{CONFIG, PREVIOUS_CHECKPOINT};
use crate::summary::{Beside, Summary};
use crate::trained_on::TrainedOn;
use crate::trainer::{self, Beginning, Outcome, is_non_finite};
use anyhow::{Context, Result};
use barenet::{Float, Metric, Ranks, Weights};
use barenet_data::Task;
use barenet_data::disk::RealDisk;
use barenet_data::fingerprint::fingerprint;
use barenet_data::split::Part;
use barenet_model::number::Number;
use barenet_model::scales::Scales;
use barenet_model::weights::WeightsFile;
use std::thread;
use std::time::Instant;

/// A run that can train: its memory is reserved, its log begun.
#[derive(Debug)]
pub(super) struct RunAs<'a, T> {
    session: &'a Session<'a>,
    lengths: Lengths,
    log: EventLog,
    files: RunFiles<'a, T>,
    memory: OwnedBuffers<T>,
    checkpoint: Option<Checkpoint<T>>,
    from: Option<WeightsFile<T>>,
    ranks: &'a dyn Ranks<T>,
}

/// A run that has trained, to its end or until it was stopped.
#[derive(Debug)]
pub(super) struct TrainedAs<'a, T> {
    session: &'a Session<'a>,
    log: EventLog,
    files: RunFiles<'a, T>,
    pub(super) outcome: Outcome<T>,
    /// The best weights on the test data, once they were measured and if they could be.
    pub(super) inspection: Option<Inspection>,
}

impl Session<'_> {
    /// Reserves memory, reads the checkpoint to resume from, and starts the log.
    ///
    /// # Errors
    ///
    /// If there is not enough memory, a file cannot be written, or the checkpoint is of another run.
    pub(super) fn begin_as<'s, T: Number>(
        &'s self,
        ranks: &'s dyn Ranks<T>,
        watcher: &mut dyn Watcher,
    ) -> Result<RunAs<'s, T>> {
        let Self { config, folder, .. } = self;
        let lengths = Lengths::new(&config.solver::<T>(), config, self.split.train.len());
        let from = self.from.as_ref().map(|from| from.weights::<T>(config)).transpose()?;
        let (scales, data_mark) = self.read_through();
        let config_text = config.to_toml();
        let mut checkpoint = self.read_checkpoint::<T>(data_mark, lengths)?;
        let started_from = match (&self.from, &checkpoint) {
            (Some(from), _) => Some(from.started_from()),
            (None, Some(saved)) => {
                TrainedOn::parse(&saved.config).and_then(|saved| saved.from().cloned())
            }
            (None, None) => None,
        };
        let trained_on = TrainedOn::new(self.data, data_mark)
            .started_from(started_from.clone())
            .with_constant(self.constant());
        let weights_text = trained_on.append_to(&config_text)?;
        // Those that the weights were trained with, here or in the checkpoint.
        let kept = match (&from, &checkpoint) {
            (Some(from), _) => Some(from.scales.clone()),
            (None, Some(saved)) => saved.scales.clone(),
            (None, None) => None,
        };
        let keeps_scales = kept.is_some();
        // Before anything is written: a run that has not enough changes nothing.
        let memory =
            OwnedBuffers::new_with(&config.arch(), &config.solver(), &config.parallel(ranks))?;

        let mut log = self.start_log(watcher, lengths, checkpoint.as_ref())?;
        let mut files = RunFiles {
            folder,
            arch: config.arch(),
            scales: kept.unwrap_or(scales),
            keeps_scales,
            config: config_text,
            weights_text,
            started_from,
            data_mark,
            has_new_best: false,
            has_shorter_best: false,
            failure: None,
        };
        let config_bytes = files.config.as_bytes();
        match &mut checkpoint {
            None => folder
                .write_unfinished(&RealDisk, CONFIG, config_bytes)
                .with_context(|| format!("{}: cannot be written", folder.file(CONFIG).display()))?,
            Some(saved) => {
                files.repair_best(saved)?;
                self.take_over_settings(saved, &files, watcher)?;
                folder.write(CONFIG, files.config.as_bytes())?;
                log.finish(folder)?;
            }
        }
        Ok(RunAs { session: self, lengths, log, files, memory, checkpoint, from, ranks })
    }

    /// The inputs that are the same in all samples that train, here and, of weights that were not drawn, where those trained.
    fn constant(&self) -> Vec<Constant> {
        let found = || constant_inputs(self.data, &self.split.train);
        let saved = self.resume.as_ref().and_then(|(bytes, file)| read_config(bytes, file).ok());
        match (saved.as_deref().and_then(TrainedOn::parse), &self.from) {
            // What weights were trained on that this run started from is known to its checkpoints alone.
            (Some(saved), _) => saved.constant().to_vec(),
            (None, Some(from)) => {
                common(found(), from.trained_on().map_or(&[], TrainedOn::constant))
            }
            (None, None) => found(),
        }
    }

    /// The scalings, and the fingerprint of the training set. Each goes through all samples: at
    /// the same time, until the first step has to wait.
    fn read_through<T: Number>(&self) -> (Scales<T>, u64) {
        thread::scope(|scope| {
            let mark = thread::Builder::new().spawn_scoped(scope, || fingerprint(self.data));
            let scales = self.config.scales(self.data, &self.split);
            // Where the system starts no more threads, one after the other.
            let mark = mark.ok().and_then(|mark| mark.join().ok());
            (scales, mark.unwrap_or_else(|| fingerprint(self.data)))
        })
    }
}

impl<'a, T: Number> RunAs<'a, T> {
    /// Trains to the end, or until the watcher stops the run.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, or a checkpoint that was asked for last could not be made. A loss
    /// that is not finite is no error here: the [`Outcome`] says so.
    pub(super) fn train(self, watcher: &mut dyn Watcher) -> Result<TrainedAs<'a, T>> {
        let Self { session, lengths, mut log, mut files, memory, checkpoint, from, ranks } = self;
        let Session { config, data, split, backend, folder, .. } = session;
        // The images are read with it while the files change.
        let scales = files.scales.clone();
        let beginning = match (&checkpoint, &from) {
            (Some(saved), _) => Beginning::Checkpoint(saved),
            (None, Some(from)) => Beginning::Weights(from),
            (None, None) => Beginning::Drawn,
        };
        let desk = Desk::default();
        let outcome = thread::scope(|scope| -> Result<Outcome<T>> {
            let writer = Writer::start(scope, &desk, folder);
            let mut watch =
                Watch::new(&mut log, &mut files, &writer, watcher, session.when, lengths);
            let result = trainer::train_in(
                memory,
                config,
                (data, split),
                &scales,
                (backend, ranks),
                beginning,
                |event, moment| watch.on(event, moment),
            );
            let written = writer.finish();
            let outcome = result?;
            written?;
            Ok(outcome)
        })?;
        if let Some(failure) = files.failure.take() {
            return Err(failure);
        }
        log.flush()?;
        // A run that did no step leaves nothing.
        if folder.is_begun() {
            files.finish(&outcome)?;
        }
        Ok(TrainedAs { session, log, files, outcome, inspection: None })
    }
}

impl<T: Number> TrainedAs<'_, T> {
    /// Measures the best weights, and writes the summary. `start` is when the run began.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, or there is not enough memory.
    pub(super) fn finish(&mut self, watcher: &mut dyn Watcher, start: Instant) -> Result<Summary> {
        let folder = &self.session.folder;
        if let Some(iteration) = self.outcome.diverged_at {
            let event = RunEvent::Diverged { iteration };
            self.log.append(&event)?;
            self.log.flush()?;
            watcher.event(&event);
        }
        let (mut summary, inspection) = self.summarize(start)?;
        self.inspection = inspection;
        // Of a run that had ended before, the speed is that of the command that trained it.
        if self.outcome.steps == 0
            && let Ok(before) = Summary::read(folder)
            && before.iterations == summary.iterations
        {
            summary.take_speed(before);
        }
        if folder.is_begun() {
            // One that was finished, and diverged when it was made longer, can still be used.
            if self.outcome.diverged_at.is_none() || !self.files.has_finished_run() {
                summary.write(folder)?;
            }
            // A run that is complete needs no way back.
            folder.remove(PREVIOUS_CHECKPOINT)?;
        }
        watcher.event(&RunEvent::End { summary: &summary });
        Ok(summary)
    }

    fn summarize(&self, start: Instant) -> Result<(Summary, Option<Inspection>)> {
        let Session { config, data, split, backend, name, .. } = self.session;
        let outcome = &self.outcome;
        let (metric, worst) = (outcome.metric, measured::worst(outcome.metric));
        let class_weights = config.class_weights(data, split);
        let net = config.net_with(&class_weights);
        let weights = Weights::new(&net.arch, &outcome.best_params, &outcome.best_running)?;
        let measure = |part| {
            let part = (*data, split, part);
            match trainer::evaluate(&net, weights, part, &self.files.scales, backend) {
                // Where a run diverged before its first check, these are the weights of its start.
                Err(error) if outcome.diverged_at.is_some() && is_non_finite(&error) => Ok(worst),
                found => found,
            }
        };
        let figures = |part| {
            let part = (*data, split, part);
            match figures(&net, weights, part, &self.files.scales, &[], backend) {
                Err(error) if outcome.diverged_at.is_some() && is_non_finite(&error) => Ok(None),
                found => found.map(Some),
            }
        };
        // One pass for the figures of all test samples at once, and for the report of the run.
        let part = (*data, split, Part::Test);
        let inspected = match inspect(&net, weights, part, &self.files.scales, backend) {
            Ok(inspected) => Some(inspected),
            // What is wrong is told where the metric is measured.
            Err(_) if metric == Metric::Accuracy => None,
            Err(error) if outcome.diverged_at.is_some() && is_non_finite(&error) => None,
            Err(error) => return Err(error),
        };
        let of_test = inspected.as_ref().map(|inspected| &inspected.figures);
        // The accuracy says enough of classes; what else there is stands beside any other metric.
        let beside = of_test.filter(|_| metric != Metric::Accuracy);
        let test = match of_test.filter(|_| metric == Metric::Accuracy).and_then(Figures::accuracy)
        {
            Some(accuracy) => accuracy,
            None => measure(Part::Test)?,
        };
        let threshold = match data.task {
            Task::Reconstruct => figures(Part::Val)?,
            Task::Classify | Task::Regress => None,
        };
        let last = |history: &[f64]| history.last().copied().unwrap_or(worst);
        let (train, val) = (&outcome.train_history, &outcome.val_history);
        let epochs = outcome.progress.num_checks.saturating_sub(1);
        let samples = f64::from_usize(outcome.steps * config.solver::<T>().batch_size);
        let summary = Summary {
            name: name.clone(),
            data: data.source.kind.word.to_owned(),
            from: self.files.started_from.clone(),
            measured: Measured {
                metric,
                best_val: measured::best(metric, val).unwrap_or(worst),
                best_epoch: outcome.progress.best_epoch,
                val: measure(Part::Val)?,
                test,
                test_size: split.test.len(),
                train: last(train),
                final_val: last(val),
            },
            beside: beside.map_or_else(Beside::default, |figures| Beside::new(figures, metric)),
            anomaly_threshold: threshold.and_then(|val| val.threshold(config.anomaly_percentile())),
            first_loss: outcome.loss_history.first().copied().unwrap_or(0.0),
            num_params: net.arch.num_params(),
            iterations: outcome.progress.iteration,
            epochs,
            ended_after: (outcome.diverged_at.is_none() && epochs < config.values().num_epochs)
                .then_some(config.last_epoch())
                .filter(|&last| last == epochs),
            samples_per_second: samples / outcome.step_time.as_secs_f64().max(1e-9),
            seconds: start.elapsed().as_secs_f64(),
            backend: backend.kernel().name().to_owned(),
            threads: backend.threads(),
            dtype: config.values().dtype.name().to_owned(),
            seed: config.solver::<T>().seed,
            diverged_at: outcome.diverged_at,
        };
        Ok((summary, inspected))
    }
}
