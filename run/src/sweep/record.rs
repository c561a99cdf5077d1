//! What a trial has come to, as its folder says it.

use crate::folder::Folder;
use crate::measured::{best, worth};
use crate::run_folder::TRIAL;
use crate::summary::Summary;
use crate::trained_on::hexadecimal;
use anyhow::Result;
use barenet::Metric;
use barenet_data::reading::{MAX_TEXT_LEN, read_at_most};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a trial has come to: `trial.json`. No times: the same sweep gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Fingerprint of the training set, in hexadecimal.
    pub(super) data: String,
    /// The best validation metric up to each epoch after which trials were compared.
    pub(super) rungs: Vec<f64>,
    /// The best of all, if there was a check with a finite loss.
    pub(super) best_val: Option<f64>,
    /// Its epoch.
    pub(super) best_epoch: usize,
    /// Epochs done.
    pub(super) epochs: usize,
    /// Numbers that were learnt.
    pub(super) num_params: usize,
    /// The iteration whose loss was not finite, if the trial ended there.
    pub(super) diverged_at: Option<usize>,
}

impl Record {
    /// That of a run that has come to the last of some epochs after which trials are compared, or has diverged.
    pub(super) fn new(summary: &Summary, val: &[f64], epochs: &[usize], data: u64) -> Self {
        let metric = summary.measured.metric;
        let so_far = |&epoch: &usize| best(metric, val.get(..=epoch).unwrap_or(val));
        let diverged_at = summary.diverged_at;
        Self {
            data: hexadecimal(data),
            rungs: match diverged_at {
                Some(_) => Vec::new(),
                None => epochs.iter().filter_map(so_far).collect(),
            },
            best_val: best(metric, val),
            best_epoch: summary.measured.best_epoch,
            epochs: summary.epochs,
            num_params: summary.num_params,
            diverged_at,
        }
    }

    /// Reads that of a folder; none if it is not there or damaged: the trial's checkpoint has all that is in it.
    pub(super) fn read(place: &Path) -> Option<Self> {
        let json = read_at_most(&place.join(TRIAL), MAX_TEXT_LEN).ok()?;
        let record: Self = serde_json::from_slice(&json).ok()?;
        let finite = record.rungs.iter().chain(&record.best_val).all(|figure| figure.is_finite());
        finite.then_some(record)
    }

    /// Writes it into the folder of its trial.
    pub(super) fn write(&self, folder: &Folder) -> Result<()> {
        folder.write(TRIAL, format!("{}\n", serde_json::to_string_pretty(self)?).as_bytes())
    }

    /// Whether the trial is known at an epoch after which trials are compared.
    pub(super) fn is_at(&self, rung: usize) -> bool {
        self.diverged_at.is_some() || self.rungs.len() > rung
    }

    /// Its metric there; none if it diverged.
    pub(super) fn val_at(&self, rung: usize) -> Option<f64> {
        self.rungs.get(rung).copied().filter(|_| self.diverged_at.is_none())
    }

    /// How much better is less to sort by: those that diverged come last.
    pub(super) fn cost(&self, metric: Metric) -> f64 {
        self.best_val.map_or(f64::INFINITY, |val| -worth(metric, val))
    }
}
