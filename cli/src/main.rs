//! The `barenet` command: its arguments, what a person sees, and the subcommands.

mod advice;
mod commands;
mod console;
mod flags;
#[cfg(test)]
mod pages;
mod ranks;
mod signals;
#[cfg(feature = "tui")]
mod tui;
mod version;

use barenet_data::DataError;
use barenet_run::settings::SettingsError;
use clap::{ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};
use commands::{
    compare, completions, config, course, data, doctor, eval, export, find_lr, gradcheck, import,
    init, man, plan, predict, presets, profile, report, sweep, train,
};
use console::{choose_colour, colour_among, complain, print_warnings, unless_closed};
use signals::{Stopped, survive_limits};
use std::any::TypeId;
use std::process::ExitCode;
use std::time::Duration;

/// Train fully-connected networks on tables and images, and measure them
#[derive(Parser, Debug)]
#[command(
    name = "barenet",
    version,
    long_version = version::LONG,
    after_help = "\
Examples:
  barenet train                          train on CIFAR-10 if it is found, else on built-in images
  barenet train --data table.csv         train on a table: its last column is learnt
  barenet predict runs/table new.csv     answer for other rows
  barenet train --preset best --data cifar-10-binary.tar.gz
  barenet eval runs/two-layer --split test
  barenet report runs/two-layer --open   curves, mistakes and weights, in the browser
  barenet export runs/two-layer --format firmware --dtype int8
  barenet import model.onnx --out runs/theirs
  barenet init --data table.csv          a configuration to start from, chosen by the data
  barenet sweep lr.toml                  try settings, several runs at once, and rank them
  barenet compare                        four update rules in one plot

Exit status: 0 ok, 1 failed, 2 a flag or setting that cannot be used; 129, 130, 143 and 152 stopped by a signal."
)]
struct Cli {
    /// Colours: auto is those of a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

/// The end of the help of each command that does not say more of it.
const EXIT_STATUS: &str = "Exit status: 0 ok, 1 failed, 2 a flag or setting that cannot be used.";

#[derive(Subcommand, Debug)]
enum Command {
    Train(Box<train::Args>),
    Eval(eval::Args),
    Predict(predict::Args),
    Report(report::Args),
    Export(export::Args),
    Import(import::Args),
    Sweep(Box<sweep::Args>),
    Compare(Box<compare::Args>),
    Course(course::Args),
    Gradcheck(gradcheck::Args),
    Presets(presets::Args),
    Init(Box<init::Args>),
    FindLr(Box<find_lr::Args>),
    Profile(Box<profile::Args>),
    Plan(Box<plan::Args>),
    Config(Box<config::Args>),
    Data(data::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
    Man(man::Args),
}

fn main() -> ExitCode {
    print_warnings();
    if let Err(error) = survive_limits() {
        complain(format_args!("warning: signals cannot be listened to: {error}"));
    }
    let (command, flags) = match parse() {
        Ok((Cli { command, color }, flags)) => {
            choose_colour(color);
            (command, flags)
        }
        // What is wrong with a flag is the same on all ranks.
        Err(message) if ranks::is_silent() => {
            return ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(2));
        }
        Err(message) => return explain(&message),
    };
    let result = match command {
        Command::Train(args) => train::run(*args),
        Command::Eval(args) => eval::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Sweep(args) => sweep::run(*args),
        Command::Compare(args) => compare::run(*args),
        Command::Course(args) => course::run(&args),
        Command::Gradcheck(args) => gradcheck::run(&args),
        Command::Presets(args) => presets::run(&args),
        Command::Init(args) => init::run(*args),
        Command::FindLr(args) => find_lr::run(*args),
        Command::Profile(args) => profile::run(*args),
        Command::Plan(args) => plan::run(*args),
        Command::Config(args) => config::run(*args),
        Command::Data(args) => data::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => completions::run(&args, program()),
        Command::Man(args) => man::run(&args, program()),
    };
    let status = match &result {
        Ok(()) => 0,
        // All ranks end together, and one says why.
        Err(error) if ranks::is_silent() && (error.is::<Stopped>() || ranks::do_all_fail()) => 0,
        Err(error) => failed(error, &flags),
    };
    match result {
        Err(error) if !error.is::<Stopped>() && !ranks::do_all_fail() => ranks::abort(status),
        _ => ranks::leave(),
    }
    ExitCode::from(status)
}

/// Says why a command ended, and with which exit status.
fn failed(error: &anyhow::Error, flags: &[String]) -> u8 {
    if ranks::is_silent() {
        // The first rank most often fails of the same, says it, and ends this one.
        std::thread::sleep(Duration::from_secs(5));
    }
    // All causes in one line, so that scripts and people see the same.
    match error.downcast_ref::<Stopped>() {
        Some(stopped) => {
            complain(format_args!("{stopped}"));
            128 + stopped.signal()
        }
        None => {
            complain(format_args!("error: {}", advice::text_of(error, flags)));
            if is_of_usage(error) { 2 } else { 1 }
        }
    }
}

/// The arguments, and the flags of the command that they name.
fn parse() -> Result<(Cli, Vec<String>), clap::Error> {
    let mut command = program().color(colour_among(std::env::args_os()));
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Ok((Cli::from_arg_matches(&matches)?, advice::flags_of(&command, &matches)))
}

/// The program's commands and flags.
fn program() -> clap::Command {
    with_exit_status(with_negative_numbers(Cli::command()))
}

/// Ends the help of every command with what its exit status says.
fn with_exit_status(command: clap::Command) -> clap::Command {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let command = if help.contains("Exit status:") {
        command
    } else {
        command.after_help(format!("{help}\n\n{EXIT_STATUS}"))
    };
    command.mut_subcommands(with_exit_status)
}

/// Whether an error is of a flag or a setting, whatever the data are.
fn is_of_usage(error: &anyhow::Error) -> bool {
    error.is::<SettingsError>()
        || error.downcast_ref::<DataError>().is_some_and(DataError::is_of_usage)
}

/// Takes what follows a flag that wants a number for its value, not for another flag, so that `-1` or
/// `-1e-3` is refused by what the flag is.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let numbers = [TypeId::of::<f64>(), TypeId::of::<usize>(), TypeId::of::<u64>()];
    let allow = |arg: clap::Arg| {
        let found = arg.get_value_parser().type_id();
        let is_number = numbers.iter().any(|number| found == *number);
        if is_number { arg.allow_hyphen_values(true) } else { arg }
    };
    command.mut_args(allow).mut_subcommands(with_negative_numbers)
}

/// Prints the help that was asked for, or what is wrong with a flag.
fn explain(message: &clap::Error) -> ExitCode {
    let printed = unless_closed(message.print());
    if let Err(error) = printed
        && !message.use_stderr()
    {
        complain(format_args!("error: standard output cannot be written: {error}"));
        return ExitCode::from(1);
    }
    ExitCode::from(u8::try_from(message.exit_code()).unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls a function with every command that has no others, and with those that have.
    fn each(command: &clap::Command, f: &mut impl FnMut(&clap::Command)) {
        f(command);
        command.get_subcommands().for_each(|inner| each(inner, f));
    }

    #[test]
    fn every_command_has_examples_and_says_what_its_exit_status_means() {
        each(&program(), &mut |command| {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let name = command.get_name();
            assert!(help.starts_with("Examples:\n  barenet "), "{name}: {help}");
            assert!(help.contains("Exit status: 0 ok, 1 failed, 2 "), "{name}: {help}");
        });
    }
}
