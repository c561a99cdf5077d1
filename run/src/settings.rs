//! Every setting of a training run: as flags, as keys of a TOML file, and as the presets' tables.
//!
//! [`Settings`] is the one list of them. A run starts from a preset, is changed by a file, then by
//! flags ([`Settings::overlay`]), and the result is checked and completed ([`crate::config`]).

mod names;

pub use names::{Dtype, GemmName, InitName, LossName, SamplingName, ScheduleName, UpdateRuleName};

use serde::{Deserialize, Serialize};
use std::num::{IntErrorKind, ParseIntError};
use std::path::{Path, PathBuf};

/// The settings that somebody gave; what is `None` was not.
#[derive(clap::Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Start from this experiment of the course (see `barenet presets`)
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,

    /// Sizes of the hidden layers, such as 100 or 100,100,50
    #[arg(long, value_parser = count, value_name = "N,..", value_delimiter = ',', help_heading = "Network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<usize>>,
    /// Strength of the L2 regularisation 0.5*reg*|W|^2
    #[arg(long, value_name = "X", help_heading = "Network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reg: Option<f64>,
    /// How weights start
    #[arg(long, value_name = "KIND", help_heading = "Network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<InitName>,
    /// Standard deviation of the first weights, with --init gaussian
    #[arg(long, value_name = "X", help_heading = "Network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_scale: Option<f64>,
    /// Batch normalisation after every hidden layer
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true",
          require_equals = true, help_heading = "Network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batchnorm: Option<bool>,
    /// How likely dropout keeps a value; 1 for no dropout
    #[arg(long, value_name = "P", help_heading = "Network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_prob: Option<f64>,
    /// What is minimised
    #[arg(long, value_name = "KIND", help_heading = "Network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossName>,

    /// How gradients change the weights
    #[arg(long, value_name = "RULE", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_rule: Option<UpdateRuleName>,
    /// Learning rate at the start
    #[arg(long, visible_alias = "lr", value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// What stays of the velocity (sgd_momentum, nesterov)
    #[arg(long, value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// What stays of the mean square (rmsprop)
    #[arg(long, value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decay_rate: Option<f64>,
    /// Decay of the first moment (adam, adamw)
    #[arg(long, value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta1: Option<f64>,
    /// Decay of the second moment (adam, adamw)
    #[arg(long, value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta2: Option<f64>,
    /// Added to the root (rmsprop, adam, adamw)
    #[arg(long, value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// Decay of the weights themselves (adamw)
    #[arg(long, value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// How the learning rate changes
    #[arg(long, value_name = "KIND", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleName>,
    /// Factor after every epoch (schedule decay)
    #[arg(long, value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr_decay: Option<f64>,
    /// Epochs between two changes (schedule step)
    #[arg(long, value_parser = count, value_name = "N", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr_step_size: Option<usize>,
    /// Factor at each change (schedule step)
    #[arg(long, value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr_gamma: Option<f64>,
    /// Iterations of linear warm-up (schedule cosine)
    #[arg(long, value_parser = count, value_name = "N", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr_warmup: Option<usize>,
    /// What is left of the learning rate at the end, 0 to 1 (schedule cosine)
    #[arg(long, value_name = "X", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lr_min_factor: Option<f64>,
    /// Samples in a batch
    #[arg(long, value_parser = count, value_name = "N", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Epochs to train
    #[arg(long = "epochs", alias = "num-epochs", value_parser = count, value_name = "N", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_epochs: Option<usize>,
    /// How batches are chosen
    #[arg(long, value_name = "KIND", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<SamplingName>,
    /// Print the loss every N iterations; 0 for never
    #[arg(long, value_parser = count, value_name = "N", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub print_every: Option<usize>,
    /// Samples on which the training accuracy is checked
    #[arg(long, value_parser = count, value_name = "N", help_heading = "Training")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_train_samples: Option<usize>,

    /// Training images, from the first on [default: all but the validation images]
    #[arg(long, value_parser = count, value_name = "N", help_heading = "Data")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_size: Option<usize>,
    /// Validation images: the last of the training set
    #[arg(long, value_parser = count, value_name = "N", help_heading = "Data")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub val_size: Option<usize>,
    /// Test images, from the first on
    #[arg(long, value_parser = count, value_name = "N", help_heading = "Data")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_size: Option<usize>,

    /// Everything random follows from it
    #[arg(long, value_name = "N", help_heading = "Machine")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Number type
    #[arg(long, value_name = "TYPE", help_heading = "Machine")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<Dtype>,
    /// What multiplies matrices [default: openblas if built in, otherwise simd on x86-64]
    #[arg(long, value_name = "KERNEL", help_heading = "Machine")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gemm: Option<GemmName>,
    /// Threads; 0 for one for each CPU
    #[arg(long, value_parser = count, value_name = "N", help_heading = "Machine")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads: Option<usize>,
}

