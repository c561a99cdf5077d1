//! What targets mean: classes, numbers, or nothing.

use super::numpy::npy::Content;
use crate::class_names::{add_class_names, nearest_class};
use crate::numbers::maybe_rounded;
use crate::table::error::quoted;
use crate::table::{MAX_TEXTS, are_classes};
use crate::{DataError, Exact, Numbers, Task, Wanted};
use barenet::Label;
use std::collections::HashMap;

/// Targets as a file has them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Targets {
    Text {
        place: String,
        name: String,
        names: Vec<String>,
        labels: Vec<Label>,
    },
    /// A number for each of the names, sample by sample.
    Numbers {
        place: String,
        names: Vec<String>,
        values: Vec<f32>,
        /// What the values of each name were before they were rounded; empty if none was.
        exact: Vec<Exact>,
    },
}

/// What targets mean, as those that train have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) task: Task,
    pub(super) class_names: Vec<String>,
    pub(super) target_names: Vec<String>,
    is_one_hot: bool,
}

impl Targets {
    pub(super) fn of(place: String, name: &str, content: Content) -> Result<Self, DataError> {
        match content {
            Content::Text { shape, names, labels } => {
                let count = shape.first().copied().unwrap_or(0);
                if count != labels.len() {
                    let problem = "has several texts for a sample, and a class is one";
                    return Err(wrong(&place, problem, "save one for each sample"));
                }
                Ok(Self::Text { place, name: name.to_owned(), names, labels })
            }
            Content::Numbers(array) => {
                let names = match array.row_len() {
                    0 | 1 => vec![name.to_owned()],
                    width => (1..=width).map(|number| format!("{name} {number}")).collect(),
                };
                let values = array.numbers.iter(0..array.numbers.len()).collect();
                Ok(Self::Numbers { place, names, values, exact: array.exact })
            }
        }
    }

    /// The number of samples.
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Text { labels, .. } => labels.len(),
            Self::Numbers { names, values, .. } => match values.len().checked_div(names.len()) {
                Some(len) => len,
                None => 0,
            },
        }
    }

    fn place(&self) -> &str {
        match self {
            Self::Text { place, .. } | Self::Numbers { place, .. } => place,
        }
    }

    /// Whether each sample has a 1 and else zeros.
    fn are_one_hot(&self) -> bool {
        let Self::Numbers { names, values, .. } = self else { return false };
        let is_hot = |row: &[f32]| {
            row.iter().all(|&x| x == 0.0 || x == 1.0) && row.iter().sum::<f32>() == 1.0
        };
        names.len() > 1 && values.chunks_exact(names.len()).all(is_hot)
    }
}

fn wrong(place: &str, problem: impl Into<String>, advice: &'static str) -> DataError {
    DataError::Format { file: place.to_owned(), problem: problem.into(), advice }
}

impl Meaning {
    /// Finds out what targets mean, as the task that is asked for has it.
    pub(super) fn learn(targets: Option<&Targets>, asked: Option<Task>) -> Result<Self, DataError> {
        let Some(targets) = targets else {
            let (class_names, target_names) = (Vec::new(), Vec::new());
            return Ok(Self {
                task: Task::Reconstruct,
                class_names,
                target_names,
                is_one_hot: false,
            });
        };
        let is_one_hot = asked != Some(Task::Regress) && targets.are_one_hot();
        let (are_classes, width, target_names) = match targets {
            Targets::Text { name, .. } => (true, 1, vec![name.clone()]),
            Targets::Numbers { names, values, exact, .. } => {
                let have_fraction = exact.iter().any(|exact| exact.has_fraction);
                let are = match names.len() {
                    1 => !have_fraction && are_classes(values.iter().copied(), values.len()),
                    _ => is_one_hot,
                };
                (are, names.len(), names.clone())
            }
        };
        let task = asked.unwrap_or(if are_classes { Task::Classify } else { Task::Regress });
        let class_names = match (task, are_classes) {
            (Task::Regress, _) | (Task::Reconstruct, false) => Vec::new(),
            (Task::Classify, false) if width > 1 => {
                let problem =
                    format!("has {width} numbers for a sample, and they are not one 1 and zeros");
                return Err(wrong(targets.place(), problem, "take --task regress"));
            }
            _ => class_names(targets, is_one_hot, task)?,
        };
        if task == Task::Reconstruct && class_names.is_empty() {
            return Ok(Self { task, class_names, target_names: Vec::new(), is_one_hot });
        }
        Ok(Self { task, class_names, target_names, is_one_hot })
    }

    /// What the labels of a file of them mean: each is a class, however many there are.
    pub(super) fn of_labels(labels: &Targets, task: Task) -> Result<Self, DataError> {
        let class_names = class_names(labels, false, task)?;
        Ok(Self { task, class_names, target_names: Vec::new(), is_one_hot: false })
    }

    /// Adds the classes that only validate and test, behind those that train: to an autoencoder all but the normal one are
    /// anomalies. Where the samples that train have no labels, others have a meaning only if it is said which is `normal`:
    /// without that they are left, with a warning.
    pub(super) fn add_classes(
        &mut self,
        train: Option<&Targets>,
        others: [Option<&Targets>; 2],
        normal: Option<&str>,
    ) -> Result<(), DataError> {
        let are_no_labels = train.is_some() && self.class_names.is_empty();
        if self.task != Task::Reconstruct || are_no_labels {
            return Ok(());
        }
        for targets in others.into_iter().flatten() {
            if train.is_none() && normal.is_none() {
                let place = targets.place();
                log::warn!(
                    "{place}: not used, since the samples that train have no labels: say with --normal which class is \
                     normal, and the others count as anomalies"
                );
                continue;
            }
            if self.class_names.is_empty() {
                self.is_one_hot = targets.are_one_hot();
            }
            if self.is_one_hot && !self.class_names.is_empty() {
                continue;
            }
            let found = class_names(targets, self.is_one_hot, self.task)?;
            add_class_names(&mut self.class_names, found);
            if self.class_names.len() > MAX_TEXTS {
                let problem = format!("makes {} classes, with the others", self.class_names.len());
                return Err(wrong(targets.place(), problem, "give it few labels"));
            }
        }
        Ok(())
    }

