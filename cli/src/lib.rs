//! The `barenet` command: its arguments, what a person sees, and the subcommands.
//!
//! | module | has |
//! |---|---|
//! | [`commands`] | the subcommands |
//! | [`console`] | lines, bars and JSON, and how they reach a terminal or pipe |
//! | [`signals`] | Ctrl-C and its kin |

pub mod commands;
pub mod console;
pub mod flags;
pub mod signals;
