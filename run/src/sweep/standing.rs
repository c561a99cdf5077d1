//! How far a sweep has come: it follows from what its trials have come to, and from nothing else.

use super::halving::Halving;
use super::record::Record;
use barenet::Metric;

/// How far a sweep has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// The trials that train, or have trained, to the end.
    pub(super) alive: Vec<usize>,
    /// Which of them have yet to come to the next epoch after which trials are compared, or to their end.
    pub(super) left: Vec<usize>,
    /// How often trials were compared, each time with how many went on of how many.
    pub(super) compared: Vec<(usize, usize)>,
}

impl Standing {
    /// That of trials that are compared so often, at their end among it, and by a metric.
    pub(super) fn new(
        records: &[Option<Record>],
        rungs: usize,
        (halving, metric): (Option<Halving>, Metric),
    ) -> Self {
        let record = |trial: usize| records.get(trial).and_then(Option::as_ref);
        let mut standing = Self { alive: (0..records.len()).collect(), ..Self::default() };
        for rung in 0..rungs.max(1) {
            let is_there = |trial: usize| record(trial).is_some_and(|record| record.is_at(rung));
            let left = standing.alive.iter().copied().filter(|&trial| !is_there(trial));
            standing.left = left.collect();
            let Some(halving) = halving.filter(|_| standing.left.is_empty() && rung + 1 < rungs)
            else {
                break;
            };
            let val = |trial: usize| record(trial).and_then(|record| record.val_at(rung));
            let all: Vec<_> = standing.alive.iter().map(|&trial| (trial, val(trial))).collect();
            standing.alive = halving.survivors(metric, &all);
            standing.compared.push((standing.alive.len(), all.len()));
        }
        standing
    }

    /// The place among the epochs after which trials are compared to which they train now.
    pub(super) const fn rung(&self) -> usize {
        self.compared.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(rungs: &[f64], diverged_at: Option<usize>) -> Option<Record> {
        Some(Record {
            data: String::new(),
            rungs: rungs.to_vec(),
            best_val: rungs.last().copied(),
            best_epoch: 0,
            epochs: 0,
            num_params: 0,
            diverged_at,
        })
    }

    fn standing(records: &[Option<Record>], rungs: usize) -> Standing {
        let halving = (rungs > 0).then_some(Halving { min_epochs: 1, factor: 2 });
        Standing::new(records, rungs, (halving, Metric::Accuracy))
    }

    #[test]
    fn trials_are_compared_when_all_have_come_there() {
        let mut records = vec![None, record(&[0.5], None), record(&[0.25], None), None];
        let found = standing(&records, 3);
        assert_eq!((found.rung(), found.left), (0, vec![0, 3]));
        records[0] = record(&[], Some(7));
        records[3] = record(&[0.75], None);
        let found = standing(&records, 3);
        assert_eq!((found.rung(), &*found.alive, &*found.left), (1, &[1, 3][..], &[1, 3][..]));
        assert_eq!(found.compared, [(2, 4)]);
        // One has gone on already: what it came to before is what counts.
        records[1] = record(&[0.5, 0.875], None);
        records[3] = record(&[0.75, 0.8], None);
        let found = standing(&records, 3);
        assert_eq!((found.rung(), &*found.alive, &*found.left), (2, &[1][..], &[1][..]));
        records[1] = record(&[0.5, 0.875, 0.9], None);
        let found = standing(&records, 3);
        assert_eq!((&*found.alive, found.left.len()), (&[1][..], 0));
    }

    #[test]
    fn without_halving_each_trains_to_its_end() {
        let records = [record(&[0.5], None), None, record(&[], Some(1))];
        let found = standing(&records, 0);
        assert_eq!((found.rung(), found.left), (0, vec![1]));
    }

    #[test]
    fn where_all_diverge_nothing_is_left() {
        let records = [record(&[], Some(1)), record(&[], Some(2))];
        let found = standing(&records, 3);
        assert!(found.alive.is_empty() && found.left.is_empty());
    }
}
