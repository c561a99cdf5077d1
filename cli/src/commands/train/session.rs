//! A run and the files it leaves while it goes on.

use super::due::When;
use crate::checkpoint::Checkpoint;
use crate::checkpoint::store::{Desk, Writer, save};
use crate::commands::usage;
use crate::config::Config;
use crate::console::Console;
use crate::data::DataSet;
use crate::disk::RealDisk;
use crate::events::{EventLog, RunEvent};
use crate::number::Number;
use crate::presets::Reported;
use crate::run_folder::{BEST, CONFIG, PREVIOUS_CHECKPOINT, RunFolder};
use crate::samples::{Split, fingerprint};
use crate::shell::resume_command;
use crate::signals::{Signals, Stopped};
use crate::trained_on::TrainedOn;
use crate::trainer::{self, Outcome};
use crate::weights::to_safetensors;
use anyhow::{Result, ensure};
use barenet::{Event, Float, Progress, SolverConfig, Weights};
use barenet_blas::Backend;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
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
struct Lengths {
    iterations: usize,
    per_epoch: usize,
    epochs: usize,
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
    pub(super) fn run<T: Number>(
        &self,
        reported: Option<Reported>,
        mut console: Console,
        start: Instant,
    ) -> Result<()> {
        let Self { config, data, split, backend, folder, .. } = *self;
        let lengths = Lengths::new(&config.solver::<T>(), split.train.len());
        // Each goes once through all images: at the same time, until the first step has to wait.
        let (mean_image, data_mark) = std::thread::scope(|scope| {
            let mark = scope.spawn(|| fingerprint(data));
            let mean_image = split.mean_image(data);
            (mean_image, mark.join().unwrap_or_else(|_| fingerprint(data)))
        });
        let mean_image: Vec<T> = mean_image.into_iter().map(T::from_f64).collect();
        let config_text = config.to_toml();
        let weights_text = TrainedOn::new(data, data_mark).append_to(&config_text)?;
        let mut checkpoint = self.read_checkpoint::<T>(data_mark, lengths)?;

        if let Some(saved) = &mut checkpoint {
            self.take_over_settings(saved, &config_text, &console)?;
        }
        folder.write(CONFIG, config_text.as_bytes())?;
        let mut log = self.start_log(&console, lengths, checkpoint.as_ref())?;
        self.describe::<T>(&console);
        if let Some(Checkpoint { progress, .. }) = &checkpoint {
            let Progress { iteration, .. } = progress;
            let last = lengths.iterations;
            console.line(&format!("goes on after iteration {iteration} of {last}\n"));
        }
        console.start(lengths.iterations, lengths.batch);

        let arch = config.arch();
        let save_best = |best: Weights<'_, T>| -> Result<()> {
            folder.write(BEST, &to_safetensors(&arch, best, &mean_image, &weights_text)?)
        };
        // The file of before may be damaged, older than the checkpoint, or have other settings.
        if let Some(saved) = checkpoint.as_ref().filter(|saved| saved.progress.num_checks > 0) {
            save_best(Weights::new(&arch, &saved.best_params, &saved.best_running)?)?;
        }
        let first_iteration = checkpoint.as_ref().map_or(0, |saved| saved.progress.iteration);
        let clock = Instant::now();
        let (mut last_drawn, mut last_saved) = (clock, clock);
        // Best weights that wait for the next checkpoint, and what the last one kept the training from.
        let (mut has_new_best, mut waited) = (false, Duration::ZERO);
        let desk = Desk::default();
        let outcome = std::thread::scope(|scope| -> Result<Outcome<T>> {
            let writer = Writer::start(scope, &desk, folder);
            let result = trainer::train(
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
                        Event::Epoch { epoch, train_acc, val_acc, best } => {
                            let (train_acc, val_acc) =
                                (train_acc.to_printed(), val_acc.to_printed());
                            let line =
                                RunEvent::Epoch { epoch, train_acc, val_acc, best }.to_line();
                            log.line(&line)?;
                            log.flush()?;
                            console.json(&line);
                            let last = lengths.epochs;
                            console.line(&format!(
                                "(Epoch {epoch} / {last}) train acc: {train_acc:.6}; val_acc: {val_acc:.6}"
                            ));
                            has_new_best |= best;
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
                        if has_new_best {
                            save_best(moment.best_weights(&arch)?)?;
                            has_new_best = false;
                        }
                        let copy = Checkpoint::of(
                            &config_text,
                            data_mark,
                            moment.progress,
                            moment.buffers,
                        );
                        if let Some(error) = writer.submit(copy) {
                            console
                                .warn(&format!("{error:#}; the checkpoint before it can be used"));
                        }
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
        log.flush()?;
        // Where the loss was not finite, nothing was written.
        if has_new_best {
            save_best(Weights::new(&arch, &outcome.best_params, &outcome.best_running)?)?;
        }
        self.plot(&outcome)?;
        if outcome.stopped {
            let signal = self.signals.stop().unwrap_or(0);
            let iteration = outcome.progress.iteration;
            let go_on = resume_command(&folder.current_path(), self.asked_for);
            return Err(Stopped { signal, iteration, go_on }.into());
        }
        if let Some(iteration) = outcome.diverged_at {
            let line = RunEvent::Diverged { iteration }.to_line();
            log.line(&line)?;
            log.flush()?;
            console.json(&line);
        }
        let summary = self.summarize(&outcome, &mean_image, start)?;
        summary.write(folder)?;
        // A run that is complete needs no way back.
        folder.remove(PREVIOUS_CHECKPOINT)?;
        console.json(&RunEvent::End { summary: &summary }.to_line());
        self.report(&console, &summary, reported, &outcome)?;
        console.end(&format!("the run is complete in {}", folder.current_path().display()))
    }

    fn read_checkpoint<T: Number>(
        &self,
        data_mark: u64,
        lengths: Lengths,
    ) -> Result<Option<Checkpoint<T>>> {
        let Some((bytes, file)) = &self.resume else { return Ok(None) };
        let checkpoint = Checkpoint::from_bytes(bytes, file)?;
        ensure!(
            checkpoint.data == data_mark,
            "{}: the run was trained on other images than {}; name the right ones with --data",
            file.display(),
            self.data.source
        );
        let (done, Lengths { iterations, epochs, .. }) = (checkpoint.progress.iteration, lengths);
        if done > iterations {
            return usage(format!(
                "--epochs {epochs}: the run has done {done} iterations already, which is more than \
                 the {iterations} of {epochs} epochs"
            ));
        }
        Ok(Some(checkpoint))
    }

    /// Settings that are others than before, such as more epochs, go into the checkpoint at once:
    /// whoever kills this run and goes on once more goes on with them. What somebody wrote into
    /// `config.toml` does not count, and that is said.
    fn take_over_settings<T: Number>(
        &self,
        saved: &mut Checkpoint<T>,
        config: &str,
        console: &Console,
    ) -> Result<()> {
        let file = self.folder.file(CONFIG);
        if self
            .folder
            .read(CONFIG)
            .is_ok_and(|found| found != saved.config.as_bytes() && found != config.as_bytes())
        {
            let file = file.display();
            console
                .warn(&format!("{file}: changed since; the run goes on with the settings it had"));
        }
        if saved.config != config {
            config.clone_into(&mut saved.config);
            save(&RealDisk, self.folder, &saved.to_bytes())?;
        }
        Ok(())
    }

    /// Starts `events.jsonl`, with all that a checkpoint says has happened: the file may have more
    /// than that, or less, or half a line.
    fn start_log<T: Number>(
        &self,
        console: &Console,
        lengths: Lengths,
        checkpoint: Option<&Checkpoint<T>>,
    ) -> Result<EventLog> {
        let out = self.folder.path().display().to_string();
        let source = self.data.source.to_string();
        let begin = |out, data_source| RunEvent::Start {
            name: self.name,
            out,
            data: self.data.source.kind(),
            data_source,
            num_iterations: lengths.iterations,
            iterations_per_epoch: lengths.per_epoch,
        };
        let mut log = EventLog::create(self.folder)?;
        // The log leaves out where it and the images lie: the same run is the same bytes anywhere.
        log.line(&begin(None, None).to_line())?;
        console.json(&begin(Some(&out), Some(&source)).to_line());
        let Some(saved) = checkpoint else { return Ok(log) };
        console.json(&RunEvent::Resume { iteration: saved.progress.iteration }.to_line());

        let mut accuracies = saved.train_acc.iter().zip(&saved.val_acc).enumerate().peekable();
        let mut best_val_acc = T::NEG_INFINITY;
        for (iteration, &loss) in (1..).zip(&saved.loss) {
            log.line(&RunEvent::Step { iteration, loss: loss.to_printed() }.to_line())?;
            // Check 0 follows the first step, check e the last step of epoch e.
            while let Some((epoch, (&train_acc, &val_acc))) =
                accuracies.next_if(|(epoch, _)| iteration >= (epoch * lengths.per_epoch).max(1))
            {
                let best = val_acc > best_val_acc;
                best_val_acc = if best { val_acc } else { best_val_acc };
                let (train_acc, val_acc) = (train_acc.to_printed(), val_acc.to_printed());
                log.line(&RunEvent::Epoch { epoch, train_acc, val_acc, best }.to_line())?;
            }
        }
        log.flush()?;
        Ok(log)
    }
}
