//! `barenet data fetch`.

mod progress;

use crate::commands::usage;
use crate::console::say;
use crate::flags::choice;
use anyhow::Result;
use barenet_data::Version;
use barenet_data::fetch::{Archive, Patience, fetch, is_address};
use barenet_run::settings::Name;
use barenet_run::shell;
use progress::Progress;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Download CIFAR-10 (162 MiB) and unpack it
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("fetch/help.txt").trim_end())]
pub(super) struct Args {
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "data")]
    dir: PathBuf,
    /// Address of the archive, instead of the official page and its copies; may be repeated
    #[arg(long, value_name = "URL")]
    url: Vec<String>,
    /// Which version
    #[arg(long, value_name = "VERSION", default_value = "binary", value_parser = choice::<Name<Version>>())]
    format: Name<Version>,
    /// Seconds that a server may send nothing before the next one is asked
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Milliseconds until all servers are asked again, for tests of the download
    #[arg(long, hide = true, default_value_t = 500)]
    pause: u64,
    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
    /// Bytes of another archive, for tests of the download
    #[arg(long, hide = true, requires_all = ["url", "sha256"])]
    size: Option<u64>,
    /// SHA-256 of another archive
    #[arg(long, hide = true, requires_all = ["url", "size"])]
    sha256: Option<String>,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<()> {
    let mut archive = Archive::official(args.format.value());
    if let Some(url) = args.url.iter().find(|url| !is_address(url)) {
        return usage(format!("--url: {url:?} is not an http:// or https:// address"));
    }
    if !args.url.is_empty() {
        archive.urls.clone_from(&args.url);
    }
    if let (Some(size), Some(sha256)) = (args.size, &args.sha256) {
        (archive.len, archive.sha256) = (size, sha256.clone());
    }
    let patience = Patience {
        silence: Duration::from_secs(args.timeout),
        pause: Duration::from_millis(args.pause),
    };
    let progress = Progress::new(archive.len, args.quiet);
    let fetched = fetch(&archive, &args.dir, patience, &|event| progress.event(event));
    progress.end(fetched.is_err());
    let fetched = fetched?;
    if !args.quiet {
        let verb = if fetched.was_there { "is already in" } else { "is in" };
        say!("CIFAR-10 {verb} {}", fetched.folder.display());
        if args.dir == Path::new("data") {
            say!("`barenet train` finds it there");
        } else {
            say!("`barenet train --data {}` trains with it", shell::word(&args.dir));
        }
    }
    Ok(())
}
