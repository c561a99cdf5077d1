//! The leaderboard of a sweep.

use super::record::Record;
use crate::measured::key;
use crate::run_folder::names::LEADERBOARD_HEAD as HEAD;
use crate::settings::{Settings, pairs};
use barenet::Metric;
use serde_json::{Map, Value, json};

/// How a trial has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// With its last epoch, or its patience.
    Complete,
    /// After an epoch at which others were better.
    Halved,
    /// With a loss that was not finite, at this iteration.
    Diverged(usize),
    /// Not yet.
    Waiting,
}

/// A row of a leaderboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its place among the trials, from 0.
    pub trial: usize,
    /// The name of the trial, and of its folder.
    pub run: String,
    /// How it has ended.
    pub state: State,
    /// The best validation metric, if there was a check.
    pub best_val: Option<f64>,
    /// The epoch that had it.
    pub best_epoch: usize,
    /// Epochs done.
    pub epochs: usize,
    /// Numbers that were learnt.
    pub num_params: usize,
    /// The values of the settings in which trials differ; empty for one that is not set.
    pub values: Vec<String>,
}

/// A trial, and what it has come to.
pub(super) struct Entry {
    pub(super) trial: usize,
    pub(super) run: String,
    pub(super) settings: Settings,
    pub(super) state: State,
    pub(super) record: Record,
}

impl Entry {
    /// Its row, with the values of some settings.
    pub(super) fn row(self, names: &[&'static str]) -> Row {
        let Self { trial, run, settings, state, record } = self;
        let given = pairs(&settings);
        let value = |name: &&str| {
            let found = given.iter().find(|(of, _)| of == name);
            found.map_or_else(String::new, |(_, value)| match &**value {
                // An empty list is not what is not set.
                "" => "none".to_owned(),
                value => value.to_owned(),
            })
        };
        let values = names.iter().map(value).collect();
        let Record { best_val, best_epoch, epochs, num_params, .. } = record;
        Row { trial, run, state, best_val, best_epoch, epochs, num_params, values }
    }
}

/// The trials of a sweep, the best first. Those that diverged come last.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaderboard {
    /// The metric.
    pub metric: Metric,
    /// The settings in which trials differ.
    pub names: Vec<&'static str>,
    /// The trials.
    pub rows: Vec<Row>,
}

impl Leaderboard {
    /// Puts trials in order: by the metric, of equal ones by how many epochs they had, then by their number.
    pub(super) fn new(
        metric: Metric,
        names: Vec<&'static str>,
        trials: impl Iterator<Item = Entry>,
    ) -> Self {
        let mut found: Vec<_> = trials.collect();
        found.sort_by(|a, b| {
            let (x, y) = (&a.record, &b.record);
            let diverged = x.diverged_at.is_some().cmp(&y.diverged_at.is_some());
            diverged
                .then(x.cost(metric).total_cmp(&y.cost(metric)))
                .then(y.rungs.len().cmp(&x.rungs.len()))
                .then(a.trial.cmp(&b.trial))
        });
        let rows = found.into_iter().map(|entry| entry.row(&names)).collect();
        Self { metric, names, rows }
    }

    /// The best trial, if it has ended well.
    #[must_use]
    pub fn best(&self) -> Option<&Row> {
        self.rows.first().filter(|row| row.state == State::Complete)
    }

