//! `barenet doctor`.

use crate::console::{Screen, say};
use crate::version;
use anyhow::Result;
use barenet_run::doctor::{Cpus, Disk, Found, FoundData, Speed, advice};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Look at what training depends on here, and say what slows it
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet doctor
  barenet doctor --data table.csv --out /scratch/runs
  barenet doctor --json | jq .advice

It measures for a second or two, writes a file of 1 MB that it removes, and downloads nothing. What it prints is what
an issue about speed should have.")]
pub(crate) struct Args {
    /// Look at these data [default: those that train takes without --data]
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    /// Folder in which runs are to lie
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let screen = Screen::look();
    let found = Found::look(args.data.as_deref(), &args.out);
    let advice = advice(&found);
    if args.json {
        say!("{}", to_json(&found, screen, &advice)?);
        return Ok(());
    }
    let Found { openblas, kernels, cpus, bounds, data, disk, is_debug_build } = &found;
    let build = if *is_debug_build { "debug build" } else { "release build" };
    say!("barenet   {}, commit {}, {build}", version::VERSION, version::COMMIT);
    say!("          {}, features {}", version::TARGET, version::FEATURES);
    show_cpus(cpus)?;
    for (place, kernel) in kernels.iter().enumerate() {
        let label = if place == 0 { "kernels" } else { "" };
        say!("{label:<10}{:<16}{}", kernel.name, kernel.why);
    }
    if let Some(openblas) = openblas {
        say!("openblas  {openblas}");
    }
    let line = |speed: &Speed, scale: f64, unit: &str| {
        let Speed { one_thread, all_threads } = speed;
        let (one, all) = (one_thread * scale, all_threads * scale);
        format!("{one:.1} {unit} on 1 thread, {all:.1} on {}", cpus.threads)
    };
    say!("speed     multiply-adds {}", line(&bounds.multiply_adds, 1e-9, "GFLOP/s"));
    match &bounds.memory {
        Some(memory) => say!("          memory {}", line(memory, 1e-9, "GB/s")),
        None => say!("          memory not measured: too little is free"),
    }
    show_data(data)?;
    show_disk(disk)?;
    say!("terminal  {screen}");
    if advice.is_empty() {
        say!("\nnothing that slows training was found");
    } else {
        say!("\nto know, or to change:");
        for line in &advice {
            say!("- {line}");
        }
    }
    Ok(())
}

fn show_cpus(cpus: &Cpus) -> Result<()> {
    let of = cpus.online.map_or_else(String::new, |online| format!(" of {online} CPUs"));
    say!("cpu       {}", cpus.model.as_deref().unwrap_or(std::env::consts::ARCH));
    let features = |wanted: bool| {
        let names = cpus.features.iter().filter(|(_, is_there)| **is_there == wanted);
        names.map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    };
    for (word, names) in [("has", features(true)), ("has not", features(false))] {
        if !names.is_empty() {
            say!("          {word} {names}");
        }
    }
    if let Some(amx) = &cpus.amx {
        say!("          AMX: {amx}");
    }
    let quota = cpus.quota.map_or_else(String::new, |quota| {
        format!(", {quota:.1} CPUs' worth of time by control group")
    });
    let load = cpus.load.map_or_else(String::new, |load| format!(", load {load:.1}"));
    say!("threads   {}{of}{quota}{load}", cpus.threads);
    if let Some(free) = cpus.free_memory {
        say!("memory    {:.1} GB free", free as f64 * 1e-9);
    }
    Ok(())
}

fn show_data(data: &FoundData) -> Result<()> {
    let FoundData { source, why, samples, .. } = data;
    match (source, samples) {
        (Some(source), Some((train, test))) => {
            say!("data      {source}: {train} training, {test} test");
        }
        _ => say!("data      cannot be read"),
    }
    say!("          {why}");
    Ok(())
}

fn show_disk(disk: &Disk) -> Result<()> {
    let free =
        disk.free.map_or_else(String::new, |free| format!("{:.0} GB free", free as f64 * 1e-9));
    let sync = disk.sync_seconds.map_or_else(String::new, |seconds| {
        format!(", {:.1} ms until 1 MB is safe", 1e3 * seconds)
    });
    say!("disk      {}: {free}{sync}", disk.folder.display());
    Ok(())
}

fn to_json(found: &Found, screen: Screen, advice: &[String]) -> Result<Value> {
    let mut all = serde_json::to_value(found)?;
    all["version"] = json!(version::VERSION);
    all["commit"] = json!(version::COMMIT);
    all["features"] = version::FEATURES.split_whitespace().collect();
    all["target"] = json!(version::TARGET);
    all["terminal"] = screen.to_json();
    all["advice"] = json!(advice);
    Ok(all)
}
