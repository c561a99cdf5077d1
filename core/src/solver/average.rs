//! The moving average of the weights.

use crate::float::Float;
use crate::machine::{Machine, Pass, Split, run, split_elements};
use crate::slices::split_fields;
use crate::state::Weights;

/// The moving average of a run's weights ([`SolverConfig::ema_decay`](crate::SolverConfig::ema_decay)), which is checked and of which the
/// best is kept; left empty, there is none.
///
/// ```text
/// average ← d·average + (1 − d)·w     d = min(ema_decay, (1 + t)/(10 + t))
/// ```
///
/// after step `t`, from 1, of every parameter and every running statistic: those of batch norm are averaged as the
/// weights are that they belong to. The average starts at the first weights; that of a short run forgets
/// them sooner than `ema_decay` alone would (TensorFlow's `ExponentialMovingAverage` with `num_updates`).
///
/// Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
#[derive(Debug)]
pub struct Average<'a, T> {
    /// Averages of the parameters, `arch.num_params()`. May hold anything at the start.
    pub params: &'a mut [T],
    /// Averages of the running statistics, `arch.num_running()`. May hold anything at the start.
    pub running: &'a mut [T],
}

impl<T> Default for Average<'_, T> {
    fn default() -> Self {
        Self { params: &mut [], running: &mut [] }
    }
}

impl<T> Average<'_, T> {
    /// The average, or other weights if there is none.
    pub(super) const fn or<'a>(&'a self, weights: Weights<'a, T>) -> Weights<'a, T> {
        if self.params.is_empty() {
            weights
        } else {
            Weights { params: self.params, running: self.running }
        }
    }
}

impl<T: Float> Average<'_, T> {
    /// Takes the weights after step `t` into the average.
    pub(super) fn add(
        &mut self,
        machine: &impl Machine,
        ema_decay: T,
        t: usize,
        params: &[T],
        running: &[T],
    ) {
        let t = T::from_usize(t);
        let at_start = (T::ONE + t) / (T::from_f64(10.0) + t);
        let share = T::ONE - if at_start < ema_decay { at_start } else { ema_decay };
        run(machine, MoveTowards { average: self.params, w: params, share });
        run(machine, MoveTowards { average: self.running, w: running, share });
    }
}

/// average ← average + share·(w − average).
struct MoveTowards<'a, T> {
    average: &'a mut [T],
    w: &'a [T],
    share: T,
}

impl<T: Float> Pass for MoveTowards<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (average, &w) in self.average.iter_mut().zip(self.w) {
            *average = (*average + self.share * (w - *average)).flush_subnormal();
        }
    }
}

impl<T: Float> Split for MoveTowards<'_, T> {
    split_fields!(self at split_elements(self.w.len()) => average, w);
}
