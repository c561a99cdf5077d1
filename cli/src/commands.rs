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
use barenet_blas::Backend;
use barenet_data::{BUILT_IN, DataError, DataSet, Source, discover};
use barenet_run::config::Config;
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
    /// Those of [`discover`].
    pub fn read(&self) -> Result<DataSet, DataError> {
        discover(self.data.as_deref())
    }
}

/// What a figure of 0 to 1 looks like in tables and messages.
#[must_use]
pub fn accuracy_text(accuracy: f64) -> String {
    format!("{accuracy:.3}")
}

/// With this variable set, `--threads N` means N threads however few CPUs there are, for tests that
/// the number of threads changes no byte.
const EXACT_THREADS: &str = "BARENET_EXACT_THREADS";

/// Starts the threads of a configuration: not more than there are CPUs, which would only make it
/// slower. Where the system starts fewer, goes on with those, and says so.
///
/// # Errors
///
/// None today.
pub fn start_backend(config: &Config) -> Result<Backend> {
    let threads = config.settings().threads.unwrap_or(0);
    let is_exact = threads > 0 && std::env::var_os(EXACT_THREADS).is_some_and(|v| !v.is_empty());
    let exact = is_exact.then(|| Backend::with_threads(config.kernel(), threads));
    let (backend, refusal) = match exact {
        Some(Ok(backend)) => return Ok(backend),
        Some(Err(error)) => (Backend::new(config.kernel(), threads)?, Some(error.to_string())),
        None => {
            let backend = Backend::new(config.kernel(), threads)?;
            let refusal = backend.refusal().map(ToString::to_string);
            (backend, refusal)
        }
    };
    if let Some(refusal) = refusal {
        let found = backend.threads();
        let only = match (found, threads) {
            (1, 0) => "1 thread".to_owned(),
            (_, 0) => format!("{found} threads"),
            _ => format!("{found} of {threads} threads"),
        };
        complain(format_args!(
            "warning: the system starts only {only} ({refusal}; `ulimit -u` shows the \
             limit); goes on with that, to the same result"
        ));
    }
    Ok(backend)
}

/// The line that says which data a run uses, and, if they stand in for CIFAR-10, why.
#[must_use]
pub fn data_line(data: &DataSet) -> String {
    match data.source {
        Source::BuiltIn { is_asked_for: false } => {
            let fetch = if cfg!(feature = "fetch") { "; `barenet data fetch` gets it" } else { "" };
            format!("built-in images (CIFAR-10 was not found: --data, CIFAR10_DIR, ./data{fetch})")
        }
        _ => data.source.to_string(),
    }
}

/// Says on standard error that the built-in images are used and nobody asked for them, where nothing
/// else names the images.
pub fn warn_of_stand_in(data: &DataSet, verbosity: Verbosity) {
    if verbosity == Verbosity::Quiet && data.source == (Source::BuiltIn { is_asked_for: false }) {
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
