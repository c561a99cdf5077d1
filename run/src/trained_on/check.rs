//! Images of a run compared with those that were found.

use super::{IMPORTED, TrainedOn, name};
use crate::checkpoint::{read_data_mark, store};
use crate::run_folder::{BEST, RunFolder};
use crate::summary::Summary;
use anyhow::{Result, bail, ensure};
use barenet_data::fingerprint::fingerprint;
use barenet_data::formats::csv;
use barenet_data::{DataSet, Task, find_kind};

/// Images of a run compared with those that were found.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Images that the run names; an earlier version's names none.
    pub trained_on: Option<TrainedOn>,
    /// Whether others were found.
    pub is_other: bool,
    /// Names of the run's classes, as far as they are known.
    pub class_names: Vec<String>,
}

/// Refuses other images than a run was trained on, unless they are `allowed`, which is said on standard
/// error.
///
/// # Errors
///
/// Names the images of the run and those that were found, and says what can be done.
pub fn check(config: &str, folder: &RunFolder, data: &DataSet, allowed: bool) -> Result<Checked> {
    let trained_on = TrainedOn::read(config, folder)?;
    if let Some(trained_on) = &trained_on {
        // Of another kind of data that is what is wrong.
        if allowed || trained_on.data == data.source.kind.word || trained_on.data == IMPORTED {
            trained_on.check_classes(folder, data)?;
        }
    }
    let run = folder.path().display();
    let difference = match &trained_on {
        Some(trained_on) => trained_on.difference(data),
        None => difference_of_older(folder, data),
    };
    let is_other = difference.is_some();
    match difference {
        Some(difference) if !allowed => bail!(
            "{run}: {difference}; name the right ones with --data, or take these with --other-data"
        ),
        Some(difference) => log::warn!("{run}: {difference}"),
        None => {}
    }
    let class_names = match &trained_on {
        Some(trained_on) => trained_on.class_names.clone(),
        // An earlier version's summary knows the kind of data, and so what its classes are called.
        None => Summary::read(folder)
            .ok()
            .filter(|_| is_other)
            .and_then(|summary| find_kind(&summary.data))
            .map(|kind| kind.class_names.iter().map(|&name| name.to_owned()).collect())
            .unwrap_or_else(|| data.class_names.clone()),
    };
    Ok(Checked { trained_on, is_other, class_names })
}

/// The same for a run of an earlier version: its checkpoint has a fingerprint of the training set, its summary
/// the kind of data. If neither says anything, that is said.
fn difference_of_older(folder: &RunFolder, data: &DataSet) -> Option<String> {
    let of = &data.source;
    let kind = Summary::read(folder).ok().map(|summary| summary.data);
    if let Some(kind) = kind.filter(|kind| kind != data.source.kind.word) {
        return Some(format!("it was trained on {}, and these are {of}", name(&kind)));
    }
    let mark = store::find(folder).ok().and_then(|found| read_data_mark(&found.bytes));
    match mark {
        Some(mark) if mark == fingerprint(data) => None,
        Some(_) => {
            Some(format!("it was trained on other training {} than those of {of}", of.kind.samples))
        }
        None => {
            log::warn!(
                "{}: an earlier version wrote it, and nothing says which images it was \
                 trained on; taken to be {of}",
                folder.path().display()
            );
            None
        }
    }
}

impl TrainedOn {
    /// Refuses images of another number of classes. To an autoencoder any class but the normal one is an anomaly, whether or
    /// not it was there in training.
    fn check_classes(&self, folder: &RunFolder, data: &DataSet) -> Result<()> {
        let num_classes = data.class_names.len();
        ensure!(
            data.task == Task::Reconstruct || self.class_names.len() == num_classes,
            "{}: names {} classes, and these data are of {num_classes}; name the right ones with --data",
            folder.file(BEST).display(),
            self.class_names.len()
        );
        Ok(())
    }

    /// How other images differ from these; `None` if they are the same.
    fn difference(&self, data: &DataSet) -> Option<String> {
        if self.data == IMPORTED {
            return None;
        }
        let found = Self::new(data, fingerprint(data));
        let of = &data.source;
        if self.data != found.data {
            let trained = self.what();
            let these = if of.kind.word == csv::KIND.word { "this is a" } else { "these are" };
            return Some(format!("it was trained on {trained}, and {these} {of}"));
        }
        let part = match (self.train == found.train, self.test == found.test) {
            (true, true) => return None,
            (true, false) => "test ",
            (false, true) => "training ",
            (false, false) => "",
        };
        Some(format!("it was trained on other {part}{} than those of {of}", of.kind.samples))
    }
}
