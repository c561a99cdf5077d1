//! Start of a session: in a new folder, or at the last checkpoint of a run.

use super::{Session, When};
use crate::backend::start_backend;
use crate::checkpoint::{read_config, store};
use crate::combined::Combined;
use crate::config::{Config, ignored, ignored_of_parts};
use crate::presets::Preset;
use crate::pretrained::Pretrained;
use crate::run_folder::RunFolder;
use crate::settings::{Settings, SettingsError};
use crate::started_from::StartedFrom;
use crate::trained_on::TrainedOn;
use anyhow::Result;
use barenet::Alone;
use barenet_data::DataSet;
use barenet_data::inspect::{check_numbers, check_targets};
use barenet_data::split::Split;
use std::path::{Path, PathBuf};

/// Start of a session: a new run, or the checkpoint of one.
#[derive(Debug)]
pub struct Start {
    settings: Settings,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    New {
        written: Box<Settings>,
        out: Option<PathBuf>,
        force: bool,
        from: Option<Box<Pretrained>>,
        is_silent: bool,
    },
    Checkpoint {
        folder: Box<RunFolder>,
        bytes: Vec<u8>,
        file: PathBuf,
        trained_on: Option<Box<TrainedOn>>,
    },
}

impl Start {
    /// A new run, in the folder that [`RunFolder::create`] makes of `out` and `force`.
    #[must_use]
    pub fn new(combined: Combined, out: Option<&Path>, force: bool) -> Self {
        let (out, written) = (out.map(Path::to_owned), Box::new(combined.written));
        let origin = Origin::New { written, out, force, from: None, is_silent: false };
        Self { settings: combined.settings, origin }
    }

    /// The same, of which nobody is told which of its settings do nothing: whoever starts several says it once.
    #[must_use]
    pub fn silent(mut self) -> Self {
        if let Origin::New { is_silent, .. } = &mut self.origin {
            *is_silent = true;
        }
        self
    }

    /// The same, from the weights and with the scalings of another run, under [whose settings](Pretrained::under) those of
    /// this one were put. What resuming needs of it is in the checkpoints: the other run may go.
    #[must_use]
    pub fn from(mut self, weights: Pretrained) -> Self {
        if let Origin::New { from, .. } = &mut self.origin {
            *from = Some(Box::new(weights));
        }
        self
    }

    /// The last whole checkpoint of the run in a folder. It keeps its own settings, but for those of `changes`
    /// that change nothing of what was done.
    ///
    /// # Errors
    ///
    /// If the folder holds no run that can be resumed, or `changes` has other settings.
    pub fn resume(run: &Path, changes: Settings) -> Result<Self> {
        let folder = RunFolder::resume(run)?;
        let found = store::find(&folder)?;
        if let Some(problem) = &found.passed_over {
            let file = found.file.display();
            log::warn!("{problem:#}; resumes from {file}, the one before");
        }
        let config = read_config(&found.bytes, &found.file)?;
        let Settings { num_epochs, patience, threads, print_every, .. } = changes;
        let allowed =
            Settings { num_epochs, patience, threads, print_every, ..Settings::default() };
        if changes != allowed {
            return Err(SettingsError::new(
                "a resumed run keeps its own settings: of them, --resume takes only --epochs, --patience, \
                 --threads and --print-every",
            )
            .into());
        }
        let settings = allowed.overlay(Settings::stored(&config, &found.file)?);
        found.quarantine_damaged(&folder)?;
        let (bytes, file) = (found.bytes, found.file);
        let (folder, trained_on) = (Box::new(folder), TrainedOn::parse(&config).map(Box::new));
        Ok(Self { settings, origin: Origin::Checkpoint { folder, bytes, file, trained_on } })
    }
}

impl Start {
    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The checkpoint of a run that is resumed.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&[u8]> {
        match &self.origin {
            Origin::New { .. } => None,
            Origin::Checkpoint { bytes, .. } => Some(bytes),
        }
    }

