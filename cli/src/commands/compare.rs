//! `barenet compare`.

mod report;

use super::sweep::{How, Shown, train};
use super::{ImagesFlag, data_line, usage, warn_of_data, warn_of_stand_in};
use crate::console::{Console, Verbosity};
use crate::flags::{SettingsFlags, choice};
use crate::signals::Signals;
use anyhow::{Context, Result};
use barenet_run::combined::Written;
use barenet_run::comparison;
use barenet_run::run_folder::{COMPARISON_JSON, COMPARISON_PLOTS, refuse_what_is_in_the_way};
use barenet_run::settings::{RuleName, count};
use barenet_run::sweep::{Options, Plan, Sweep};
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
    /// Folder for the runs, comparison.svg, comparison.png and comparison.json [default: runs/compare, or runs/compare-2, … if
    /// another comparison is there]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Runs at once, which share --threads [default: one on each thread]
    #[arg(long, short, value_parser = count, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Replace runs of another comparison in the folder
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
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
    let signals = Signals::listen().context("signals cannot be listened to")?;
    let flags = args.settings.0;
    if flags.update_rule.is_some() {
        return usage("compare takes --update-rules, several, in place of --update-rule");
    }
    let rate = flags.learning_rate;
    let written = Written::new(args.config.as_deref(), flags)?;
    let data = args.images.read(&written.settings, None)?;
    let search = comparison::search(&args.update_rules, rate)?;
    let plan = Plan::new(&search, &written, "six-layer-sgd", &data)?;
    let options = Options { jobs: args.jobs, force: args.force, ..Options::default() };
    let sweep = Sweep::new(&plan, (args.out.as_deref(), "compare"), options)?;
    let folder = sweep.folder();
    refuse_what_is_in_the_way(folder, COMPARISON_PLOTS.into_iter().chain([COMPARISON_JSON]))?;
    let verbosity = Verbosity::of(args.quiet, args.json);
    warn_of_data(&data);
    warn_of_stand_in(&data, verbosity);
    let console = Console::new(verbosity);
    console.line(&format!("data      {}", data_line(&data)));

    let shown = Shown { plan: &plan, console: &console, signals: &signals, of: How::Epochs };
    let swept = train(&sweep, shown)?;
    let metric = plan.metric();
    let runs = comparison::curves(&args.update_rules, &swept, &folder.current_path())?;
    report::plot(metric, &runs, folder)?;
    let result = comparison::to_json(data.source.kind.word, metric, &runs);
    folder.write(COMPARISON_JSON, format!("{result:#}\n").as_bytes())?;
    console.json(|| result.to_string());
    report::table(metric, &runs, &data, &console);
    let out = folder.current_path();
    let out = out.display();
    console.line(&format!("(last epoch)\n\nplots are in {out}"));
    console.end(&format!("the comparison is complete in {out}"))
}
