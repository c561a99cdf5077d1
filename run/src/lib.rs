//! Training runs of barenet: from settings to the folder that a run leaves.
//!
//! [`train`] is all of it in a call; `examples/train.rs` is a program of it.
//!
//! | module | has |
//! |---|---|
//! | [`settings`], [`presets`], [`config`] | the settings of a run, the course's experiments, and a checked whole |
//! | [`session`], [`trainer`], [`moment`] | one training run, with its files and without, and its state between two steps |
//! | [`buffers`] | its memory |
//! | [`backend`] | its threads |
//! | [`measured`] | the figures of its metric |
//! | [`run_folder`], [`events`], [`summary`], [`checkpoint`], [`trained_on`] | the files of a run |
//! | [`folder`] | a folder that is written to, wherever it is; files that are whole or not there |
//! | [`plot_mark`] | how a plot of barenet's is known |
//! | [`shell`] | commands to copy |
//! | [`gradcheck`] | the course's gradient checks, with NumPy's random numbers |

pub mod backend;
pub mod buffers;
pub mod checkpoint;
pub mod config;
pub mod events;
pub mod folder;
pub mod gradcheck;
pub mod measured;
pub mod moment;
pub mod plot_mark;
pub mod presets;
pub mod run_folder;
pub mod session;
pub mod settings;
pub mod shell;
pub mod summary;
pub mod trained_on;
pub mod trainer;

use anyhow::Result;
use barenet_data::DataSet;
use barenet_model::number::Number;
use std::path::Path;
use std::time::Instant;

/// Trains as `settings` say, leaves the files of the run in the folder `out`, and returns its summary.
///
/// The [watcher](session::Watcher) sees every event, and can stop the run: a closure is one. It is
/// [resumed](session::Session::resume) with a [`session::Session`].
///
/// # Errors
///
/// If a setting cannot be used, the data have fewer images than it asks for, there is not enough memory, a
/// file cannot be written, or `out` holds another run.
pub fn train(
    settings: settings::Settings,
    data: &DataSet,
    out: &Path,
    mut watcher: impl session::Watcher,
) -> Result<summary::Summary> {
    fn go<T: Number>(
        session: &session::Session<'_>,
        watcher: &mut impl session::Watcher,
        start: Instant,
    ) -> Result<summary::Summary> {
        session.begin::<T>(watcher)?.train(watcher)?.finish(watcher, start)
    }
    let start = Instant::now();
    let mut config = config::Config::new(settings.clone(), data.input_dim(), data.num_classes())?;
    let split = config.split(data)?;
    config.fit(&settings, split.train.len())?;
    let backend = backend::start_backend(&config)?;
    let name = config.values().preset.as_deref().unwrap_or("custom").to_owned();
    let folder = run_folder::RunFolder::create(Some(out), &name, false)?;
    let session = session::Session {
        config: &config,
        data,
        split: &split,
        backend: &backend,
        folder: &folder,
        name: &name,
        when: session::When::default(),
        resume: None,
    };
    match config.dtype() {
        settings::Dtype::F32 => go::<f32>(&session, &mut watcher, start),
        settings::Dtype::F64 => go::<f64>(&session, &mut watcher, start),
    }
}
