//! The leaderboard on the terminal, and what to do with it.

use crate::commands::{counted, metric_text};
use crate::console::Console;
use anyhow::{Result, bail};
use barenet_run::run_folder::{LEADERBOARD, WINNER};
use barenet_run::shell;
use barenet_run::sweep::{Plan, Row, State, Sweep, Swept};
use serde_json::json;
use std::path::Path;

/// Trials that are shown; the file has all.
const SHOWN: usize = 10;

/// Prints the best trials. That all diverged is an error.
pub(super) fn show(
    plan: &Plan<'_>,
    swept: &Swept,
    sweep: &Sweep<'_>,
    data: Option<&Path>,
    console: &Console,
) -> Result<()> {
    let out = sweep.folder().current_path();
    let board = &swept.board;
    let (missing, until) = swept.missing.unwrap_or_default();
    console.json(|| {
        json!({
            "event": "leaderboard", "trials": board.to_json(), "missing": missing, "out": out.display().to_string(),
            "best": board.best().filter(|_| missing == 0).map(|best| best.run.clone()),
        })
        .to_string()
    });
    table(plan, swept, console);
    if missing > 0 {
        let trials = counted(missing, "trial", "trials");
        console.line(&match until {
            Some(epoch) => format!(
                "\n{trials} of other shards have yet to come to epoch {epoch}, where all are compared: when they have, run this \
                 shard again"
            ),
            None => format!(
                "\n{trials} of other shards have yet to end; the last of them to end writes {LEADERBOARD} and {WINNER} in {}",
                out.display()
            ),
        });
        return Ok(());
    }
    let Some(best) = board.best() else {
        bail!(
            "{}: all {} diverged: no loss stayed a finite number; try lower learning rates",
            out.display(),
            counted(plan.num_trials(), "trial", "trials")
        );
    };
    let file = shell::word(&out.join(WINNER));
    let data = data.map_or_else(String::new, |data| format!(" --data {}", shell::word(data)));
    console.line(&format!(
        "\nthe best is {}: {}\nto train with its settings: barenet train --config {file}{data}\nall trials side by side: \
         barenet report {}{data}",
        best.run,
        plan.differences(best.trial),
        shell::word(&out)
    ));
    Ok(())
}

/// Prints a row for each of the best trials.
fn table(plan: &Plan<'_>, swept: &Swept, console: &Console) {
    let board = &swept.board;
    let val = format!("val {}", plan.metric().key());
    let head = ["rank", "run", "state", &val, "epoch", "epochs"].map(str::to_owned);
    let head = head.into_iter().chain(board.names.iter().map(|name| (*name).to_owned())).collect();
    let row = |(rank, row): (usize, &Row)| -> Vec<String> {
        let val = row.best_val.filter(|_| !matches!(row.state, State::Diverged(_)));
        let first = [
            rank.to_string(),
            row.run.clone(),
            row.state.name().to_owned(),
            val.map_or_else(|| "-".to_owned(), metric_text),
            row.best_epoch.to_string(),
            row.epochs.to_string(),
        ];
        first.into_iter().chain(row.values.iter().cloned()).collect()
    };
    let rows = (1..).zip(&board.rows).take(SHOWN).map(row);
    let rows: Vec<Vec<String>> = [head].into_iter().chain(rows).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    console.line("");
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, &width))| match column {
            // Names to the left, numbers to the right.
            1 | 2 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        console.line(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    if let Some(more @ 1..) = board.rows.len().checked_sub(SHOWN) {
        console.line(&format!("… and {more} more in {LEADERBOARD}"));
    }
}