    /// How many trials diverged.
    #[must_use]
    pub fn num_diverged(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.state, State::Diverged(_))).count()
    }

    /// As a table of CSV. No times: the same sweep gives the same bytes.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out =
            format!("{HEAD}{},best_epoch,epochs,parameters", key(self.metric, "best_val"));
        for name in &self.names {
            out.push_str(&format!(",{name}"));
        }
        out.push('\n');
        for (rank, row) in (1..).zip(&self.rows) {
            let val = row.best_val.map_or_else(String::new, |val| val.to_string());
            let Row { run, best_epoch, epochs, num_params, .. } = row;
            let state = row.state.name();
            out.push_str(&format!("{rank},{run},{state},{val},{best_epoch},{epochs},{num_params}"));
            for value in &row.values {
                out.push_str(&format!(",{}", quoted(value)));
            }
            out.push('\n');
        }
        out
    }

    /// The same as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let row = |(rank, row): (usize, &Row)| {
            let names = self.names.iter().zip(&row.values);
            let settings: Map<_, _> = names
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| ((*name).to_owned(), Value::from(value.clone())))
                .collect();
            let diverged_at = match row.state {
                State::Diverged(iteration) => Some(iteration),
                _ => None,
            };
            json!({
                "rank": rank, "run": row.run, "state": row.state.name(), key(self.metric, "best_val"): row.best_val,
                "best_epoch": row.best_epoch, "epochs": row.epochs, "parameters": row.num_params,
                "diverged_at": diverged_at, "settings": settings,
            })
        };
        (1..).zip(&self.rows).map(row).collect()
    }

    /// The names of the runs in the text of a file that is one, the best first.
    #[must_use]
    pub fn runs_of(csv: &str) -> Option<Vec<&str>> {
        csv.starts_with(HEAD).then_some(())?;
        csv.lines().skip(1).map(|line| line.split(',').nth(1)).collect()
    }
}

impl State {
    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Halved => "halved",
            Self::Diverged(_) => "diverged",
            Self::Waiting => "waiting",
        }
    }
}

/// A cell of CSV.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(metric: Metric) -> Leaderboard {
        let record = |best_val, rungs: &[f64], diverged_at| Record {
            data: String::new(),
            rungs: rungs.to_vec(),
            best_val,
            best_epoch: 1,
            epochs: 2,
            num_params: 7,
            diverged_at,
        };
        let hidden = |sizes: &[usize]| Settings {
            hidden: Some(sizes.to_vec()),
            learning_rate: Some(0.5),
            ..Settings::default()
        };
        let trials = [
            ("a", hidden(&[5]), State::Halved, record(Some(0.25), &[0.25], None)),
            ("b", hidden(&[5, 6]), State::Complete, record(Some(0.5), &[0.25, 0.5], None)),
            ("c", hidden(&[]), State::Diverged(3), record(Some(0.75), &[], Some(3))),
            ("d", hidden(&[7]), State::Complete, record(Some(0.25), &[0.25, 0.25], None)),
            ("e", Settings::default(), State::Diverged(1), record(None, &[], Some(1))),
        ];
        let trials = (0..).zip(trials);
        let trials = trials.map(|(trial, (run, settings, state, record))| {
            let run = run.to_owned();
            Entry { trial, run, settings, state, record }
        });
        Leaderboard::new(metric, vec!["hidden", "learning_rate"], trials)
    }

    #[test]
    fn the_best_come_first_and_those_that_diverged_last() {
        let order = |metric| -> String { board(metric).rows.iter().map(|row| &*row.run).collect() };
        assert_eq!(order(Metric::Accuracy), "bdace");
        assert_eq!(order(Metric::Mse), "dabce");
        assert_eq!(board(Metric::Accuracy).best().unwrap().run, "b");
        assert_eq!(board(Metric::Accuracy).num_diverged(), 2);
    }

    #[test]
    fn csv_has_a_row_for_each_trial_and_names_them() {
        let csv = board(Metric::Accuracy).to_csv();
        let expected = "rank,run,state,best_val_acc,best_epoch,epochs,parameters,hidden,learning_rate\n\
                        1,b,complete,0.5,1,2,7,\"5,6\",0.5\n2,d,complete,0.25,1,2,7,7,0.5\n3,a,halved,0.25,1,2,7,5,0.5\n\
                        4,c,diverged,0.75,1,2,7,none,0.5\n5,e,diverged,,1,2,7,,\n";
        assert_eq!(csv, expected);
        assert_eq!(Leaderboard::runs_of(&csv).unwrap(), ["b", "d", "a", "c", "e"]);
        assert_eq!(Leaderboard::runs_of("name,run\n"), None);
        let json = board(Metric::Accuracy).to_json();
        assert_eq!(json[0]["settings"]["hidden"], "5,6");
        assert_eq!(json[4]["best_val_acc"], Value::Null);
        assert_eq!(json[4]["diverged_at"], 1);
    }
}
