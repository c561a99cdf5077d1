//! `barenet gradcheck`.

use crate::console::say;
use anyhow::{Result, ensure};
use barenet_run::gradcheck::{Check, run_checks};
use serde_json::json;

/// Run the gradient checks of the course's document alone
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet gradcheck
  barenet gradcheck --json | jq '.[] | select(.passes | not)'")]
pub(crate) struct Args {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let checks = run_checks()?;
    if args.json {
        let row = |check: &Check| {
            let Check { section, name, document, ours, .. } = check;
            json!({ "section": section, "name": name, "document": document, "ours": ours,
                    "passes": check.passes() })
        };
        say!("{}", json!(checks.iter().map(row).collect::<Vec<_>>()));
    } else {
        say!("{:<20}{:<30}{:>16}{:>16}", "", "", "document", "this library");
        for check in &checks {
            let text = |figure| check.text(figure);
            let Check { section, name, document, ours, .. } = check;
            let verdict = if check.passes() { "" } else { "  FAILED" };
            say!("{section:<20}{name:<30}{:>16}{:>16}{verdict}", text(*document), text(*ours));
        }
    }
    let failed = checks.iter().filter(|check| !check.passes()).count();
    ensure!(failed == 0, "{failed} of {} checks do not meet the document", checks.len());
    Ok(())
}
