//! The subcommands.

pub mod compare;
pub mod data;
pub mod eval;
pub mod export;
pub mod gradcheck;
pub mod presets;
pub mod train;

use crate::console::{Verbosity, complain};
use anyhow::Result;
use barenet_data::{BUILT_IN, DataError, DataSet};
use barenet_run::images;
use barenet_run::settings::SettingsError;
use std::path::PathBuf;

/// The flag that says which images a command uses.
#[derive(clap::Args, Clone, Debug)]
pub struct ImagesFlag {
    /// CIFAR-10: a folder, .tar.gz or .tar, binary or python version; or `builtin`, images that are drawn
    /// [default: CIFAR10_DIR, then ./data, then, if neither is there, builtin]
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,
}

impl ImagesFlag {
    /// Finds and reads the images.
    ///
    /// # Errors
    ///
    /// Those of [`images::read`].
    pub fn read(&self) -> Result<DataSet, DataError> {
        images::read(self.data.as_deref())
    }
}

/// Text of a metric in tables and messages.
#[must_use]
pub fn metric_text(found: f64) -> String {
    format!("{found:.3}")
}

/// The line that says which data a run uses, and, if they stand in for CIFAR-10, why.
#[must_use]
pub fn data_line(data: &DataSet) -> String {
    if data.source.is_stand_in {
        let fetch = if cfg!(feature = "fetch") { "; `barenet data fetch` gets it" } else { "" };
        format!("built-in images (CIFAR-10 was not found: --data, CIFAR10_DIR, ./data{fetch})")
    } else {
        data.source.to_string()
    }
}

/// Says on standard error that the built-in images are used and nobody asked for them, where nothing
/// else names the images.
pub fn warn_of_stand_in(data: &DataSet, verbosity: Verbosity) {
    if verbosity == Verbosity::Quiet && data.source.is_stand_in {
        complain(format_args!(
            "warning: data: {}; `--data {BUILT_IN}` asks for them without this warning",
            data_line(data)
        ));
    }
}

/// A number such as `0`, given to a count that must not be it, is a mistake in using the command.
///
/// # Errors
///
/// Always, as [`SettingsError`].
pub fn usage<T>(message: impl Into<String>) -> Result<T> {
    Err(SettingsError::new(message).into())
}
