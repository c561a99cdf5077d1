//! Runs that are the folds of one cross-validation.

use super::run::RunSection;
use super::table::{Cell, Table};
use barenet_run::folds::mean_and_spread;

/// The folds of one cross-validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Folds {
    /// Those that are here.
    pub(super) shown: usize,
    /// Those of the whole.
    pub(super) all: usize,
}

impl Folds {
    /// Those that runs are; `None` of other runs, and of one alone.
    pub(super) fn of(runs: &[RunSection]) -> Option<Self> {
        let (first, others) = runs.split_first().filter(|(_, others)| !others.is_empty())?;
        let setting = |run: &RunSection, wanted: &str| -> Option<usize> {
            run.settings.iter().find(|(name, _)| name == wanted)?.1.parse().ok()
        };
        let all = setting(first, "folds")?;
        let rest = |run: &RunSection| {
            let rest = run.settings.iter().filter(|(name, _)| name != "fold");
            (run.metric.clone(), rest.cloned().collect::<Vec<_>>())
        };
        if others.iter().any(|run| rest(run) != rest(first)) {
            return None;
        }
        let mut folds = runs.iter().map(|run| setting(run, "fold")).collect::<Option<Vec<_>>>()?;
        folds.sort_unstable();
        folds.dedup();
        (folds.len() == runs.len()).then_some(Self { shown: runs.len(), all })
    }

    /// What a page calls them.
    pub(super) fn title(self) -> String {
        let Self { shown, all } = self;
        match shown == all {
            true => format!("Cross-validation, {all} folds"),
            false => format!("Cross-validation, {shown} of {all} folds"),
        }
    }

    /// Appends the table of the mean and spread of each figure.
    pub(super) fn write(self, out: &mut String, runs: &[RunSection]) {
        let Some(first) = runs.first() else { return };
        let row = |name: &String| {
            let of = |run: &RunSection| {
                run.scores.iter().find(|(of, _)| of == name).map(|found| found.1)
            };
            // A mean of some of them would be that of others than it says.
            let figures = runs.iter().map(of).collect::<Option<Vec<_>>>()?;
            let (mean, spread) = mean_and_spread(&figures);
            let least = figures.iter().copied().reduce(f64::min)?;
            let most = figures.iter().copied().reduce(f64::max)?;
            let numbers = [mean, spread, least, most].map(Cell::number);
            Some(std::iter::once(name.as_str().into()).chain(numbers).collect())
        };
        let rows = first.scores.iter().filter_map(|(name, _)| row(name)).collect();
        let caption = match self.shown == self.all {
            true => format!("Over all {} folds", self.all),
            false => format!("Over the {} folds that are here, of {}", self.shown, self.all),
        };
        let head = ["Figure", "Mean", "Standard deviation", "Least", "Most"];
        let head = head.map(str::to_owned).to_vec();
        Table { caption: &caption, head, rows, is_sortable: false }.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(fold: &str, more: &str, accuracy: f64) -> RunSection {
        let settings = [("folds", "3"), ("fold", fold), ("seed", more)];
        RunSection {
            metric: ("accuracy".to_owned(), true),
            scores: vec![("test accuracy".to_owned(), accuracy)],
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            ..RunSection::default()
        }
    }

    #[test]
    fn folds_of_one_cross_validation_have_their_mean_and_spread() {
        let runs = [run("2", "0", 0.5), run("1", "0", 0.7), run("3", "0", 0.6)];
        let folds = Folds::of(&runs).unwrap();
        assert_eq!(folds.title(), "Cross-validation, 3 folds");
        let mut html = String::new();
        folds.write(&mut html, &runs);
        let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}: {html}"));
        // √(0.02 / 3).
        assert!(at(">0.6000<") < at(">0.0816<") && at(">0.0816<") < at(">0.5000<"), "{html}");
        assert!(at(">0.5000<") < at(">0.7000<"), "{html}");
        let some = Folds::of(&runs[..2]).unwrap();
        assert_eq!(some.title(), "Cross-validation, 2 of 3 folds");
    }

    #[test]
    fn other_runs_are_no_folds() {
        let none = RunSection { settings: Vec::new(), ..run("1", "0", 0.5) };
        for runs in [
            vec![run("1", "0", 0.5)],
            vec![run("1", "0", 0.5), run("1", "0", 0.5)],
            vec![run("1", "0", 0.5), run("2", "1", 0.5)],
            vec![none.clone(), none.clone()],
            vec![run("1", "0", 0.5), none],
            Vec::new(),
        ] {
            assert_eq!(Folds::of(&runs), None);
        }
    }
}
