//! Training runs of barenet: from settings to the folder that a run leaves.
//!
//! | module | has |
//! |---|---|
//! | [`settings`], [`presets`], [`config`] | the settings of a run, the course's experiments, and a checked whole |
//! | [`trainer`] | one training run |
//! | [`run_folder`], [`events`], [`summary`], [`checkpoint`], [`trained_on`] | the files of a run |
//! | [`folder`] | a folder that is written to, wherever it is; files that are whole or not there |
//! | [`plot_mark`] | how a plot of barenet's is known |
//! | [`shell`] | commands to copy |
//! | [`gradcheck`] | the course's gradient checks, with NumPy's random numbers |

pub mod checkpoint;
pub mod config;
pub mod events;
pub mod folder;
pub mod gradcheck;
pub mod plot_mark;
pub mod presets;
pub mod run_folder;
pub mod settings;
pub mod shell;
pub mod summary;
pub mod trained_on;
pub mod trainer;
