//! Cross-validation: a run for each fold, and the mean of their figures.

use super::page;
use super::together::{Together, request};
use super::verdict::of_test;
use super::wanted::Wanted;
use crate::commands::{data_line, metric_text, warn_of_data};
use crate::console::Console;
use crate::ranks;
use crate::signals::{Signals, Stopped};
use anyhow::{Context, Result, bail};
use barenet_data::DataSet;
use barenet_report::RunSection;
use barenet_run::combined::Combined;
use barenet_run::events::RunEvent;
use barenet_run::folder::Folder;
use barenet_run::folds::{self, mean_and_spread};
use barenet_run::measured::Metric;
use barenet_run::presets::Preset;
use barenet_run::run_folder::{REPORT, places, refuse_what_is_in_the_way};
use barenet_run::session::{Request, Session, Start, When};
use barenet_run::settings::Settings;
use barenet_run::shell::resume_command;
use barenet_run::summary::Summary;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Trains a run for each fold, in a folder of its own in `out`.
pub(super) fn run(
    combined: &Combined,
    num_folds: usize,
    data: &DataSet,
    (out, force, asked_for): (Option<&Path>, bool, Option<&Path>),
    (console, signals, together): (Console, &Signals, Option<&Together>),
    wanted: Wanted,
) -> Result<()> {
    let name = Preset::name_of_run(combined.settings.preset.as_deref(), data);
    let out = out.map_or_else(|| free_folder(name), Path::to_owned);
    let place = |fold: usize| folds::place(&out, fold);
    let start = |fold: usize| {
        let settings = Settings { fold: Some(fold), ..combined.settings.clone() };
        let combined = Combined { settings, written: combined.written.clone() };
        Start::new(combined, Some(&place(fold)), force)
    };
    // What is wrong with the last one, and with their number, is known before the first trains.
    (1..=num_folds.max(1)).try_for_each(|fold| start(fold).check(data))?;
    if out.is_dir() {
        refuse_what_is_in_the_way(&open(&out)?, [REPORT])?;
    }
    if !ranks::is_silent() {
        warn_of_data(data);
    }
    console.line(&format!("data      {}\n", data_line(data)));
    let (mut summaries, mut sections) = (Vec::new(), Vec::new());
    for fold in 1..=num_folds {
        let place = place(fold);
        let mut session = Session::new(start(fold), data, When::default())?;
        if let Some(together) = together {
            session = together.share(session, asked_for)?;
        }
        let (summary, section) = train(&session, asked_for, (&console, signals, together), wanted)?;
        let run = place.display();
        if let Some(iteration) = summary.diverged_at {
            ranks::all_fail();
            bail!(
                "{run}: the loss is not a finite number at iteration {iteration}; try a lower --learning-rate"
            );
        }
        let (metric, test) = (summary.measured.metric.name(), summary.measured.test);
        let beside: String = summary
            .beside()
            .map(|(of, found)| format!(", {} {}", of.name(), metric_text(found)))
            .collect();
        let test = metric_text(test);
        console.line(&format!("fold {fold} of {num_folds}   test {metric} {test}{beside}   {run}"));
        summaries.push(summary);
        sections.extend(section);
    }
    if ranks::is_silent() {
        return Ok(());
    }
    page::write_page(&open(&out)?, sections)?;
    let Some(first) = summaries.first() else { return Ok(()) };
    let metric = first.measured.metric;
    let tests: Vec<_> = summaries.iter().map(|summary| summary.measured.test).collect();
    let (mean, spread) = mean_and_spread(&tests);
    let text = |(mean, spread)| format!("{} ± {}", metric_text(mean), metric_text(spread));
    console.line(&format!("\ntest {}   {}", metric.name(), text((mean, spread))));
    let over_folds = |metric: Metric| {
        let figures: Vec<f64> = summaries.iter().filter_map(|found| found.test(metric)).collect();
        (!figures.is_empty()).then(|| mean_and_spread(&figures))
    };
    for (of, _) in first.beside() {
        if let Some(found) = over_folds(of) {
            console.line(&format!("test {}   {}", of.name(), text(found)));
        }
    }
    let samples = summaries.iter().map(|found| found.measured.test_size).sum();
    if let Some(verdict) = of_test(data, samples, |metric| over_folds(metric).map(|(mean, _)| mean))
    {
        console.warn(&verdict);
    }
    let key = format!("test_{}", metric.key());
    let all = |of: fn(&Summary) -> Option<f64>| -> Option<Vec<f64>> {
        summaries.iter().map(of).collect()
    };
    console.json(|| {
        json!({
            "folds": num_folds, &key: tests, "mean": mean, "spread": spread,
            "test_accuracy": all(|s| s.test(Metric::Accuracy)),
            "test_auc": all(|s| s.test(Metric::Auc)), "test_r2": all(|s| s.test(Metric::R2)),
            "out": out.display().to_string(),
        })
        .to_string()
    });
    console.end(&format!("the runs of {num_folds} folds are in {}", out.display()))
}

fn open(out: &Path) -> Result<Folder> {
    Folder::open(out).with_context(|| format!("{}: cannot be opened", out.display()))
}

/// The first of `runs/NAME-folds`, `runs/NAME-folds-2`, … that is not there, or has nothing in it.
fn free_folder(name: &str) -> PathBuf {
    let is_free = |place: &PathBuf| match place.read_dir() {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !place.exists(),
    };
    places(&format!("{name}-folds")).find(is_free).unwrap_or_default()
}

fn train(
    session: &Session<'_>,
    asked_for: Option<&Path>,
    (console, signals, together): (&Console, &Signals, Option<&Together>),
    wanted: Wanted,
) -> Result<(Summary, Option<RunSection>)> {
    let clock = Instant::now();
    let ranks = together.map(Together::ranks);
    let run = session.begin(&mut |_: &RunEvent<'_>| Request::Continue)?;
    let mut beside = wanted.begin(session, console)?;
    let mut watcher = |event: &RunEvent<'_>| {
        beside.iter_mut().for_each(|observer| observer.event(event, console));
        request(event, signals, ranks)
    };
    let mut trained = run.train(&mut watcher)?;
    let ended = trained.ended();
    if ended.stopped {
        let iteration = ended.iteration;
        let resume = resume_command(&session.folder.current_path(), asked_for);
        let signal = signals.stop().unwrap_or(0);
        return Err(Stopped::Early { signal, iteration, resume }.into());
    }
    let summary = trained.finish(&mut watcher, clock);
    beside.iter_mut().for_each(|observer| observer.finish(console));
    let summary = summary?;
    if summary.diverged_at.is_some() || ranks::is_silent() {
        return Ok((summary, None));
    }
    let place = session.folder.current_path();
    let name =
        place.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let section = page::section((session, &name), &trained, &summary)?;
    Ok((summary, Some(section)))
}
