//! `barenet compare`.

use super::{ImagesFlag, data_line, metric_text, usage, warn_of_stand_in};
use crate::commands::train::{Combined, combine};
use crate::console::{Console, Verbosity, complain};
use crate::flags::{SettingsFlags, choice};
use anyhow::Result;
use barenet::Event;
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_model::number::Number;
use barenet_report::{TrainingCurves, comparison_figure};
use barenet_run::backend::start_backend;
use barenet_run::config::{Config, ignored};
use barenet_run::events::Check;
use barenet_run::folder::Folder;
use barenet_run::measured::{best, key};
use barenet_run::presets::Preset;
use barenet_run::run_folder::{COMPARISON_JSON, COMPARISON_PLOTS, refuse_what_is_in_the_way};
use barenet_run::settings::{Dtype, RuleName, Settings};
use barenet_run::trainer::{self, Outcome};
use serde_json::json;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// Train once with each update rule, and plot the runs together
#[derive(clap::Args, Debug)]
#[command(
    args_override_self = true,
    after_help = "\
Examples:
  barenet compare                                          the course's comparison
  barenet compare --update-rules sgd,nesterov,adamw --epochs 10 --out runs/rules

Each rule has the learning rate of the course's experiment with it (sgd, sgd_momentum and nesterov
1e-2, rmsprop 1e-4, adam and adamw 1e-3), or --learning-rate. All other settings are the same, by
default those of the course: --preset six-layer-sgd."
)]
pub struct Args {
    /// Update rules to compare
    #[arg(
        long,
        value_name = "RULE,..",
        value_delimiter = ',',
        value_parser = choice::<RuleName>(),
        default_value = "sgd,sgd_momentum,rmsprop,adam"
    )]
    pub update_rules: Vec<RuleName>,
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The images
    #[command(flatten)]
    pub images: ImagesFlag,
    /// Folder for comparison.svg, comparison.png and comparison.json
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    pub out: PathBuf,
    /// Print nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
    /// Print one JSON object with the result
    #[arg(long, conflicts_with = "quiet")]
    pub json: bool,
    /// Settings
    #[command(flatten)]
    pub settings: SettingsFlags,
}

/// The learning rate of the course's experiment with a rule, or that of the course's `optim.py`.
fn course_learning_rate(rule: RuleName, presets: &[Preset]) -> f64 {
    let preset = presets.iter().find(|preset| {
        preset.name.starts_with("six-layer") && preset.settings.update_rule == Some(rule)
    });
    let rate = preset.and_then(|preset| preset.settings.learning_rate);
    rate.unwrap_or_else(|| rule.rule().default_learning_rate())
}

/// Curves of one rule's run.
struct Curves {
    rule: RuleName,
    loss: Vec<f64>,
    train: Vec<f64>,
    val: Vec<f64>,
    diverged_at: Option<usize>,
}