macro_rules! overlay {
    ($over:expr, $under:expr; $($field:ident),+ $(,)?) => {
        Settings { $($field: $over.$field.or($under.$field),)+ }
    };
}

impl Settings {
    /// These settings, and where they say nothing, those.
    #[must_use]
    pub fn overlay(self, under: Self) -> Self {
        overlay!(self, under;
            preset, hidden, reg, init, weight_scale, batchnorm, keep_prob, loss, update_rule,
            learning_rate, momentum, decay_rate, beta1, beta2, epsilon, weight_decay, schedule,
            lr_decay, lr_step_size, lr_gamma, lr_warmup, lr_min_factor, batch_size, num_epochs,
            sampling, print_every, num_train_samples, train_size, val_size, test_size, seed, dtype,
            gemm, threads,
        )
    }

    /// Parses a TOML file's text.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with the file, the line, and what is wrong there.
    pub fn from_toml(text: &str, file: &Path) -> Result<Self, SettingsError> {
        toml::from_str(text).map_err(|e| {
            let line = e.span().map(|span| {
                text.as_bytes().iter().take(span.start).filter(|&&byte| byte == b'\n').count() + 1
            });
            let message = e.message().lines().collect::<Vec<_>>().join(" ");
            SettingsError { file: Some(file.to_owned()), line, message }
        })
    }

    /// As the text of a TOML file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // Plain numbers, strings and lists: there is nothing that could fail.
        toml::to_string(self).unwrap_or_default()
    }
}

/// Reads a flag's value that counts something.
///
/// # Errors
///
/// What it should be, if it is no such number.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => format!("at most {} is possible", usize::MAX),
        _ => "a whole number from 0 on is needed".to_owned(),
    })
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    /// The file it is in; `None` for a flag.
    pub file: Option<PathBuf>,
    /// The line of the file, from 1.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            match self.line {
                Some(line) => write!(f, ":{line}: ")?,
                None => write!(f, ": ")?,
            }
        }
        f.write_str(&self.message)
    }
}

impl SettingsError {
    /// An error of a setting wherever it came from.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { file: None, line: None, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = Settings::from_toml("reg = 0.1\nlerning_rate = 1\n", Path::new("a.toml"));
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with("a.toml:2: unknown field `lerning_rate`"), "{message}");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let settings = Settings {
            hidden: Some(vec![10, 5]),
            update_rule: Some(UpdateRuleName::AdamW),
            learning_rate: Some(1e-5),
            seed: Some(7),
            ..Settings::default()
        };
        let text = settings.to_toml();
        assert_eq!(Settings::from_toml(&text, Path::new("x")), Ok(settings));
    }

    #[test]
    fn an_overlay_wins_where_it_says_something() {
        let over = Settings { reg: Some(1.0), ..Settings::default() };
        let under = Settings { reg: Some(2.0), seed: Some(3), ..Settings::default() };
        let both = over.overlay(under);
        assert_eq!((both.reg, both.seed), (Some(1.0), Some(3)));
    }
}
