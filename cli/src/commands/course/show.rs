//! Figures of the course as they come: a row each.

use crate::console::{Console, Progress};
use barenet::Float;
use barenet_run::course::{Section, Watcher};
use barenet_run::gradcheck::Check;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How often the progress bar moves.
const FRAME: Duration = Duration::from_millis(100);

/// The console of the command, and how far the trainings are.
pub(super) struct Shown<'a> {
    console: &'a Console,
    /// Samples of all trainings.
    samples: usize,
    done: usize,
    clock: Instant,
    last_drawn: Instant,
}

impl<'a> Shown<'a> {
    pub(super) fn new(console: &'a Console, samples: usize) -> Self {
        let now = Instant::now();
        Self { console, samples, done: 0, clock: now, last_drawn: now }
    }

    /// Prints the heading of a section.
    pub(super) fn begin(&self, section: &Section) {
        let Section { name, heading, .. } = section;
        self.console.line(&format!("\n{heading} ({name})"));
    }
}

/// Figures of a section, printed as they come.
pub(super) struct Figures<'s, 'a> {
    shown: &'s mut Shown<'a>,
    /// Those that came.
    pub(super) checks: Vec<Check>,
}

impl<'s, 'a> Figures<'s, 'a> {
    pub(super) const fn new(shown: &'s mut Shown<'a>) -> Self {
        Self { shown, checks: Vec::new() }
    }

    /// Prints a figure.
    pub(super) fn add(&mut self, check: Check) {
        let console = self.shown.console;
        let is_first = self.checks.last().is_none_or(|last| last.section != check.section);
        if is_first {
            let (document, within) = ("document", "agrees within");
            let section = check.section;
            console.line(&format!("  {section:<44}{document:>14}{:>14}  {within}", "barenet"));
        }
        console.line(&row(&check));
        self.checks.push(check);
    }
}

impl Watcher for Figures<'_, '_> {
    fn check(&mut self, check: Check) {
        self.add(check);
    }

    fn samples(&mut self, count: usize) {
        let shown = &mut *self.shown;
        shown.done += count;
        if shown.last_drawn.elapsed() > FRAME {
            shown.last_drawn = Instant::now();
            let rate = f64::from_usize(shown.done) / shown.clock.elapsed().as_secs_f64();
            let (samples, done) = (shown.samples, shown.done);
            shown.console.progress(Progress { samples, done, rate, ..Progress::default() });
        }
    }
}

/// A figure of the document, ours, and whether they agree.
fn row(check: &Check) -> String {
    let (document, ours) = (check.text(check.document), check.text(check.ours));
    let verdict = if check.passes() { "yes, " } else { "NO: " };
    let (name, within) = (&check.name, check.within());
    format!("  {name:<44}{document:>14}{ours:>14}  {verdict}{within}")
}

/// The same for programs.
pub(super) fn to_json(check: &Check) -> Value {
    let Check { section, name, document, ours, .. } = check;
    json!({
        "of": section, "name": name, "document": document, "ours": ours, "within": check.within(),
        "agrees": check.passes(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet_run::gradcheck::Quantity;

    #[test]
    fn a_row_says_whether_a_figure_agrees_and_within_what() {
        let check = |ours| Check {
            section: "two-layer",
            name: "test accuracy".to_owned(),
            quantity: Quantity::NotBelow(0.03),
            document: 0.534,
            ours,
        };
        let text = row(&check(0.541));
        assert!(text.ends_with("0.534         0.541  yes, at most 0.03 below"), "{text}");
        let text = row(&check(0.5));
        assert!(text.ends_with("0.534         0.500  NO: at most 0.03 below"), "{text}");
        assert_eq!(to_json(&check(0.5))["agrees"], false);
        assert_eq!(to_json(&check(f64::NAN))["ours"], Value::Null);
    }
}
