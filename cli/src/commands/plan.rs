//! `barenet plan`.

mod units;

use super::{ImagesFlag, counted, data_line, out, profile, usage};
use crate::console::say;
use crate::flags::SettingsFlags;
use anyhow::Result;
use barenet::Float;
use barenet_blas::cpus;
use barenet_data::DataSet;
use barenet_report::plan_figure;
use barenet_run::combined::Combined;
use barenet_run::config::Config;
use barenet_run::folder::Folder;
use barenet_run::plan::{
    Link, Planned, Step, break_even_batch, efficiencies, measure_handling, plan,
};
use barenet_run::profile::profile as measured;
use barenet_run::run_folder::refuse_what_is_no_plot;
use barenet_run::settings::{Dtype, count};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use units::{bytes_per_second, seconds};

/// Say how fast training would be on several machines, before they are paid for
#[derive(clap::Args, Debug)]
#[command(args_override_self = true, after_help = include_str!("plan/help.txt").trim_end())]
pub(crate) struct Args {
    /// Read settings from this TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The images
    #[command(flatten)]
    images: ImagesFlag,
    /// Ranks, each on a machine like this one
    #[arg(long, value_name = "N", value_parser = count, default_value = "8")]
    ranks: usize,
    /// What the network between them carries, in bits a second, such as 10Gb or 100Mb
    #[arg(long, value_name = "SPEED", value_parser = bytes_per_second, default_value = "10Gb")]
    bandwidth: f64,
    /// How long a short message takes, such as 20us
    #[arg(long, value_name = "TIME", value_parser = seconds, default_value = "20us")]
    latency: f64,
    /// What a thread takes for each byte that it sends or receives, such as 0.3ns; 0s where the network's adapter does it [default: what TCP
    /// takes on this machine]
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    handling: Option<f64>,
    /// Take the batch size as that of each rank
    #[arg(long)]
    per_rank: bool,
    /// Seconds to measure in all
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    seconds: f64,
    /// What a step takes on one rank, such as 120ms, in place of measuring it here: as `barenet profile` prints it elsewhere
    #[arg(long, value_name = "TIME", value_parser = seconds, requires = "update_time")]
    step_time: Option<f64>,
    /// What of it the update takes
    #[arg(long, value_name = "TIME", value_parser = seconds, requires = "step_time")]
    update_time: Option<f64>,
    /// SVG file for a plot of the efficiency of 1 to --ranks ranks, each with as large a share of the batch, made, or replaced if barenet
    /// drew it
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Settings
    #[command(flatten)]
    settings: SettingsFlags,
}

/// Below this, runs that need nothing of each other do more.
const WORTH_IT: f64 = 0.5;