    /// How the data of a run are to be read that started from the weights of another: as that one's were.
    #[must_use]
    pub fn trained_on(&self) -> Option<&TrainedOn> {
        match &self.origin {
            Origin::New { from, .. } => from.as_ref()?.trained_on(),
            Origin::Checkpoint { trained_on, .. } => trained_on.as_deref(),
        }
    }

    /// Checks a new run before others of its kind train: its settings against the data, and its folder.
    ///
    /// # Errors
    ///
    /// Those of [`Session::new`].
    pub fn check(&self, data: &DataSet) -> Result<()> {
        let Origin::New { written, out, force, .. } = &self.origin else { return Ok(()) };
        prepare(self.settings.clone(), Some(written), data)?;
        RunFolder::create(out.as_deref(), "", *force).map(drop)
    }
}

/// The configuration of a run and its parts, if the data are for them.
pub(crate) fn prepare(
    settings: Settings,
    written: Option<&Settings>,
    data: &DataSet,
) -> Result<(Config, Split)> {
    let config = Config::for_data(settings, data, data.output_dim())?;
    data.check()?;
    check_targets(data)?;
    if written.is_some() {
        check_numbers(data)?;
    }
    with_parts(config, written, data)
}

/// The same for data that were looked at before.
pub(crate) fn configure(
    settings: Settings,
    written: Option<&Settings>,
    data: &DataSet,
) -> Result<(Config, Split)> {
    with_parts(Config::for_data(settings, data, data.output_dim())?, written, data)
}

fn with_parts(
    mut config: Config,
    written: Option<&Settings>,
    data: &DataSet,
) -> Result<(Config, Split)> {
    if let Some(written) = written {
        config.fit_test(written, data);
    }
    let split = config.split(data)?;
    config.check_metric(data, &split)?;
    config.check_scale(data)?;
    config.augmentation(data)?;
    // A resumed run has the settings and the numbers that it began with.
    if let Some(written) = written {
        config.fit(written, split.train.len())?;
    }
    Ok((config, split))
}

impl<'a> Session<'a> {
    /// Checks the settings against the data, starts the threads, and makes the folder, if the run is a new one.
    ///
    /// # Errors
    ///
    /// If a setting cannot be used, the data do not fit together or have fewer images than it asks for, or the
    /// folder cannot be made.
    pub fn new(start: Start, data: &'a DataSet, when: When) -> Result<Self> {
        let Start { settings, origin } = start;
        if let Origin::New { from: Some(from), .. } = &origin {
            from.check(data)?;
        }
        let written = match &origin {
            Origin::New { written, .. } => Some(&**written),
            Origin::Checkpoint { .. } => None,
        };
        let (config, split) = prepare(settings, written, data)?;
        if let Origin::New { written, is_silent: false, .. } = &origin {
            let of_parts = ignored_of_parts(written, data);
            ignored(written, &[&config])
                .iter()
                .chain(&of_parts)
                .for_each(|line| log::warn!("{line}"));
        }
        let backend = start_backend(&config);
        let started_from = match &origin {
            Origin::New { from, .. } => from.as_ref().map(|from| from.started_from()),
            Origin::Checkpoint { trained_on, .. } => {
                trained_on.as_ref().and_then(|trained_on| trained_on.from().cloned())
            }
        };
        let name = started_from
            .as_ref()
            .and_then(StartedFrom::short_name)
            .unwrap_or_else(|| Preset::name_of_run(config.values().preset.as_deref(), data))
            .to_owned();
        let (folder, resume, from) = match origin {
            Origin::New { out, force, from, .. } => {
                (RunFolder::create(out.as_deref(), &name, force)?, None, from)
            }
            Origin::Checkpoint { folder, bytes, file, .. } => (*folder, Some((bytes, file)), None),
        };
        let from = from.map(|from| *from);
        let ranks = &Alone;
        Ok(Self { config, data, split, backend, folder, name, when, resume, from, ranks })
    }
}
