//! `barenet report`.

mod browser;
mod measure;

use super::{ImagesFlag, counted, out};
use crate::console::{complain, say};
use anyhow::{Result, bail};
use barenet_report::of_run::EndedRun;
use barenet_report::{MAX_IN_DETAIL, NotShown, Page, RunSection, in_detail};
use barenet_run::run_folder::{BEST, CHECKPOINT, REPORT, TRIAL, refuse_what_is_no_plot};
use barenet_run::{folds, sweep};
use measure::Measurer;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Show runs in a page: curves, mistakes, weights, settings; several side by side
#[derive(clap::Args, Debug)]
#[command(after_help = include_str!("report/help.txt").trim_end())]
pub(crate) struct Args {
    /// Folders of runs that have ended, of sweeps (the best run first), or of `train --folds`
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// The data
    #[command(flatten)]
    images: ImagesFlag,
    /// Take other data than those that a run was trained on
    #[arg(long)]
    other_data: bool,
    /// HTML file that is made, or replaced if barenet made it [default: report.html, in the folder of the run or, of several, here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
}

/// Who made a page.
pub(crate) const MAKER: &str = concat!("barenet ", env!("CARGO_PKG_VERSION"));

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let out = match (&args.out, args.runs.as_slice()) {
        (Some(out), _) => out.clone(),
        (None, [run]) => run.join(REPORT),
        (None, _) => PathBuf::from(REPORT),
    };
    let name = out::name(&out)?;
    let (mut runs, mut sections, mut not_shown) = (Vec::new(), Vec::new(), Vec::new());
    let expanded = expanded(&args.runs)?;
    let paths = distinct(&expanded);
    let mut failed = 0;
    for (path, name) in names(&paths) {
        if is_without_weights(path) {
            let problem =
                "its loss was not a finite number in its first step: there are no weights";
            not_shown.push(NotShown { name, problem: problem.to_owned() });
            continue;
        }
        match open(path, &name) {
            Ok((run, section)) => {
                // The weights of many would fill the memory: those that are needed again are read again.
                runs.push((path, Some(run).filter(|_| paths.len() <= MAX_IN_DETAIL)));
                sections.push(section);
            }
            // One line says what is wrong with the only one.
            Err(error) if paths.len() == 1 => return Err(error),
            Err(error) => {
                failed += 1;
                complain(format_args!("{error:#}"));
                not_shown.push(NotShown { name, problem: format!("{error:#}") });
            }
        }
    }
    if runs.is_empty() {
        bail!("none of these runs can be shown; name folders of runs that have ended");
    }
    let folder = out::folder(&out)?;
    refuse_what_is_no_plot(&folder, name)?;

    let mut measurer = Measurer::new(&args.images, args.other_data);
    for place in in_detail(&sections) {
        if let (Some((path, run)), Some(section)) = (runs.get_mut(place), sections.get_mut(place)) {
            let run = run.take().map_or_else(|| EndedRun::open(path), Ok)?;
            measurer.add(&run, section)?;
        }
    }
    measurer.end()?;
    let shown = sections.len();
    let page = Page { runs: sections, not_shown, maker: MAKER.to_owned() };
    folder.write(name, page.to_html()?.as_bytes())?;
    let out = out.display();
    say!("{out}: a report of {}", counted(shown, "run", "runs"));
    if args.open {
        browser::open(&folder.current_path().join(name));
    }
    if failed > 0 {
        let all = shown + failed;
        bail!("{failed} of {all} runs cannot be shown; {out} has the others");
    }
    Ok(())
}

fn open(path: &Path, name: &str) -> Result<(EndedRun, RunSection)> {
    let run = EndedRun::open(path)?;
    let section = run.section(name)?;
    Ok((run, section))
}

/// The runs in the place of a sweep's folder, the best first, and in that of a cross-validation's.
fn expanded(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut runs = Vec::new();
    for path in paths {
        match sweep::runs_of(path)? {
            Some(trials) => runs.extend(trials),
            None => match folds::runs_of(path) {
                of_folds if of_folds.is_empty() => runs.push(path.clone()),
                of_folds => runs.extend(of_folds),
            },
        }
    }
    Ok(runs)
}

/// Whether this is a trial of a sweep that diverged before it had anything to keep.
fn is_without_weights(path: &Path) -> bool {
    path.join(TRIAL).is_file() && !path.join(BEST).exists() && !path.join(CHECKPOINT).exists()
}

/// Each path once.
fn distinct(paths: &[PathBuf]) -> Vec<&Path> {
    let mut seen = BTreeSet::new();
    paths.iter().map(PathBuf::as_path).filter(|path| seen.insert(*path)).collect()
}

/// Paths of runs, each with a name that tells it from the others: that of its folder, or where two are the same the path.
fn names<'a>(paths: &[&'a Path]) -> Vec<(&'a Path, String)> {
    let short = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let names: BTreeSet<_> = paths.iter().filter_map(|path| short(path)).collect();
    let are_told_apart = names.len() == paths.len();
    let name = |path: &Path| {
        short(path).filter(|_| are_told_apart).unwrap_or_else(|| path.display().to_string())
    };
    paths.iter().map(|&path| (path, name(path))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_have_the_shortest_names_that_tell_them_apart() {
        let names = |paths: &[&str]| -> Vec<String> {
            let paths: Vec<_> = paths.iter().map(Path::new).collect();
            names(&paths).into_iter().map(|(_, name)| name).collect()
        };
        assert_eq!(names(&["runs/a", "runs/b/"]), ["a", "b"]);
        assert_eq!(names(&["x/a", "y/a", "b"]), ["x/a", "y/a", "b"]);
        assert_eq!(names(&["."]), ["."]);
    }
}
