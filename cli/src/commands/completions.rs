//! `barenet completions`.

use crate::console::print_data;
use anyhow::Result;
use clap_complete::{Shell, generate};

/// Print the completions of a shell
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet completions bash > ~/.local/share/bash-completion/completions/barenet
  barenet completions zsh > ~/.zfunc/_barenet       with fpath+=~/.zfunc before compinit in ~/.zshrc
  barenet completions fish > ~/.config/fish/completions/barenet.fish
  barenet completions powershell >> $PROFILE")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Runs the command; `program` has the commands and flags that are completed.
pub(crate) fn run(args: &Args, mut program: clap::Command) -> Result<()> {
    let (mut script, name) = (Vec::new(), program.get_name().to_owned());
    generate(args.shell, &mut program, name, &mut script);
    print_data(String::from_utf8_lossy(&script).trim_end())?;
    Ok(())
}
