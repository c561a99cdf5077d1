//! Report of a run before and after it: header, summary, plots, and the course's figures beside
//! its own.

use super::verdict::verdict;
use crate::commands::{counted, data_line, inputs_text, listed, metric_text, sample_word};
use crate::console::Console;
use anyhow::Result;
use barenet::{Float, Ranks};
use barenet_report::{TrainingCurves, training_figure};
use barenet_run::measured::{Measured, key};
use barenet_run::presets::Preset;
use barenet_run::reported::FIRST_LOSS;
use barenet_run::run_folder::PLOTS;
use barenet_run::session::{Ended, Session};
use barenet_run::settings::{Dtype, Name, Values};
use barenet_run::summary::Summary;
use indicatif::HumanFloatCount;

/// Says what is about to happen, and with what.
pub(super) fn describe(session: &Session<'_>, console: &Console) {
    let Session { config, data, split, backend, .. } = session;
    let arch = config.arch();
    let solver = config.solver::<f64>();
    let count = |n| format!("{:.0}", HumanFloatCount(f64::from_usize(n)));
    console.line(&format!("data      {}", data_line(data)));
    console.line(&format!(
        "          {} training, {} validation, {} test {}",
        count(split.train.len()),
        count(split.val.len()),
        count(split.test.len()),
        sample_word(data)
    ));
    console.line(&format!(
        "network   {arch}{}, {} parameters, {}",
        if arch.has_batchnorm() { " with batch norm" } else { "" },
        count(arch.num_params()),
        match config.dtype() {
            Dtype::F32 => f32::NAME,
            Dtype::F64 => f64::NAME,
        }
    ));
    if let Some(from) = &session.from {
        console.line(&format!("from      {}, its weights and scaling", from.name()));
    }
    console.line(&format!(
        "training  {}, learning rate {:?}, batches of {}{}, {}, seed {}",
        solver.update_rule.name(),
        solver.learning_rate,
        solver.batch_size,
        cut(session),
        counted(solver.num_epochs, "epoch", "epochs"),
        solver.seed
    ));
    if !data.source.kind.is_of_course {
        console.line(&format!("          {}", chosen(config.values(), session.from.is_none())));
        let targets = &data.target_names;
        let task = Name::from(data.task).name();
        let learns =
            if targets.is_empty() { String::new() } else { format!(" {}", listed(targets)) };
        let from = inputs_text(data);
        console.line(&format!(
            "task      {task}{learns} from {from}, scaled {}, loss {}",
            Name::from(config.scale_of(data)).name(),
            config.values().loss.name()
        ));
    }
    let threads = backend.threads();
    let word = if threads == 1 { "thread" } else { "threads" };
    let precision = match config.values().precision {
        Some(precision) => format!(", products in {}", precision.name()),
        None => String::new(),
    };
    console.line(&format!("backend   {}{precision}, {threads} {word}", backend.kernel()));
    console.line("");
}

/// How batches are cut, if they are.
fn cut(session: &Session<'_>) -> String {
    let (shards, ranks) = (session.config.values().shards, Ranks::<f32>::count(session.ranks));
    match (shards, ranks) {
        (1, _) => String::new(),
        (_, 1) => format!(" in {shards} shards"),
        _ => format!(" over {ranks} ranks in {shards} shards"),
    }
}

/// How weights start and what keeps them from learning by heart, as flags say it: much of it follows from how many
/// samples there are.
fn chosen(values: &Values, are_drawn: bool) -> String {
    let mut flags = Vec::new();
    if are_drawn {
        flags.push(format!("--init {}", values.init.name()));
    }
    if values.batchnorm {
        flags.push("--batchnorm".to_owned());
    }
    let decay = if values.update_rule.has("weight_decay") { values.weight_decay } else { 0.0 };
    for (flag, value, none) in [
        ("weight-decay", decay, 0.0),
        ("reg", values.reg, 0.0),
        ("keep-prob", values.keep_prob, 1.0),
        ("ema-decay", values.ema_decay, 0.0),
        ("whiten", values.whiten.unwrap_or_default(), 0.0),
    ] {
        if value != none {
            flags.push(format!("--{flag} {value}"));
        }
    }
    flags.join(" ")
}

/// Draws the curves of a run into its folder.
pub(super) fn plot(session: &Session<'_>, ended: &Ended<'_>) -> Result<()> {
    let curves = TrainingCurves {
        label: &session.name,
        loss: ended.loss_history,
        train: ended.train_history,
        val: ended.val_history,
    };
    let figure = training_figure(&session.name, ended.metric, &curves);
    let [svg, png] = PLOTS;
    session.folder.write(svg, figure.to_svg()?.as_bytes())?;
    session.folder.write(png, &figure.to_png()?)
}

/// Prints the results, beside what the course's document reports.
pub(super) fn report(session: &Session<'_>, console: &Console, summary: &Summary) -> Result<()> {
    let Measured { metric, best_val, best_epoch, test, test_size, train, final_val, .. } =
        summary.measured;
    let reported = Preset::reported_of(&session.config, session.data)?;
    let header = if reported.is_some() { "   course" } else { "" };
    let name = metric.name();
    let rows = [
        ("loss of the first iteration".to_owned(), summary.first_loss, FIRST_LOSS.to_owned()),
        (format!("training {name}, last epoch"), train, key(metric, "train")),
        (format!("validation {name}, last epoch"), final_val, key(metric, "final_val")),
        (format!("validation {name}, best epoch"), best_val, key(metric, "best_val")),
        (format!("test {name}"), test, key(metric, "test")),
    ];
    let width = rows.iter().map(|(what, ..)| what.len() + 1).fold(34, usize::max);
    console.line(&format!("\n{:<width$}{:>9}{header}", "", "this run"));
    // The document's are of 1,000 test images.
    let is_comparable = |row: &str| test_size == 1000 || row != key(metric, "test");
    for (what, found, row) in rows {
        let theirs =
            reported.as_ref().filter(|_| is_comparable(&row)).and_then(|all| all.get(&row));
        let theirs =
            theirs.map_or_else(String::new, |figure| format!("{:>9}", metric_text(figure)));
        console.line(&format!("{what:<width$}{:>9}{theirs}", metric_text(found)));
    }
    for (of, found) in summary.beside() {
        let what = format!("test {}", of.name());
        console.line(&format!("{what:<width$}{:>9}", metric_text(found)));
    }
    if let Some(threshold) = summary.anomaly_threshold {
        let what = "threshold of anomaly scores";
        console.line(&format!("{what:<width$}{:>9}", metric_text(threshold)));
    }
    let values = session.config.values();
    if summary.epochs < values.num_epochs {
        console.line(&format!(
            "\nended after epoch {} of {}: {} without a better validation {name} (--patience)",
            summary.epochs,
            values.num_epochs,
            counted(summary.epochs - best_epoch, "epoch", "epochs"),
        ));
    }
    console.line(&format!(
        "\n{:.0} samples/s, {:.1} s in all; weights, events and plots are in {}",
        HumanFloatCount(summary.samples_per_second),
        summary.seconds,
        session.folder.current_path().display()
    ));
    if let Some(verdict) = verdict(session, summary) {
        console.warn(&verdict);
    }
    Ok(())
}
