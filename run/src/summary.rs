//! Results of a run.

use crate::run_folder::{RunFolder, SUMMARY};
use crate::shell::resume_command;
use anyhow::{Context, Result};
use barenet_data::reading::{MAX_TEXT_LEN, read_at_most};
use serde::{Deserialize, Serialize};

/// Results of a run: `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Name of the run.
    pub name: String,
    /// Kind of the data: `cifar10` or `built-in`.
    pub data: String,
    /// The best validation accuracy.
    pub best_val_acc: f64,
    /// The epoch that had it.
    pub best_epoch: usize,
    /// The validation accuracy of the weights that are kept: the best ones.
    pub val_acc: f64,
    /// Their accuracy on the test images.
    pub test_acc: f64,
    /// How many test images.
    pub test_size: usize,
    /// The training accuracy of the last check.
    pub train_acc: f64,
    /// The validation accuracy of the last check.
    pub final_val_acc: f64,
    /// The loss of the first iteration.
    pub first_loss: f64,
    /// Numbers that were learnt.
    pub num_params: usize,
    /// Steps done.
    pub iterations: usize,
    /// Epochs done.
    pub epochs: usize,
    /// Images a second in the training steps of this command, accuracy checks excluded.
    pub samples_per_second: f64,
    /// Seconds of the whole command.
    pub seconds: f64,
    /// Kernel that multiplied matrices.
    pub backend: String,
    /// Threads.
    pub threads: usize,
    /// The number type.
    pub dtype: String,
    /// The seed.
    pub seed: u64,
    /// The iteration whose loss was not finite, if the run ended there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub diverged_at: Option<usize>,
}

impl Summary {
    /// Reads the summary that a run leaves when it ends.
    ///
    /// # Errors
    ///
    /// Naming the file, if it is not there or cannot be read.
    pub fn read(folder: &RunFolder) -> Result<Self> {
        let json = folder.place(SUMMARY).and_then(|path| read_at_most(&path, MAX_TEXT_LEN));
        let json = json.with_context(|| folder.file(SUMMARY).display().to_string())?;
        serde_json::from_slice(&json).with_context(|| {
            let (file, resume) = (folder.file(SUMMARY), resume_command(folder.path(), None));
            format!("{}: damaged; `{resume}` writes it anew", file.display())
        })
    }

    /// Writes it into the run's folder.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be written.
    pub fn write(&self, folder: &RunFolder) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        folder.write(SUMMARY, format!("{json}\n").as_bytes())
    }
}
