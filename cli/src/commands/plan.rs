//! `barenet plan`.

mod units;

use super::{ImagesFlag, counted, data_line, profile, usage};
use crate::console::say;
use crate::flags::SettingsFlags;
use anyhow::Result;
use barenet::Float;
use barenet_run::plan::{Link, Planned, Step, break_even_batch, plan};
use barenet_run::profile::profile as measured;
use barenet_run::settings::{Dtype, count};
use serde_json::json;
use std::path::PathBuf;
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
    /// Seconds to measure in all
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    seconds: f64,
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
    let (combined, data) =
        profile::read(args.config.as_deref(), &args.images, args.settings.0, args.json)?;
    if combined.settings.local.is_some() {
        return usage(
            "a net with locally connected layers is trained by one process: there is nothing to plan",
        );
    }
    let (config, found) = measured(combined, &data, time)?;
    let bytes = match config.dtype() {
        Dtype::F32 => 4,
        Dtype::F64 => 8,
    };
    let alone =
        Step { seconds: found.step, update: found.update, batch_size: found.batch_size, bytes };
    let link = Link { bytes_per_second: args.bandwidth, latency: args.latency };
    let arch = config.arch();
    let planned = plan(&arch, &alone, &link, args.ranks);
    let break_even = break_even_batch(&arch, &alone, &link, args.ranks);
    let efficiency = planned.efficiency(&alone);
    let advice = advice(&planned, &alone, efficiency, break_even);
    if args.json {
        let mut all = serde_json::to_value(planned)?;
        all["efficiency"] = json!(efficiency);
        all["samples_per_second"] = json!(f64::from_usize(alone.batch_size) / planned.step);
        all["alone"] = json!({ "step": alone.seconds, "update": alone.update });
        all["batch_size"] = json!(alone.batch_size);
        all["break_even_batch"] = json!(break_even);
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
    say!("backend   {}, {} a rank", config.kernel(), counted(found.threads, "thread", "threads"));
    say!("\n{:<12}{:>10}{:>8}", "a step", "µs", "share");
    let row = |name: &str, seconds: f64, what: &str| -> Result<()> {
        let share = 100.0 * seconds / planned.step;
        say!("{name:<12}{:>10.1}{share:>6.0} %  {what}", 1e6 * seconds);
        Ok(())
    };
    let Planned { ranks, step, compute, update, travel, waiting, meetings } = planned;
    row("compute", compute, &format!("loss and gradients of 1/{ranks} of the batch"))?;
    row("update", update, "of all parameters, on every rank")?;
    let all =
        format!("for gradients, which travel {:.1} µs, the rest beside the way back", 1e6 * travel);
    row("waiting", waiting, &all)?;
    row("meetings", meetings, "batch norm, loss, and whether the run goes on")?;
    let rate = f64::from_usize(alone.batch_size) / step;
    row("step", step, &format!("{rate:.0} samples/s on {}", counted(ranks, "rank", "ranks")))?;
    row("alone", alone.seconds, &format!("{:.0} samples/s on one", found.samples_per_second()))?;
    say!("\n- {}", advice);
    Ok(())
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
