//! The subcommands.

pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod course;
pub(crate) mod data;
pub(crate) mod doctor;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod find_lr;
pub(crate) mod gradcheck;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod out;
pub(crate) mod plan;
pub(crate) mod predict;
pub(crate) mod presets;
pub(crate) mod profile;
pub(crate) mod report;
pub(crate) mod sweep;
pub(crate) mod train;

use crate::console::{Verbosity, complain, one_line};
use anyhow::{Result, bail, ensure};
use barenet_data::inspect::cautions;
use barenet_data::{BUILT_IN, DataSet, PictureForm, SampleForm, WindowForm};
use barenet_run::images::{self, Files};
use barenet_run::measured::Metric;
use barenet_run::presets::Preset;
use barenet_run::settings::{Settings, SettingsError};
use barenet_run::trained_on::TrainedOn;
use barenet_run::trained_run::TrainedRun;
use std::path::PathBuf;

/// The flag that says which images a command uses.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct ImagesFlag {
    /// A table: CSV or TSV; arrays of numpy: .npz, .npy or a folder of them; IDX, as MNIST is; a folder of pictures or of
    /// recordings (CSV files) for each class; or CIFAR-10: a folder, .tar.gz or .tar, binary or python version; or
    /// `builtin`, images that are drawn
    /// [default: CIFAR10_DIR, then ./data, then, if neither is there, builtin]
    #[arg(long, value_name = "PATH", visible_alias = "train")]
    pub(crate) data: Option<PathBuf>,
    /// Data that validate [default: drawn from --data]
    #[arg(long, value_name = "PATH", requires = "data")]
    pub(crate) val: Option<PathBuf>,
    /// Data that test [default: drawn from --data]
    #[arg(long, value_name = "PATH", requires = "data")]
    pub(crate) test: Option<PathBuf>,
}

impl ImagesFlag {
    /// Finds and reads the images.
    pub(crate) fn read(
        &self,
        settings: &Settings,
        trained_on: Option<&TrainedOn>,
    ) -> Result<DataSet> {
        self.check(settings)?;
        Ok(images::read(&self.files(), settings, trained_on)?)
    }

    /// Reads data that are looked at alone: what is missing is counted, and no error.
    pub(crate) fn read_to_look(&self, settings: &Settings) -> Result<DataSet> {
        self.check(settings)?;
        let files = self.files();
        let mut options = images::options(&files, settings, None);
        options.encode.skips_unlabelled = true;
        Ok(images::discover(&options, &files)?)
    }

    fn files(&self) -> Files {
        Files { data: self.data.clone(), val: self.val.clone(), test: self.test.clone() }
    }

    /// Refuses settings that no data can be read by.
    fn check(&self, settings: &Settings) -> Result<()> {
        if self.data.is_none() && settings.preset.as_deref() == Some(Preset::TABLE) {
            return usage(
                "these settings are of a run on data of one's own (preset table); name them with --data",
            );
        }
        if let Some(target) = &settings.target
            && target.split(',').all(|name| name.trim().is_empty())
        {
            return usage("--target names no column; leave it out for the last one");
        }
        Ok(())
    }

    /// Finds and reads the data that a run is measured on.
    pub(crate) fn read_for(&self, run: &TrainedRun) -> Result<DataSet> {
        self.check_named(run)?;
        self.read(run.settings(), run.trained_on())
    }

    /// Refuses to go on without `--data` where a run was trained on somebody's own data: those that are found by
    /// themselves are others.
    pub(crate) fn check_named(&self, run: &TrainedRun) -> Result<()> {
        self.check_named_for(&run.folder().path().display().to_string(), run.trained_on())
    }

    /// The same of weights that messages call `name`.
    pub(crate) fn check_named_for(&self, name: &str, trained_on: Option<&TrainedOn>) -> Result<()> {
        match trained_on {
            Some(own) if self.data.is_none() && own.is_own() => {
                ensure!(
                    !own.is_imported(),
                    "{name}: another program trained it; name data for it with --data"
                );
                bail!(
                    "{name}: was trained on data of one's own ({}); name them with --data",
                    own.data
                )
            }
            _ => Ok(()),
        }
    }
}

/// Name of a metric at the beginning of a line.
pub(crate) const fn label(metric: Metric) -> &'static str {
    match metric {
        Metric::BalancedAccuracy => "balanced",
        metric => metric.name(),
    }
}

/// A count with the word for what is counted.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Text of a metric in tables and messages.
pub(crate) fn metric_text(found: f64) -> String {
    format!("{found:.3}")
}

/// Word for the samples of a data set.
pub(crate) const fn sample_word(data: &DataSet) -> &'static str {
    data.source.kind.samples
}

/// Text of the form of samples.
pub(crate) fn form_text(form: &SampleForm) -> String {
    match form {
        SampleForm::Pictures(PictureForm { size, planes }) => {
            format!("{size} pixels, {}", if *planes == 1 { "grey" } else { "3 colours" })
        }
        SampleForm::Windows(WindowForm { window, stride, channels }) => {
            format!("{window} rows of {}; a window every {stride} rows", listed(channels))
        }
    }
}

/// What a network is given of data: columns or the form of samples, and how many numbers that is.
pub(crate) fn inputs_text(data: &DataSet) -> String {
    let inputs = counted(data.input_dim(), "input", "inputs");
    match (&data.encoding, &data.form) {
        (Some(encoding), _) => {
            format!("{} ({inputs})", counted(encoding.features.len(), "column", "columns"))
        }
        (None, Some(form)) => format!("{} ({inputs})", form_text(form)),
        (None, None) => inputs,
    }
}

/// The line that says which data a run uses, and, if they stand in for CIFAR-10, why.
pub(crate) fn data_line(data: &DataSet) -> String {
    if data.source.is_stand_in {
        let fetch = if cfg!(feature = "fetch") { "; `barenet data fetch` gets it" } else { "" };
        format!("built-in images (CIFAR-10 was not found: --data, CIFAR10_DIR, ./data{fetch})")
    } else {
        one_line(&data.source.to_string())
    }
}

/// Names of columns or the like, on one line.
pub(crate) fn listed(names: &[String]) -> String {
    one_line(&names.join(", "))
}

/// Says on standard error that the built-in images are used and nobody asked for them, where nothing
/// else names the images.
pub(crate) fn warn_of_stand_in(data: &DataSet, verbosity: Verbosity) {
    if verbosity == Verbosity::Quiet && data.source.is_stand_in {
        complain(format_args!(
            "warning: data: {}; `--data {BUILT_IN}` asks for them without this warning",
            data_line(data)
        ));
    }
}

/// Says what whoever trains on the data should know of them.
pub(crate) fn warn_of_data(data: &DataSet) {
    for caution in cautions(data) {
        complain(format_args!("warning: {caution}"));
    }
}

/// A number such as `0`, given to a count that must not be it, is a mistake in using the command.
pub(crate) fn usage<T>(message: impl Into<String>) -> Result<T> {
    Err(SettingsError::new(message).into())
}
