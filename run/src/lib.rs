//! Training runs of barenet: from settings to the folder that a run leaves.
//!
//! [`train`] is all of it in a call; `examples/train.rs` is a program of it.
//!
//! | module | has |
//! |---|---|
//! | [`settings`], [`presets`], [`combined`], [`config`] | the settings of a run, the course's experiments, both together, and a checked whole |
//! | [`session`], [`trainer`], [`moment`] | one training run, with its files and without, and its state between two steps |
//! | [`comparison`] | a training run with each of some update rules |
//! | [`sweep`] | training runs with each of some settings, beside each other, and which is the best |
//! | [`init`] | settings to start from, chosen by data and written out |
//! | [`pretrained`], [`started_from`] | weights of another run, from which one starts, and their name |
//! | [`images`], [`buffers`] | its data, read, and its memory |
//! | [`backend`] | its threads |
//! | [`doctor`], [`profile`], [`range_test`] | what this machine can do, where the time of a step goes, and which learning rates a loss falls at |
//! | [`plan`] | how long a step would take on several machines |
//! | [`measured`], [`outputs`], [`anomaly`], [`reported`] | the figures of its metric, outputs of a network, the threshold of anomaly scores, and figures of the course's document |
//! | [`run_folder`], [`events`], [`summary`], [`checkpoint`], [`trained_on`] | the files of a run |
//! | [`trained_run`], [`trained_layers`], [`prediction`], [`export`] | its best weights, measured, layer by layer, their answers for the rows of a table, and as the network of a device |
//! | [`inspection`], [`history`] | its figures with the samples that say most, and the curves of its log |
//! | [`import`] | a network of another program as a run |
//! | [`interchange`] | a trained run as a file of other programs |
//! | [`folder`] | a folder that is written to, wherever it is; files that are whole or not there |
//! | [`plot_mark`], [`first_points`] | how a plot of barenet's is known, and when the first points of its curves are too far off to be shown |
//! | [`shell`] | commands to copy |
//! | [`gradcheck`] | the course's gradient checks, with NumPy's random numbers |
//! | [`course`] | every section of the course's document, its figures beside ours |

pub mod anomaly;
pub mod backend;
pub mod buffers;
pub mod checkpoint;
mod columns;
pub mod combined;
pub mod comparison;
pub mod config;
mod constant;
pub mod course;
pub mod doctor;
pub mod events;
pub mod export;
pub mod figures;
pub mod first_points;
pub mod folder;
pub mod folds;
mod form;
pub mod gradcheck;
pub mod history;
pub mod images;
pub mod import;
pub mod init;
mod input_bytes;
pub mod inspection;
pub mod interchange;
pub mod measured;
pub mod moment;
pub mod norms;
pub mod outputs;
mod patience;
pub mod plan;
pub mod plot_mark;
pub mod prediction;
pub mod presets;
pub mod pretrained;
pub mod profile;
pub mod range_test;
pub mod reported;
pub mod run_folder;
mod scaled;
pub mod session;
pub mod settings;
pub mod shell;
mod softmax;
pub mod started_from;
pub mod summary;
pub mod sweep;
pub mod trained_layers;
pub mod trained_on;
pub mod trained_run;
pub mod trainer;
mod tta;

use anyhow::Result;
use barenet_data::DataSet;
use std::path::Path;
use std::time::Instant;

/// Trains as `settings` say, leaves the files of the run in the folder `out`, and returns its summary.
///
/// The [watcher](session::Watcher) sees every event, and can stop the run: a closure is one. It is
/// [resumed](session::Start::resume) with a [`session::Session`].
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
    let time = Instant::now();
    let start = session::Start::new(settings.into(), Some(out), false);
    let session = session::Session::new(start, data, session::When::default())?;
    let mut trained = session.begin(&mut watcher)?.train(&mut watcher)?;
    trained.finish(&mut watcher, time)
}
