//! `barenet compare`.

mod report;

use super::{ImagesFlag, data_line, usage, warn_of_data, warn_of_stand_in};
use crate::console::{Console, Verbosity};
use crate::flags::{SettingsFlags, choice};
use anyhow::Result;
use barenet_run::combined::Written;
use barenet_run::comparison::Comparison;
use barenet_run::folder::Folder;
use barenet_run::run_folder::{COMPARISON_JSON, COMPARISON_PLOTS, refuse_what_is_in_the_way};
use barenet_run::settings::RuleName;
use std::path::PathBuf;

/// Train once with each update rule, and plot the runs together
#[derive(clap::Args, Debug)]
#[command(args_override_self = true, after_help = include_str!("compare/help.txt").trim_end())]
pub(crate) struct Args {
    /// Update rules to compare
    #[arg(
        long,
        value_name = "RULE,..",
        value_delimiter = ',',
        value_parser = choice::<RuleName>(),
        default_value = "sgd,sgd_momentum,rmsprop,adam"
    )]
    pub(crate) update_rules: Vec<RuleName>,
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The images
    #[command(flatten)]
    pub(crate) images: ImagesFlag,
    /// Folder for comparison.svg, comparison.png and comparison.json
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    pub(crate) out: PathBuf,
    /// Print nothing but errors
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Print one JSON object with the result
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Settings
    #[command(flatten)]
    pub(crate) settings: SettingsFlags,
}

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<()> {
    let flags = args.settings.0;
    if flags.update_rule.is_some() {
        return usage("compare takes --update-rules, several, in place of --update-rule");
    }
    let rate = flags.learning_rate;
    let written = Written::new(args.config.as_deref(), flags)?;
    let data = args.images.read(&written.settings, None)?;
    let combined = written.over("six-layer-sgd", &data)?;
    let comparison = Comparison::new(&args.update_rules, rate, &combined, &data)?;
    let folder = Folder::make(&args.out)?.lock("compares")?;
    refuse_what_is_in_the_way(&folder, COMPARISON_PLOTS.into_iter().chain([COMPARISON_JSON]))?;
    let verbosity = Verbosity::of(args.quiet, args.json);
    warn_of_data(&data);
    warn_of_stand_in(&data, verbosity);
    let console = Console::new(verbosity);
    console.line(&format!("data      {}", data_line(&data)));

    let mut runs = Vec::new();
    for (rule, config) in comparison.runs() {
        console.line(&format!("running with {}", rule.name()));
        let last = config.values().num_epochs;
        let run = comparison.train(rule, config, |epoch, check| {
            console.line(&format!("(Epoch {epoch} / {last}) {check}"));
        })?;
        if let Some(iteration) = run.diverged_at {
            console.line(&format!("the loss is not a finite number at iteration {iteration}"));
        }
        runs.push(run);
    }

    let metric = comparison.metric();
    report::plot(metric, &runs, &folder)?;
    let result = comparison.to_json(&runs);
    folder.write(COMPARISON_JSON, format!("{result:#}\n").as_bytes())?;
    console.json(|| result.to_string());
    report::table(metric, &runs, &data, &console);
    let out = folder.current_path();
    let out = out.display();
    console.line(&format!("(last epoch)\n\nplots are in {out}"));
    console.end(&format!("the comparison is complete in {out}"))
}
