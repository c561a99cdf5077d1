//! Successive halving: all trials train for a few epochs, the best of them go on, and so on.
//!
//! Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", AISTATS 2016
//! (<https://arxiv.org/abs/1502.07943>).

use crate::measured::worth;
use crate::settings::SettingsError;
use barenet::Metric;

/// When trials are compared, and how many go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halving {
    /// The epoch after which they are compared first.
    pub min_epochs: usize,
    /// One of so many goes on, and trains so many times as long until it is compared again.
    pub factor: usize,
}

impl Default for Halving {
    fn default() -> Self {
        Self { min_epochs: 1, factor: 3 }
    }
}

impl Halving {
    /// The epochs after which trials are compared, and the last one.
    ///
    /// ```
    /// use barenet_run::sweep::Halving;
    /// let halving = Halving { min_epochs: 2, factor: 3 };
    /// assert_eq!(halving.rungs(30)?, [2, 6, 18, 30]);
    /// assert!(halving.rungs(2).is_err(), "nothing would be halved");
    /// # Ok::<(), barenet_run::settings::SettingsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If they are compared at the end only.
    pub fn rungs(self, num_epochs: usize) -> Result<Vec<usize>, SettingsError> {
        let Self { min_epochs, factor } = self;
        if min_epochs >= num_epochs {
            return Err(SettingsError::new(format!(
                "halving: min_epochs is {min_epochs}, and trials have {num_epochs} epochs: no trial would end earlier; \
                 take fewer min_epochs, or more --epochs"
            )));
        }
        let next = |epoch: &usize| epoch.checked_mul(factor.max(2));
        let rungs = std::iter::successors(Some(min_epochs), next);
        Ok(rungs.take_while(|&epoch| epoch < num_epochs).chain([num_epochs]).collect())
    }

    /// Which of some trials go on: of `n` the best ⌈n / factor⌉, each a number and the best metric so far. One that diverged has no
    /// metric, and does not go on. Of two that are as good, the first does.
    ///
    /// ```
    /// use barenet::Metric;
    /// use barenet_run::sweep::Halving;
    /// let halving = Halving { min_epochs: 1, factor: 2 };
    /// let trials = [(0, Some(0.5)), (1, None), (4, Some(0.75)), (7, Some(0.5)), (8, Some(0.25))];
    /// assert_eq!(halving.survivors(Metric::Accuracy, &trials), [0, 4, 7]);
    /// assert_eq!(halving.survivors(Metric::Mse, &trials), [0, 7, 8]);
    /// ```
    #[must_use]
    pub fn survivors(self, metric: Metric, trials: &[(usize, Option<f64>)]) -> Vec<usize> {
        let count = trials.len().div_ceil(self.factor.max(2));
        let mut ranked: Vec<_> = trials
            .iter()
            .filter_map(|&(number, val)| Some((number, worth(metric, val?))))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut left: Vec<_> = ranked.into_iter().take(count).map(|(number, _)| number).collect();
        left.sort_unstable();
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_are_powers_of_the_factor_and_the_last_epoch() {
        let rungs = |min_epochs, factor, epochs| Halving { min_epochs, factor }.rungs(epochs);
        assert_eq!(rungs(1, 3, 27).unwrap(), [1, 3, 9, 27]);
        assert_eq!(rungs(1, 2, 3).unwrap(), [1, 2, 3]);
        assert_eq!(rungs(5, 100, 6).unwrap(), [5, 6]);
        assert_eq!(rungs(1, usize::MAX, usize::MAX).unwrap(), [1, usize::MAX]);
        assert!(rungs(7, 3, 7).unwrap_err().message.contains("no trial would end earlier"));
    }

    #[test]
    fn one_of_so_many_goes_on_and_always_one() {
        let count = |trials: usize| {
            let all: Vec<_> = (0..trials).map(|number| (number, Some(number as f64))).collect();
            Halving::default().survivors(Metric::Accuracy, &all).len()
        };
        assert_eq!([1, 2, 3, 4, 9, 10, 27].map(count), [1, 1, 1, 2, 3, 4, 9]);
    }

    #[test]
    fn what_diverged_counts_and_never_goes_on() {
        let halving = Halving::default();
        let trials = [(0, None), (1, None), (2, Some(0.1)), (3, None)];
        assert_eq!(halving.survivors(Metric::Accuracy, &trials), [2]);
        assert!(halving.survivors(Metric::Accuracy, &trials[..2]).is_empty());
    }
}
