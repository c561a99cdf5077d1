//! A run and the files it leaves while it goes on.

use super::due::When;
use super::files::RunFiles;
use crate::console::Console;
use crate::signals::{Signals, Stopped};
use anyhow::{Context, Result};
use barenet::{Event, Float, Progress, SolverConfig};
use barenet_blas::{Backend, Element};
use barenet_data::DataSet;
use barenet_data::disk::RealDisk;
use barenet_data::fingerprint::fingerprint;
use barenet_data::samples::Split;
use barenet_model::number::Number;
use barenet_run::checkpoint::Checkpoint;
use barenet_run::checkpoint::store::{Desk, Writer};
use barenet_run::config::Config;
use barenet_run::events::RunEvent;
use barenet_run::presets::Reported;
use barenet_run::run_folder::{CONFIG, PREVIOUS_CHECKPOINT, RunFolder};
use barenet_run::shell::resume_command;
use barenet_run::trained_on::TrainedOn;
use barenet_run::trainer::{self, Memory, Outcome};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// What a run needs besides its number type.
pub(super) struct Session<'a> {
    pub(super) config: &'a Config,
    pub(super) data: &'a DataSet,
    pub(super) split: &'a Split,
    pub(super) backend: &'a Backend,
    pub(super) folder: &'a RunFolder,
    pub(super) name: &'a str,
    /// The data that were asked for.
    pub(super) asked_for: Option<&'a Path>,
    pub(super) when: When,
    pub(super) signals: Signals,
    /// The bytes of a checkpoint to go on from, and its file.
    pub(super) resume: Option<(Vec<u8>, PathBuf)>,
}

/// The lengths of a run.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    pub(super) iterations: usize,
    pub(super) per_epoch: usize,
    pub(super) epochs: usize,
    batch: usize,
}

impl Lengths {
    fn new<T: Float>(solver: &SolverConfig<T>, num_train: usize) -> Self {
        Self {
            iterations: solver.num_iterations(num_train),
            per_epoch: solver.iterations_per_epoch(num_train),
            epochs: solver.num_epochs,
            batch: solver.batch_size,
        }
    }
}

