//! When a run writes a checkpoint.

use barenet::Event;
use std::time::Duration;

/// A checkpoint that nobody asked for waits until training has gone on for so many times as long as the
/// one before took: so they cost less than 1 % of a run, however short its epochs are.
const WAIT: u32 = 100;

/// When checkpoints are written, besides after epochs.
#[derive(Clone, Copy, Debug, Default)]
pub struct When {
    /// Every so many iterations.
    pub every: Option<usize>,
    /// Every so long.
    pub interval: Option<Duration>,
}

impl When {
    /// Whether one may be due after a step.
    pub(super) const fn is_for_steps(self) -> bool {
        self.every.is_some() || self.interval.is_some()
    }

    /// Whether one is due after an event, the last one or not, `since` after the one before, which took `cost`;
    /// `None` while it is still being written.
    pub(super) fn is_due<T>(
        self,
        event: &Event<T>,
        is_last: bool,
        since: Duration,
        cost: Option<Duration>,
    ) -> bool {
        let by_itself = match *event {
            Event::Step { iteration, .. } => {
                self.every.is_some_and(|n| iteration.is_multiple_of(n))
            }
            Event::Epoch { .. } => is_last || cost.is_some_and(|cost| since >= cost * WAIT),
        };
        by_itself || self.interval.is_some_and(|interval| since >= interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    const fn epoch(epoch: usize) -> Event<f32> {
        Event::Epoch { epoch, train: 0.0, val: 0.0, best: false }
    }

    const fn step(iteration: usize) -> Event<f32> {
        Event::Step { iteration, loss: 0.0, print: false }
    }

    #[test]
    fn checkpoints_after_epochs_take_less_than_a_hundredth_of_the_time() {
        let is_due = |since, cost| When::default().is_due(&epoch(3), false, since, cost);
        assert!(is_due(300 * MS, Some(3 * MS)));
        assert!(!is_due(299 * MS, Some(3 * MS)));
        assert!(!is_due(1000 * MS, None), "the one before is not yet written");
        assert!(is_due(Duration::ZERO, Some(Duration::ZERO)), "the first");
        // Epochs of `length`, each checkpoint on the training's own time.
        for (length, cost) in [(1, 3), (7, 3), (40, 3), (299, 3), (301, 3), (5000, 40)] {
            let (mut clock, mut last, mut spent) = (0, 0, 0);
            for _ in 0..2000 {
                clock += length;
                if is_due(MS * (clock - last), Some(MS * cost)) {
                    spent += cost;
                    clock += cost;
                    last = clock;
                }
            }
            assert!(100 * spent < clock, "epochs of {length} ms: {spent} ms of {clock} ms");
            let longest = length + length.max(100 * cost) + cost;
            assert!(spent / cost >= clock / longest, "epochs of {length} ms: {spent} ms are few");
        }
    }

    #[test]
    fn the_last_checkpoint_and_those_asked_for_are_written_whatever_they_cost() {
        let cost = Some(1000 * MS);
        let is_due = |when: When, event| when.is_due(&event, event == epoch(10), MS, cost);
        assert!(is_due(When::default(), epoch(10)));
        assert!(!is_due(When::default(), epoch(9)));
        let every = When { every: Some(4), interval: None };
        assert!(is_due(every, step(8)) && !is_due(every, step(9)));
        let interval = When { every: None, interval: Some(MS) };
        assert!(is_due(interval, step(9)) && is_due(interval, epoch(9)));
        assert!(!is_due(When { interval: Some(2 * MS), ..interval }, step(9)));
    }
}
