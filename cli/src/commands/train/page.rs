//! The report of a run, written when it has ended.

use crate::commands::report::MAKER;
use anyhow::Result;
use barenet_report::of_run::EndedRun;
use barenet_report::{Page, RunSection};
use barenet_run::folder::Folder;
use barenet_run::history::History;
use barenet_run::run_folder::{BEST, REPORT};
use barenet_run::session::{Session, Trained};
use barenet_run::summary::Summary;
use barenet_run::trained_run::TrainedRun;

/// Writes the page of a run into its folder.
pub(super) fn write(session: &Session<'_>, trained: &Trained<'_>, summary: &Summary) -> Result<()> {
    let folder = &session.folder;
    // A run that did no step leaves nothing.
    if !folder.is_begun() || !folder.has(BEST) {
        return Ok(());
    }
    // One that was finished, and diverged when it was made longer, keeps what tells of it.
    if summary.diverged_at.is_some() && Summary::read(folder).is_ok_and(|kept| kept != *summary) {
        return Ok(());
    }
    let section = section((session, &session.name), trained, summary)?;
    write_page(folder, vec![section])
}

/// Writes a page of runs into a folder.
pub(super) fn write_page(folder: &Folder, runs: Vec<RunSection>) -> Result<()> {
    let page = Page { runs, not_shown: Vec::new(), maker: MAKER.to_owned() };
    folder.write(REPORT, page.to_html()?.as_bytes())
}

/// What a page says of a run, under a name. What takes data is of what the run has measured of them.
pub(super) fn section(
    (session, name): (&Session<'_>, &str),
    trained: &Trained<'_>,
    summary: &Summary,
) -> Result<RunSection> {
    let Session { folder, config, split, data, .. } = session;
    let ended = trained.ended();
    let (solver, num_train) = (config.solver::<f64>(), split.train.len());
    let history = History {
        loss: ended.loss_history.to_vec(),
        train: ended.train_history.to_vec(),
        val: ended.val_history.to_vec(),
        norms: ended.norms.to_vec(),
        iterations_per_epoch: solver.iterations_per_epoch(num_train),
        num_iterations: solver.num_iterations(num_train),
    };
    let run = TrainedRun::open(&folder.current_path())?;
    let run = EndedRun::new(run, summary.clone(), history);
    // Not that of its folder: the same run is the same page anywhere, but for its times.
    let mut section = run.section(name)?;
    if let Some(found) = trained.inspection() {
        run.add_findings(&mut section, found, data)?;
    }
    Ok(section)
}
