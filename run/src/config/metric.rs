//! Whether a metric can be measured on the data.

use super::Config;
use crate::settings::{Name, SettingsError};
use barenet::Metric;
use barenet_data::split::{Part, Split};
use barenet_data::{DataSet, Task, Wanted};

impl Config {
    /// Refuses a loss or a metric that the task has not, and the AUC of parts that have not all classes.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if the metric is such a one.
    pub fn check_metric(&self, data: &DataSet, split: &Split) -> Result<(), SettingsError> {
        let (metric, loss) = (self.metric(), self.values().loss);
        let takes_classes = loss.value().takes_classes();
        if takes_classes != (data.task == Task::Classify) {
            let (has, others) = if takes_classes {
                ("classes", "mse, mae or huber")
            } else {
                ("numbers", "softmax or svm")
            };
            let (loss, task) = (loss.name(), Name::from(data.task).name());
            return Err(SettingsError::new(format!(
                "loss {loss} is of {has}: with the task {task} take the loss {others}"
            )));
        }
        let refused = |why: String| {
            Err(SettingsError::new(format!("metric {}: {why}", Name::from(metric).name())))
        };
        match (metric, data.task) {
            (Metric::R2, Task::Reconstruct) => {
                refused("an autoencoder takes mse, mae or auc".to_owned())
            }
            (Metric::R2, Task::Regress) if are_alike(data, split) => refused(
                "the samples that validate have all the same target: give some with --val PATH, or take mse or mae"
                    .to_owned(),
            ),
            (Metric::Auc, Task::Regress) => refused("numbers take mse, mae or r2".to_owned()),
            (Metric::Auc, _) => {
                [(Part::Val, "validate", "val"), (Part::Test, "test", "test")].into_iter().try_for_each(
                    |(part, verb, flag)| match missing(data, split, part) {
                        Some(missing) => refused(format!(
                            "none of the samples that {verb} is {missing}: give some with --{flag} PATH, or take \
                             another metric"
                        )),
                        None => Ok(()),
                    },
                )
            }
            _ => Ok(()),
        }
    }
}

/// Whether the samples that validate have the same targets, all of them.
fn are_alike(data: &DataSet, split: &Split) -> bool {
    let Wanted::Values { numbers, width } = data.records(Part::Val).targets() else { return false };
    let row = |place: usize| numbers.chunks_exact((*width).max(1)).nth(place);
    let mut rows = split.index(Part::Val).iter().map(row);
    let first = rows.next().flatten();
    rows.all(|row| row == first)
}

/// What a part has no samples of, if that must be there to be told apart.
fn missing(data: &DataSet, split: &Split, part: Part) -> Option<String> {
    let labels = data.records(part).labels();
    let of_part = || split.index(part).iter().filter_map(|place| labels.get(place)).copied();
    let class = |label: u32| {
        let name = usize::try_from(label).ok().and_then(|at| data.class_names.get(at));
        format!("of class {}", name.map_or("?", String::as_str))
    };
    match data.task {
        Task::Regress => None,
        Task::Reconstruct => {
            if !of_part().any(|label| Some(label) == data.normal) {
                return Some("labelled as normal".to_owned());
            }
            let is_other = |label| Some(label) != data.normal;
            (!of_part().any(is_other)).then(|| "labelled as anything but normal".to_owned())
        }
        Task::Classify => {
            let counts = split.index(part).class_counts(labels, data.output_dim());
            (0..).zip(counts).find(|(_, count)| *count == 0).map(|(label, _)| class(label))
        }
    }
}
