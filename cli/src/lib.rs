//! The library behind the `barenet` command.
//!
//! | module | has |
//! |---|---|
//! | [`settings`], [`presets`], [`config`] | what a run may be told, the course's experiments, and a checked whole |
//! | [`data`], [`samples`] | the images, and CS231n's split and preprocessing |
//! | [`trainer`] | one training run |
//! | [`run_folder`], [`events`], [`summary`], [`weights`], [`checkpoint`], [`plot`] | what a run leaves |
//! | [`folder`], [`disk`], [`mod@reading`] | the folder that is written to, wherever it is; files that are whole or not there; how they are read |
//! | [`export`] | a trained network as a crate for microcontrollers |
//! | [`signals`] | Ctrl-C and its kin |
//! | [`gradcheck`] | the course's gradient checks, with NumPy's random numbers |
//! | [`console`], [`shell`], [`commands`] | what a person sees, commands to copy, and the subcommands |

pub mod checkpoint;
pub mod commands;
pub mod config;
pub mod console;
pub mod data;
pub mod disk;
pub mod events;
pub mod export;
pub mod folder;
pub mod gradcheck;
pub mod number;
pub mod plot;
pub mod presets;
pub mod reading;
pub mod run_folder;
pub mod samples;
pub mod settings;
pub mod shell;
pub mod signals;
pub mod summary;
pub mod trained_on;
pub mod trainer;
pub mod weights;