    /// The targets of samples.
    pub(super) fn wanted(&self, targets: &Targets) -> Result<Wanted, DataError> {
        let place = targets.place();
        if self.class_names.is_empty() {
            return match (self.task, targets) {
                (Task::Regress, Targets::Numbers { names, values, .. }) => {
                    Ok(Wanted::Values { numbers: values.clone(), width: names.len() })
                }
                (Task::Regress, Targets::Text { .. }) => {
                    let problem = "is of text, and a regression learns numbers";
                    Err(wrong(place, problem, "take --task classify"))
                }
                _ => Ok(Wanted::Nothing(targets.len())),
            };
        }
        let label_of = |name: &str| {
            let label = self.class_names.iter().position(|class| class == name);
            label.and_then(|label| Label::try_from(label).ok())
        };
        let is_new = |index: usize, name: &str| {
            let problem = format!(
                "sample {} is of class {}, and none that trains is{}",
                index + 1,
                quoted(name),
                nearest_class(name, &self.class_names)
            );
            wrong(place, problem, "correct it, or train with samples of it")
        };
        let mut found = Vec::with_capacity(targets.len());
        match targets {
            Targets::Text { names, labels, .. } => {
                let map: Vec<_> = names.iter().map(|name| label_of(name)).collect();
                for (index, &label) in labels.iter().enumerate() {
                    let place = usize::try_from(label).unwrap_or(usize::MAX);
                    let name = || names.get(place).map_or("", String::as_str);
                    let label = map.get(place).copied().flatten();
                    found.push(label.ok_or_else(|| is_new(index, name()))?);
                }
            }
            Targets::Numbers { names, values, .. } if self.is_one_hot => {
                if !targets.are_one_hot() || names.len() != self.class_names.len() {
                    let problem = "has other rows than those that train: one 1 and zeros";
                    return Err(wrong(place, problem, "save all targets alike"));
                }
                let hot = |row: &[f32]| row.iter().position(|&x| x == 1.0).unwrap_or(0);
                let labels = values.chunks_exact(names.len()).map(hot);
                found.extend(labels.filter_map(|label| Label::try_from(label).ok()));
            }
            Targets::Numbers { values, .. } => {
                let mut known = HashMap::new();
                for (index, &value) in values.iter().enumerate() {
                    let known = known.entry(value.to_bits());
                    let label = *known.or_insert_with(|| label_of(&name_of(value)));
                    found.push(label.ok_or_else(|| is_new(index, &name_of(value)))?);
                }
            }
        }
        Ok(Wanted::Classes(found))
    }
}

/// The name of a class that is a number.
fn name_of(value: f32) -> String {
    // There is one zero.
    (value + 0.0).to_string()
}

/// Names of the classes: numbers by size, texts by their letters.
fn class_names(targets: &Targets, is_one_hot: bool, task: Task) -> Result<Vec<String>, DataError> {
    let names: Vec<String> = match targets {
        Targets::Text { names, .. } => names.clone(),
        Targets::Numbers { names, .. } if is_one_hot => {
            (0..names.len()).map(|class| class.to_string()).collect()
        }
        Targets::Numbers { values, .. } => {
            if let Some(value) = maybe_rounded(values.iter().copied()) {
                let problem = format!(
                    "has the class {value}, and whole numbers of 2^24 and more are rounded"
                );
                let advice = "save the classes as text or as small numbers, or take --task regress";
                return Err(wrong(targets.place(), problem, advice));
            }
            let mut values: Vec<f32> = values.iter().map(|value| value + 0.0).collect();
            values.sort_by(f32::total_cmp);
            values.dedup();
            values.into_iter().map(name_of).collect()
        }
    };
    match &names[..] {
        [one] if task == Task::Classify => {
            let problem = format!("has one class only, {}: nothing to tell apart", quoted(one));
            Err(wrong(targets.place(), problem, "take other targets, or --task reconstruct"))
        }
        _ if names.len() > MAX_TEXTS => {
            let problem = format!("has {} classes", names.len());
            Err(wrong(targets.place(), problem, "take --task regress, or other targets"))
        }
        _ => Ok(names),
    }
}

/// The numbers of some columns, sample by sample.
pub(super) fn take_columns(numbers: &Numbers, row_len: usize, places: &[usize]) -> Vec<f32> {
    let count = numbers.len().checked_div(row_len).unwrap_or(0);
    let row =
        |row: usize| places.iter().filter_map(move |place| numbers.get(row * row_len + place));
    (0..count).flat_map(row).collect()
}

/// All numbers but those of some columns, in the place of all.
pub(super) fn leave_columns(numbers: Numbers, row_len: usize, places: &[usize]) -> Numbers {
    fn leave<T>(mut numbers: Vec<T>, row_len: usize, places: &[usize]) -> Vec<T> {
        let mut column = 0;
        numbers.retain(|_| {
            let is_kept = !places.contains(&column);
            column = if column + 1 == row_len { 0 } else { column + 1 };
            is_kept
        });
        numbers
    }
    match numbers {
        Numbers::U8(numbers) => Numbers::U8(leave(numbers, row_len, places)),
        Numbers::I16(numbers) => Numbers::I16(leave(numbers, row_len, places)),
        Numbers::F32(numbers) => Numbers::F32(leave(numbers, row_len, places)),
    }
}