/// Runs the command.
pub(crate) fn run(args: Args) -> Result<()> {
    let time = profile::time(args.seconds)?;
    if args.ranks == 0 {
        return usage("--ranks must be at least 1, found 0");
    }
    let plot = args.plot.as_deref().map(place_of_plot).transpose()?;
    let (combined, data) =
        profile::read(args.config.as_deref(), &args.images, args.settings.0, args.json)?;
    let Measured { config, step } =
        Measured::new(combined, &data, args.step_time.zip(args.update_time), time)?;
    let of_rank = step.of_batch(if args.per_rank {
        step.batch_size
    } else {
        step.batch_size.div_ceil(args.ranks)
    });
    let alone = if args.per_rank {
        step.of_batch(step.batch_size.saturating_mul(args.ranks))
    } else {
        step
    };
    // Without a network there is nothing to handle it by.
    let measured = || measure_handling().unwrap_or(0.0);
    let handling = args.handling.unwrap_or_else(measured);
    let link = Link { bytes_per_second: args.bandwidth, latency: args.latency, handling };
    let arch = config.arch();
    let planned = plan(&arch, &alone, &link, args.ranks);
    let break_even = break_even_batch(&arch, &alone, &link, args.ranks);
    let efficiency = planned.efficiency(&alone);
    let advice = advice(&planned, &alone, efficiency, break_even);
    let efficiencies = efficiencies(&arch, &of_rank, &link, args.ranks);
    if let Some((folder, name)) = plot {
        let bits = 8e-9 * args.bandwidth;
        let title = format!("{arch}, {} samples a rank, {bits} Gb/s", of_rank.batch_size);
        folder.write(name, plan_figure(&title, &efficiencies).to_svg()?.as_bytes())?;
    }
    if args.json {
        let mut all = serde_json::to_value(planned)?;
        all["efficiency"] = json!(efficiency);
        all["samples_per_second"] = json!(f64::from_usize(alone.batch_size) / planned.step);
        all["alone"] = json!({ "step": alone.seconds, "update": alone.update });
        all["batch_size"] = json!(alone.batch_size);
        all["break_even_batch"] = json!(break_even);
        all["efficiencies"] = json!(efficiencies);
        all["advice"] = json!(advice);
        say!("{all}");
        return Ok(());
    }
    say!("data      {}", data_line(&data));
    say!(
        "network   {arch}, batches of {} over all ranks, {}",
        alone.batch_size,
        config.values().dtype.name()
    );
    if args.step_time.is_none() {
        say!(
            "backend   {}, {} a rank",
            config.kernel(),
            counted(alone.threads, "thread", "threads")
        );
    }
    say!("\n{:<12}{:>10}{:>8}", "a step", "µs", "share");
    let row = |name: &str, seconds: f64, what: &str| -> Result<()> {
        let share = 100.0 * seconds / planned.step;
        say!("{name:<12}{:>10.1}{share:>6.0} %  {what}", 1e6 * seconds);
        Ok(())
    };
    let Planned { ranks, step, compute, update, travel, handling, waiting, meetings } = planned;
    row("compute", compute, &format!("loss and gradients of 1/{ranks} of the batch"))?;
    row("update", update, "of all parameters, on every rank")?;
    row("handling", handling, "gradients that are copied, sent and received")?;
    let all =
        format!("for gradients, which travel {:.1} µs, the rest beside the way back", 1e6 * travel);
    row("waiting", waiting, &all)?;
    row("meetings", meetings, "batch norm, loss, and whether the run goes on")?;
    let rate = f64::from_usize(alone.batch_size) / step;
    row("step", step, &format!("{rate:.0} samples/s on {}", counted(ranks, "rank", "ranks")))?;
    let rate = f64::from_usize(alone.batch_size) / alone.seconds;
    row("alone", alone.seconds, &format!("{rate:.0} samples/s on one"))?;
    say!("\n- {}", advice);
    Ok(())
}

/// A step on one rank.
struct Measured {
    config: Config,
    step: Step,
}

impl Measured {
    /// Measures it for a time, or takes what it is said to take, its update included.
    fn new(
        combined: Combined,
        data: &DataSet,
        said: Option<(f64, f64)>,
        time: Duration,
    ) -> Result<Self> {
        let (config, threads, seconds, update) = match said {
            None => {
                let (config, found) = measured(combined, data, time)?;
                (config, found.threads, found.step, found.update)
            }
            Some((seconds, update)) => {
                let config = Config::for_data(combined.settings, data, data.output_dim())?;
                if update > seconds || seconds == 0.0 {
                    return usage("--update-time is part of --step-time, which is above 0");
                }
                let threads = config.values().threads;
                (config, threads, seconds, update)
            }
        };
        let bytes = match config.dtype() {
            Dtype::F32 => 4,
            Dtype::F64 => 8,
        };
        let threads = if threads == 0 { cpus() } else { threads };
        let batch_size = config.values().batch_size;
        let step = Step { seconds, update, batch_size, bytes, threads };
        Ok(Self { config, step })
    }
}

/// Where the plot goes, unless something lies there that is none.
fn place_of_plot(file: &Path) -> Result<(Folder, &str)> {
    let (folder, name) = (out::folder(file)?, out::name_of("--plot", file)?);
    refuse_what_is_no_plot(&folder, name)?;
    Ok((folder, name))
}

/// What comes of it, in a line.
fn advice(planned: &Planned, alone: &Step, efficiency: f64, break_even: Option<usize>) -> String {
    let (ranks, times) = (planned.ranks, alone.seconds / planned.step);
    let from = match break_even {
        Some(batch) => format!("they are faster than one from batches of {batch} on"),
        None => "no batch makes them faster than one".to_owned(),
    };
    let share = 100.0 * efficiency;
    let faster = format!(
        "{times:.1} times as fast as one rank, which is {share:.0} % of {ranks} ranks; {from}"
    );
    if efficiency < WORTH_IT && ranks > 1 {
        return format!(
            "{faster}: a larger batch, or {ranks} runs that need nothing of each other (barenet sweep --shard), make more of them"
        );
    }
    faster
}
