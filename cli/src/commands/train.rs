//! `barenet train`.

use super::{accuracy_text, data_line, start_backend, usage};
use crate::config::Config;
use crate::console::{Console, Verbosity, thousands};
use crate::data::{DataSet, IMAGE_LEN, NUM_CLASSES, discover};
use crate::number::Number;
use crate::plot::{TrainingCurves, training_figure};
use crate::presets::{Preset, Reported};
use crate::run_folder::{BEST, CONFIG, EventLog, PLOT, RunEvent, RunFolder, SUMMARY, Summary};
use crate::samples::{Part, Split};
use crate::settings::{Dtype, Settings};
use crate::trainer::{self, Outcome};
use crate::weights::to_safetensors;
use anyhow::{Context, Result, bail};
use barenet::{Event, Float, Weights};
use barenet_blas::Backend;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Train a network
#[derive(clap::Args, Debug)]
#[command(
    args_override_self = true,
    after_help = "\
Examples:
  barenet train                                    the course's two-layer net
  barenet train --preset best --seed 3             the course's best net, other random numbers
  barenet train --hidden 256,128 --update-rule adam --batchnorm --epochs 5
  barenet train --config runs/two-layer/config.toml --out runs/again
  barenet train --json | jq .loss                  events as JSON lines on standard output

A run starts from --preset (two-layer if there is no --config either), is changed by --config, then
by flags. Exit status: 0 ok, 1 failed, 2 a setting or flag that cannot be used."
)]
pub struct Args {
    /// Read settings from this TOML file, such as the config.toml of a run
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// CIFAR-10: a folder or .tar.gz, binary or python version
    /// [default: CIFAR10_DIR, then ./data, then built-in images]
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
    /// Folder for the run's files [default: runs/NAME]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the run that --out holds
    #[arg(long)]
    pub force: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
    /// Print events as JSON lines
    #[arg(long, conflicts_with = "quiet")]
    pub json: bool,
    /// Settings
    #[command(flatten)]
    pub settings: Settings,
}

/// Settings of a preset, a file and flags, one over the other, and the preset's figures.
///
/// # Errors
///
/// If the file cannot be read or parsed, or there is no such preset.
pub fn combine(
    config: Option<&Path>,
    flags: Settings,
    default_preset: &str,
) -> Result<(Settings, Option<Preset>)> {
    let file = match config {
        None => Settings::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("{}: cannot be read", path.display()))?;
            Settings::from_toml(&text, path)?
        }
    };
    let from_file = file.preset.clone();
    let wanted = flags.overlay(file);
    let name = match &wanted.preset {
        Some(name) => Some(name.clone()),
        None if config.is_none() => Some(default_preset.to_owned()),
        None => None,
    };
    let Some(name) = name else { return Ok((wanted, None)) };
    let Some(preset) = Preset::find(&name) else {
        let names: Vec<_> = Preset::all().iter().map(|preset| preset.name).collect();
        let place =
            if from_file.as_ref() == Some(&name) { "preset in the file" } else { "--preset" };
        return usage(format!("{place}: there is no {name:?}; there are {}", names.join(", ")));
    };
    let settings = wanted
        .overlay(preset.settings.clone())
        .overlay(Settings { preset: Some(name), ..Settings::default() });
    Ok((settings, Some(preset)))
}

/// Runs the command.
///
/// # Errors
///
/// For data, settings or files that cannot be used, and for a loss that is not finite.
pub fn run(args: Args) -> Result<()> {
    let start = Instant::now();
    let verbosity = match (args.quiet, args.json) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Json,
        _ => Verbosity::Lines,
    };
    let (settings, preset) = combine(args.config.as_deref(), args.settings, Preset::DEFAULT)?;
    let config = Config::new(settings, IMAGE_LEN, NUM_CLASSES)?;
    let data = discover(args.data.as_deref())?;
    let split = Split::new(&data, config.settings())?;
    let backend = start_backend(&config)?;
    let name = config.settings().preset.clone().unwrap_or_else(|| "custom".to_owned());
    let folder = RunFolder::create(args.out.as_deref(), &name, args.force)?;
    let run =
        Run { config: &config, data: &data, split: &split, backend: &backend, folder: &folder };
    let console = Console::new(verbosity);
    let reported = preset.map(|preset| preset.reported);
    match config.dtype() {
        Dtype::F32 => run.train::<f32>(&name, reported, console, start),
        Dtype::F64 => run.train::<f64>(&name, reported, console, start),
    }
}