impl Session<'_> {
    /// Trains to the end, or until somebody stops the run.
    pub(super) fn run<T: Number + Element>(
        &self,
        reported: Option<Reported>,
        mut console: Console,
        start: Instant,
    ) -> Result<()> {
        let Self { config, data, split, backend, folder, .. } = *self;
        let lengths = Lengths::new(&config.solver::<T>(), split.train.len());
        // Each goes once through all images: at the same time, until the first step has to wait.
        let (mean_image, data_mark) = thread::scope(|scope| {
            let mark = thread::Builder::new().spawn_scoped(scope, || fingerprint(data));
            let mean_image = split.mean_image(data);
            // Where the system starts no more threads, one after the other.
            let mark = mark.ok().and_then(|mark| mark.join().ok());
            (mean_image, mark.unwrap_or_else(|| fingerprint(data)))
        });
        let mean_image: Vec<T> = mean_image.into_iter().map(T::from_f64).collect();
        let config_text = config.to_toml();
        let weights_text = TrainedOn::new(data, data_mark).append_to(&config_text)?;
        let mut checkpoint = self.read_checkpoint::<T>(data_mark, lengths)?;
        // Before anything is written: a run that has not enough changes nothing.
        let memory = Memory::<T>::reserve(config)?;

        let mut log = self.start_log(&console, lengths, checkpoint.as_ref())?;
        let mut files = RunFiles {
            folder,
            arch: config.arch(),
            mean_image: &mean_image,
            config: &config_text,
            weights_text: &weights_text,
            data_mark,
            has_new_best: false,
            has_shorter_best: false,
            failure: None,
        };
        match &mut checkpoint {
            None => folder
                .write_unfinished(&RealDisk, CONFIG, config_text.as_bytes())
                .with_context(|| format!("{}: cannot be written", folder.file(CONFIG).display()))?,
            Some(saved) => {
                files.repair_best(saved)?;
                self.take_over_settings(saved, &config_text, &console)?;
                folder.write(CONFIG, config_text.as_bytes())?;
                log.finish(folder)?;
            }
        }
        self.describe::<T>(&console);
        if let Some(Checkpoint { progress, .. }) = &checkpoint {
            let Progress { iteration, .. } = progress;
            let last = lengths.iterations;
            console.line(&format!("goes on after iteration {iteration} of {last}\n"));
        }
        console.start(lengths.iterations, lengths.batch);

        let first_iteration = checkpoint.as_ref().map_or(0, |saved| saved.progress.iteration);
        let clock = Instant::now();
        let (mut last_drawn, mut last_saved) = (clock, clock);
        // What the last checkpoint kept the training from.
        let mut waited = Duration::ZERO;
        let desk = Desk::default();
        let outcome = thread::scope(|scope| -> Result<Outcome<T>> {
            let writer = Writer::start(scope, &desk, folder);
            let result = trainer::train_in(
                memory,
                config,
                (data, split),
                &mean_image,
                backend,
                checkpoint.as_ref(),
                |event, moment| {
                    match *event {
                        Event::Step { iteration, loss, print } => {
                            let loss = loss.to_printed();
                            let line = RunEvent::Step { iteration, loss }.to_line();
                            log.line(&line)?;
                            console.json(&line);
                            if print {
                                let last = lengths.iterations;
                                let line =
                                    format!("(Iteration {iteration} / {last}) loss: {loss:.6}");
                                console.line(&line);
                            }
                            if last_drawn.elapsed() > Duration::from_millis(100) {
                                last_drawn = Instant::now();
                                let done = (iteration - first_iteration) * lengths.batch;
                                let rate = f64::from_usize(done) / clock.elapsed().as_secs_f64();
                                console.progress(iteration, rate);
                            }
                        }
                        Event::Epoch { epoch, train, val, best } => {
                            let (train_acc, val_acc) = (train.to_printed(), val.to_printed());
                            let line =
                                RunEvent::Epoch { epoch, train_acc, val_acc, best }.to_line();
                            log.line(&line)?;
                            log.flush()?;
                            console.json(&line);
                            let last = lengths.epochs;
                            console.line(&format!(
                                "(Epoch {epoch} / {last}) train acc: {train_acc:.6}; val_acc: {val_acc:.6}"
                            ));
                            files.has_new_best |= best;
                        }
                    }
                    let stop = self.signals.stop().is_some();
                    let cost = writer.cost().map(|cost| cost + waited);
                    let since = last_saved.elapsed();
                    if self.signals.checkpoint()
                        | stop
                        | self.when.is_due(event, lengths.epochs, since, cost)
                    {
                        let begin = Instant::now();
                        // Nobody should go on from such numbers: the run ends before them.
                        moment.buffers.check_finite()?;
                        files.save(moment, &writer, &console)?;
                        waited = begin.elapsed();
                        last_saved = Instant::now();
                    }
                    Ok(if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                },
            );
            let written = writer.finish();
            let outcome = result?;
            written?;
            Ok(outcome)
        });
        console.finish();
        let outcome = outcome?;
        if let Some(failure) = files.failure.take() {
            return Err(failure);
        }
        // A run that did no step leaves nothing.
        let is_begun = folder.is_begun();
        log.flush()?;
        if is_begun {
            files.finish(&outcome)?;
            self.plot(&outcome)?;
        }
        if outcome.stopped {
            let signal = self.signals.stop().unwrap_or(0);
            let iteration = outcome.progress.iteration;
            let go_on = resume_command(&folder.current_path(), self.asked_for);
            return Err(Stopped::Early { signal, iteration, go_on }.into());
        }
        if let Some(iteration) = outcome.diverged_at {
            let line = RunEvent::Diverged { iteration }.to_line();
            log.line(&line)?;
            log.flush()?;
            console.json(&line);
        }
        let summary = self.summarize(&outcome, &mean_image, start)?;
        if is_begun {
            // One that was finished, and diverged when it was made longer, can still be used.
            if outcome.diverged_at.is_none() || !files.has_finished_run() {
                summary.write(folder)?;
            }
            // A run that is complete needs no way back.
            folder.remove(PREVIOUS_CHECKPOINT)?;
        }
        console.json(&RunEvent::End { summary: &summary }.to_line());
        self.report(&console, &summary, reported, &outcome)?;
        console.end(&format!("the run is complete in {}", folder.current_path().display()))
    }
}