/// Runs the command.
///
/// # Errors
///
/// For data, settings or files that cannot be used.
pub fn run(args: Args) -> Result<()> {
    if args.settings.0.update_rule.is_some() {
        return usage("compare takes --update-rules, several, in place of --update-rule");
    }
    let asked_rate = args.settings.0.learning_rate;
    let presets = Preset::all()?;
    let Combined { settings, written, .. } =
        combine(args.config.as_deref(), args.settings.0, "six-layer-sgd")?;
    let data = args.images.read()?;
    let mut configs = args
        .update_rules
        .iter()
        .map(|&rule| {
            let rate = asked_rate.unwrap_or_else(|| course_learning_rate(rule, &presets));
            let changes = Settings {
                update_rule: Some(rule),
                learning_rate: Some(rate),
                ..Settings::default()
            };
            let settings = changes.overlay(settings.clone());
            Ok((rule, Config::new(settings, data.input_dim(), data.num_classes())?))
        })
        .collect::<Result<Vec<_>>>()?;
    for (_, config) in &mut configs {
        let num_train = config.split(&data)?.train.len();
        config.fit(&written, num_train)?;
    }
    let all: Vec<_> = configs.iter().map(|(_, config)| config).collect();
    ignored(&written, &all).iter().for_each(|line| complain(format_args!("warning: {line}")));
    // The rules differ in nothing that a backend or the metric depends on.
    let Some((_, first)) = configs.first() else {
        return usage("--update-rules names no rule");
    };
    let (backend, metric) = (start_backend(first)?, first.metric());
    let folder = Folder::make(&args.out)?.lock("compares")?;
    refuse_what_is_in_the_way(&folder, COMPARISON_PLOTS.into_iter().chain([COMPARISON_JSON]))?;
    warn_of_stand_in(&data, Verbosity::of(args.quiet, args.json));
    let console = Console::new(Verbosity::of(args.quiet, args.json));
    console.line(&format!("data      {}", data_line(&data)));

    let mut runs = Vec::new();
    for (rule, config) in &configs {
        console.line(&format!("running with {}", rule.name()));
        let run = match config.dtype() {
            Dtype::F32 => train_one::<f32>(*rule, config, &data, &backend, &console)?,
            Dtype::F64 => train_one::<f64>(*rule, config, &data, &backend, &console)?,
        };
        runs.push(run);
    }

    let curves: Vec<_> = runs
        .iter()
        .map(|run| TrainingCurves {
            label: run.rule.name(),
            loss: &run.loss,
            train: &run.train,
            val: &run.val,
        })
        .collect();
    let figure = comparison_figure(metric, &curves);
    let [svg, png] = COMPARISON_PLOTS;
    folder.write(svg, figure.to_svg()?.as_bytes())?;
    folder.write(png, &figure.to_png()?)?;
    // `null` for what a run did not come to.
    let last = |history: &[f64]| history.last().copied();
    let rows: Vec<_> = runs
        .iter()
        .map(|run| {
            json!({
                "update_rule": run.rule.name(),
                "loss": last(&run.loss),
                key(metric, "train"): last(&run.train),
                key(metric, "val"): last(&run.val),
                key(metric, "best_val"): best(metric, &run.val),
                "diverged_at": run.diverged_at,
            })
        })
        .collect();
    let result = json!({ "data": data.source.kind(), "runs": rows });
    folder.write(COMPARISON_JSON, format!("{result:#}\n").as_bytes())?;
    console.json(|| result.to_string());
    let (data, word) = (data.source.kind(), metric.key());
    let (train, val) = (format!("train {word}"), format!("val {word}"));
    console.line(&format!("\n{data:<14}{train:>12}{val:>12}{:>12}", "best val"));
    for run in &runs {
        let text = |found: Option<f64>| found.map_or_else(|| "-".to_owned(), metric_text);
        let (train, val, best) = (last(&run.train), last(&run.val), best(metric, &run.val));
        let name = run.rule.name();
        console.line(&format!("{name:<14}{:>12}{:>12}{:>12}", text(train), text(val), text(best)));
    }
    let out = folder.current_path();
    let out = out.display();
    console.line(&format!("(last epoch)\n\nplots are in {out}"));
    console.end(&format!("the comparison is complete in {out}"))
}

fn train_one<T: Number>(
    rule: RuleName,
    config: &Config,
    data: &DataSet,
    backend: &Backend,
    console: &Console,
) -> Result<Curves> {
    let split = config.split(data)?;
    let mean_image: Vec<T> = split.mean_image(data).into_iter().map(T::from_f64).collect();
    let num_epochs = config.solver::<T>().num_epochs;
    let outcome: Outcome<T> =
        trainer::train(config, (data, &split), &mean_image, backend, None, |event, moment| {
            if let Event::Epoch { epoch, train, val, .. } = event {
                let (train, val) = (train.to_printed(), val.to_printed());
                let check = Check { metric: moment.metric, train, val };
                console.line(&format!("(Epoch {epoch} / {num_epochs}) {check}"));
            }
            Ok(ControlFlow::Continue(()))
        })?;
    if let Some(iteration) = outcome.diverged_at {
        console.line(&format!("the loss is not a finite number at iteration {iteration}"));
    }
    Ok(Curves {
        rule,
        loss: outcome.loss_history,
        train: outcome.train_history,
        val: outcome.val_history,
        diverged_at: outcome.diverged_at,
    })
}
