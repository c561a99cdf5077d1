//! `barenet man`.

use crate::console::{print_data, say};
use anyhow::{Context, Result};
use barenet_run::folder::Folder;
use std::path::PathBuf;

/// Print the man page of barenet, or write those of all commands
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet man | man -l -
  barenet man --out ~/.local/share/man/man1
  barenet man --out man && man ./man/barenet-train.1")]
pub(crate) struct Args {
    /// Folder for barenet.1, barenet-train.1 and so on, which are replaced there [default: print barenet.1]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command; `program` has the commands and flags that the pages are about.
pub(crate) fn run(args: &Args, program: clap::Command) -> Result<()> {
    let own = format!("{}.1", program.get_name());
    let pages = pages(program)?;
    let Some(out) = &args.out else {
        let page = pages.iter().find(|(name, _)| *name == own);
        let page = page.map(|(_, page)| String::from_utf8_lossy(page));
        return print_data(page.unwrap_or_default().trim_end());
    };
    let folder = Folder::make(out)?;
    for (name, page) in &pages {
        folder.write(name, page)?;
    }
    say!("{} pages are in {}", pages.len(), out.display());
    Ok(())
}

/// The pages and their files: of the program, and of every command in it.
fn pages(program: clap::Command) -> Result<Vec<(String, Vec<u8>)>> {
    let mut program = program.disable_help_subcommand(true);
    // From here on each command has its whole name.
    program.build();
    let (mut pages, mut left) = (Vec::new(), vec![program]);
    while let Some(command) = left.pop() {
        left.extend(command.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned());
        let man = clap_mangen::Man::new(command);
        let mut page = Vec::new();
        man.render(&mut page).context("a man page cannot be written")?;
        pages.push((man.get_filename(), page));
    }
    pages.sort();
    Ok(pages)
}
