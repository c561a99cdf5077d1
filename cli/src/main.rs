//! The `barenet` command.

use barenet_cli::commands::{compare, data, eval, export, gradcheck, presets, train};
use barenet_cli::settings::SettingsError;
use barenet_cli::signals::Stopped;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Train fully-connected networks on images, and measure them
#[derive(Parser, Debug)]
#[command(
    name = "barenet",
    version,
    after_help = "\
Examples:
  barenet train                          train on CIFAR-10 if it is found, else on built-in images
  barenet train --preset best --data cifar-10-binary.tar.gz
  barenet eval runs/two-layer --split test
  barenet export runs/two-layer --format firmware --dtype int8
  barenet compare                        four update rules in one plot

Exit status: 0 ok, 1 failed, 2 a flag or setting that cannot be used. NO_COLOR is honoured."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Train(Box<train::Args>),
    Eval(eval::Args),
    Export(export::Args),
    Compare(Box<compare::Args>),
    Gradcheck(gradcheck::Args),
    Presets(presets::Args),
    Data(data::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Train(args) => train::run(*args),
        Command::Eval(args) => eval::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Compare(args) => compare::run(*args),
        Command::Gradcheck(args) => gradcheck::run(&args),
        Command::Presets(args) => presets::run(&args),
        Command::Data(args) => data::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // All causes in one line, so that scripts and people see the same.
            match error.downcast_ref::<Stopped>() {
                Some(stopped) => {
                    eprintln!("{stopped}");
                    ExitCode::from(128 + stopped.signal)
                }
                None => {
                    eprintln!("error: {error:#}");
                    ExitCode::from(if error.is::<SettingsError>() { 2 } else { 1 })
                }
            }
        }
    }
}