/// What a run needs besides its number type.
struct Run<'a> {
    config: &'a Config,
    data: &'a DataSet,
    split: &'a Split,
    backend: &'a Backend,
    folder: &'a RunFolder,
}

impl Run<'_> {
    fn train<T: Number>(
        &self,
        name: &str,
        reported: Option<Reported>,
        mut console: Console,
        start: Instant,
    ) -> Result<()> {
        let Self { config, data, split, backend, folder } = *self;
        let solver = config.solver::<T>();
        let num_train = split.train.len();
        let (num_iterations, num_epochs) = (solver.num_iterations(num_train), solver.num_epochs);
        let mean_image: Vec<T> = split.mean_image(data).into_iter().map(T::from_f64).collect();

        let config_text = config.settings().to_toml();
        folder.write(CONFIG, config_text.as_bytes())?;
        let mut log = EventLog::create(folder)?;
        self.describe::<T>(&console);
        let out = folder.path().display().to_string();
        let begin = |out| RunEvent::Start {
            name,
            out,
            num_iterations,
            iterations_per_epoch: solver.iterations_per_epoch(num_train),
        };
        // The log leaves out where it lies: the same run is the same bytes anywhere.
        log.line(&begin(None).to_line())?;
        console.json(&begin(Some(&out)).to_line());
        console.start(num_iterations, solver.batch_size);

        let (clock, mut last_drawn) = (Instant::now(), Instant::now());
        let arch = config.arch();
        let result = trainer::train(config, data, split, &mean_image, backend, |event, best| {
            match *event {
                Event::Step { iteration, loss, print } => {
                    let line = RunEvent::Step { iteration, loss: loss.to_printed() }.to_line();
                    log.line(&line)?;
                    console.json(&line);
                    if print {
                        console.line(&format!(
                            "(Iteration {iteration} / {num_iterations}) loss: {:.6}",
                            loss.to_printed()
                        ));
                    }
                    if last_drawn.elapsed().as_millis() > 100 {
                        last_drawn = Instant::now();
                        let samples = f64::from_usize(iteration * solver.batch_size);
                        console.progress(iteration, samples / clock.elapsed().as_secs_f64());
                    }
                }
                Event::Epoch { epoch, train_acc, val_acc, best: is_best } => {
                    let (train_acc, val_acc) = (train_acc.to_printed(), val_acc.to_printed());
                    let line =
                        RunEvent::Epoch { epoch, train_acc, val_acc, best: is_best }.to_line();
                    log.line(&line)?;
                    log.flush()?;
                    console.json(&line);
                    console.line(&format!(
                        "(Epoch {epoch} / {num_epochs}) train acc: {train_acc:.6}; val_acc: {val_acc:.6}"
                    ));
                    if is_best {
                        let file = to_safetensors(&arch, best, &mean_image, &config_text)?;
                        folder.write(BEST, &file)?;
                    }
                }
            }
            Ok(())
        });
        console.finish();
        let outcome = result?;
        if let Some(iteration) = outcome.diverged_at {
            log.line(&RunEvent::Diverged { iteration }.to_line())?;
        }
        let summary = self.summarize(name, &outcome, &mean_image, start)?;
        log.flush()?;
        let json = serde_json::to_string_pretty(&summary)?;
        folder.write(SUMMARY, format!("{json}\n").as_bytes())?;
        self.plot(name, &outcome)?;
        console.json(&RunEvent::End { summary: &summary }.to_line());
        self.report(&console, &summary, reported, &outcome)
    }

    /// Says what is about to happen, and with what.
    fn describe<T: Number>(&self, console: &Console) {
        let Self { config, split, backend, .. } = *self;
        let arch = config.arch();
        let sizes: Vec<_> = arch.dims().iter().map(usize::to_string).collect();
        let solver = config.solver::<T>();
        let count = |n: usize| thousands(f64::from_usize(n));
        console.line(&format!("data      {}", data_line(self.data)));
        console.line(&format!(
            "          {} training, {} validation, {} test images",
            count(split.train.len()),
            count(split.val.len()),
            count(split.test.len())
        ));
        console.line(&format!(
            "network   {}{}, {} parameters, {}",
            sizes.join("-"),
            if arch.has_batchnorm() { " with batch norm" } else { "" },
            count(arch.num_params()),
            T::NAME
        ));
        console.line(&format!(
            "training  {}, learning rate {}, batches of {}, {} epochs, seed {}",
            solver.update_rule.name(),
            solver.learning_rate,
            solver.batch_size,
            solver.num_epochs,
            solver.seed
        ));
        console.line(&format!("backend   {}, {} threads", backend.kernel(), backend.threads()));
        console.line("");
    }

    fn summarize<T: Number>(
        &self,
        name: &str,
        outcome: &Outcome<T>,
        mean_image: &[T],
        start: Instant,
    ) -> Result<Summary> {
        let Self { config, data, split, backend, .. } = *self;
        let net = config.net::<T>();
        let weights = Weights::new(&net.arch, &outcome.best_params, &outcome.best_running)?;
        let accuracy =
            |part| trainer::evaluate(&net, weights, (data, split, part), mean_image, backend);
        let last = |history: &[f64]| history.last().copied().unwrap_or(0.0);
        let samples = f64::from_usize(outcome.progress.iteration * config.solver::<T>().batch_size);
        let val_acc = accuracy(Part::Val)?;
        Ok(Summary {
            name: name.to_owned(),
            data: data.source.kind().to_owned(),
            best_val_acc: outcome.val_acc_history.iter().copied().fold(0.0, f64::max),
            best_epoch: outcome.progress.best_epoch,
            val_acc,
            test_acc: accuracy(Part::Test)?,
            test_size: split.test.len(),
            train_acc: last(&outcome.train_acc_history),
            final_val_acc: last(&outcome.val_acc_history),
            first_loss: outcome.loss_history.first().copied().unwrap_or(0.0),
            num_params: net.arch.num_params(),
            iterations: outcome.progress.iteration,
            epochs: outcome.progress.num_checks.saturating_sub(1),
            samples_per_second: samples / outcome.step_time.as_secs_f64().max(1e-9),
            seconds: start.elapsed().as_secs_f64(),
            backend: backend.kernel().name().to_owned(),
            threads: backend.threads(),
            dtype: config.dtype().name().to_owned(),
            seed: config.solver::<T>().seed,
            diverged_at: outcome.diverged_at,
        })
    }

    fn plot<T>(&self, name: &str, outcome: &Outcome<T>) -> Result<()> {
        let figure = training_figure(
            name,
            &TrainingCurves {
                label: name,
                loss: &outcome.loss_history,
                train_acc: &outcome.train_acc_history,
                val_acc: &outcome.val_acc_history,
            },
        );
        self.folder.write(&format!("{PLOT}.svg"), figure.to_svg()?.as_bytes())?;
        self.folder.write(&format!("{PLOT}.png"), &figure.to_png()?)
    }

    /// Says what came out, beside what the course's document reports.
    fn report<T>(
        &self,
        console: &Console,
        summary: &Summary,
        reported: Option<Reported>,
        outcome: &Outcome<T>,
    ) -> Result<()> {
        let out = self.folder.path().display();
        if let Some(iteration) = summary.diverged_at {
            if outcome.progress.num_checks == 0 {
                bail!(
                    "the loss is not a finite number at iteration {iteration}; try a lower --learning-rate"
                );
            }
            bail!(
                "the loss is not a finite number at iteration {iteration}; the best weights so far \
                 (epoch {}, validation accuracy {:.3}) are in {}; try a lower --learning-rate",
                summary.best_epoch,
                summary.best_val_acc,
                self.folder.file(BEST).display()
            );
        }
        console.line("");
        let reported = reported.unwrap_or_default();
        let is_cifar = summary.data == "cifar10";
        let header = if is_cifar { "   course" } else { "" };
        console.line(&format!("{:<34}{:>9}{header}", "", "this run"));
        let all_test = summary.test_size != 1000;
        let rows = [
            ("loss of the first iteration", summary.first_loss, reported.first_loss),
            ("training accuracy, last epoch", summary.train_acc, reported.train_acc),
            ("validation accuracy, last epoch", summary.final_val_acc, reported.final_val_acc),
            ("validation accuracy, best epoch", summary.best_val_acc, reported.best_val_acc),
            ("test accuracy", summary.test_acc, reported.test_acc.filter(|_| !all_test)),
        ];
        for (what, found, reported) in rows {
            let reported = match reported {
                Some(reported) if is_cifar => format!("{:>9}", accuracy_text(reported)),
                _ => String::new(),
            };
            console.line(&format!("{what:<34}{:>9}{reported}", accuracy_text(found)));
        }
        console.line(&format!(
            "\n{} samples/s, {:.1} s in all; weights, events and plots are in {out}",
            thousands(summary.samples_per_second),
            summary.seconds
        ));
        Ok(())
    }
}
