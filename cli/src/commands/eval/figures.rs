//! Figures beside the metric, for people and as JSON.

use super::{label, sample_word};
use crate::console::{one_line, say};
use anyhow::{Context, Result};
use barenet_data::DataSet;
use barenet_run::figures::{AnomalyFigures, ClassFigures, Figures};
use barenet_run::measured::Metric;
use serde_json::{Map, Value, json};

/// A table of more classes than that is for programs.
const MAX_CLASSES: usize = 30;
/// A line with more counts than that is wider than a terminal.
const MAX_NAMED: usize = 10;

/// Prints the figures beside the metric.
pub(super) fn print(
    figures: &Figures,
    data: &DataSet,
    metric: Metric,
    threshold: Option<f64>,
) -> Result<()> {
    match figures {
        Figures::Classes(classes) => {
            let line = |name: &str, figure: f64| -> Result<()> {
                say!("{name:<10}{figure:.4}");
                Ok(())
            };
            if metric == Metric::Accuracy {
                line("log-loss", classes.log_loss)?;
            }
            for beside in [Metric::Accuracy, Metric::BalancedAccuracy, Metric::Auc] {
                if let Some(figure) = figures.of(beside).filter(|_| metric != beside) {
                    line(label(beside), figure)?;
                }
            }
            if data.class_names.len() <= MAX_CLASSES {
                print_classes(classes, data)?;
            }
        }
        Figures::Values(values) => {
            if let Some(r2) = figures.r2().filter(|_| metric != Metric::R2) {
                say!("R²        {r2:.4}");
            }
            for (name, of) in data.target_names.iter().zip(values) {
                let each =
                    if values.len() > 1 { format!(", R² {:.4}", of.r2) } else { String::new() };
                let name = one_line(name);
                say!("{name}: off by {:.4} in the mean, {:.4} RMSE{each}", of.mae, of.rmse);
            }
        }
        Figures::Anomalies(anomalies) => {
            if let Some(auc) = anomalies.auc.filter(|_| metric != Metric::Auc) {
                say!("AUC       {auc:.4}");
            }
            if let Some(threshold) = threshold {
                say!(
                    "threshold {threshold:.4}: {}",
                    above(anomalies, threshold, sample_word(data))
                );
            }
        }
    }
    Ok(())
}

/// Prints a line for each class, and how often its samples were named each class.
fn print_classes(classes: &ClassFigures, data: &DataSet) -> Result<()> {
    let names: Vec<String> = data.class_names.iter().map(|name| one_line(name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
    let is_narrow = names.len() <= MAX_NAMED;
    let rest = if is_narrow { "   named, in the same order" } else { "" };
    let samples = sample_word(data);
    say!("\n{:<width$}  precision  recall      F1  {samples:>6}{rest}", "class");
    for ((name, of), row) in names.iter().zip(classes.of_classes()).zip(&classes.confusion) {
        let counts: String = if is_narrow {
            row.iter().map(|count| format!(" {count:>5}")).collect()
        } else {
            String::new()
        };
        let pad = width.saturating_sub(name.chars().count());
        let (precision, recall, f1, count) = (of.precision, of.recall, of.f1, of.count);
        let line = format!(
            "{name}{:pad$}  {precision:>9.3}  {recall:>6.3}  {f1:>6.3}  {count:>6}{counts}",
            ""
        );
        say!("{line}");
    }
    Ok(())
}

/// The metric of the run, of figures of the mean over views: not weighted by class.
pub(super) fn of_views(figures: &Figures, metric: Metric) -> Result<f64> {
    let found = match (metric, figures) {
        (Metric::LogLoss, Figures::Classes(classes)) => Some(classes.log_loss),
        _ => figures.of(metric),
    };
    found.with_context(|| format!("there is no {} of these samples", metric.name()))
}

/// Adds the figures to a JSON object.
pub(super) fn to_json(
    figures: &Figures,
    data: &DataSet,
    threshold: Option<f64>,
    line: &mut Map<String, Value>,
) {
    let mut add = |key: &str, value: Value| line.insert(key.to_owned(), value);
    match figures {
        Figures::Classes(classes) => {
            add("accuracy", json!(classes.accuracy));
            add("balanced_accuracy", json!(classes.balanced_accuracy()));
            add("log_loss", json!(classes.log_loss));
            add("auc", json!(classes.auc));
            let each = data.class_names.iter().zip(classes.of_classes());
            let each = each.map(|(name, of)| {
                json!({
                    "class": name, "precision": of.precision, "recall": of.recall, "f1": of.f1,
                    "count": of.count,
                })
            });
            add("classes", each.collect());
            add("confusion", json!(classes.confusion));
        }
        Figures::Values(values) => {
            add("r2", json!(figures.r2()));
            let each = data.target_names.iter().zip(values);
            let each = each.map(|(name, of)| {
                (name.clone(), json!({ "mae": of.mae, "rmse": of.rmse, "r2": of.r2 }))
            });
            add("targets", Value::Object(each.collect()));
        }
        Figures::Anomalies(anomalies) => {
            add("auc", json!(anomalies.auc));
            add("anomaly_threshold", json!(threshold));
            if let Some(threshold) = threshold {
                let [normal, other] = anomalies.above(threshold);
                add("above_threshold", json!({ "normal": normal, "other": other }));
            }
        }
    }
}

/// What lies above a threshold.
fn above(anomalies: &AnomalyFigures, threshold: f64, samples: &str) -> String {
    let [normal, other] = anomalies.above(threshold);
    let others = anomalies.is_other.iter().filter(|&&is_other| is_other).count();
    let normals = anomalies.scores.len() - others;
    if others == 0 {
        format!("{normal} of {normals} {samples} are above")
    } else {
        format!("{normal} of {normals} normal {samples} and {other} of {others} others are above")
    }
}
