//! A rule chosen at run time, and the steps that it does.

use super::rules::{AdamConfig, adam, nesterov, rmsprop, sgd, sgd_momentum};
use crate::error::{Error, check_len};
use crate::float::Float;
use crate::gemm::{Epilogue, Gemm, Pass, split_point};
use core::ops::Range;

/// An update rule with its constants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UpdateRule<T> {
    /// [`sgd`].
    Sgd,
    /// [`sgd_momentum`].
    SgdMomentum {
        /// How much of the velocity stays, in 0..1. Default 0.9.
        momentum: T,
    },
    /// [`nesterov`].
    Nesterov {
        /// How much of the velocity stays, in 0..1. Default 0.9.
        momentum: T,
    },
    /// [`rmsprop`].
    RmsProp {
        /// How much of the mean square stays, in 0..1. Default 0.99.
        decay_rate: T,
        /// Keeps the quotient finite; at least 0. Default 1e-8.
        epsilon: T,
    },
    /// [`adam`].
    Adam(AdamConfig<T>),
    /// [`adam`] with a `weight_decay`, by default 0.01.
    AdamW(AdamConfig<T>),
}

impl<T: Float> UpdateRule<T> {
    /// The names of all rules, for messages and menus.
    pub const NAMES: [&'static str; 6] =
        ["sgd", "sgd_momentum", "nesterov", "rmsprop", "adam", "adamw"];

    /// A rule by its name, with its default constants.
    ///
    /// ```
    /// use barenet::UpdateRule;
    /// let rule = UpdateRule::<f32>::from_name("adam").unwrap();
    /// assert_eq!((rule.name(), rule.state_per_param()), ("adam", 2));
    /// assert!(UpdateRule::<f32>::from_name("sdg").is_none());
    /// ```
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let momentum = T::from_f64(0.9);
        let (decay_rate, epsilon) = (T::from_f64(0.99), T::from_f64(1e-8));
        let adam = AdamConfig::default();
        Some(match name {
            "sgd" => Self::Sgd,
            "sgd_momentum" => Self::SgdMomentum { momentum },
            "nesterov" => Self::Nesterov { momentum },
            "rmsprop" => Self::RmsProp { decay_rate, epsilon },
            "adam" => Self::Adam(adam),
            "adamw" => Self::AdamW(AdamConfig { weight_decay: T::from_f64(0.01), ..adam }),
            _ => return None,
        })
    }

    /// The name of the rule, as in CS231n's `optim.py`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::SgdMomentum { .. } => "sgd_momentum",
            Self::Nesterov { .. } => "nesterov",
            Self::RmsProp { .. } => "rmsprop",
            Self::Adam(_) => "adam",
            Self::AdamW(_) => "adamw",
        }
    }

    /// The learning rate that CS231n's `optim.py` has for the rule.
    #[must_use]
    pub fn default_learning_rate(&self) -> T {
        T::from_f64(if matches!(self, Self::Adam(_) | Self::AdamW(_)) { 1e-3 } else { 1e-2 })
    }

    /// Elements of state for each parameter.
    #[must_use]
    pub const fn state_per_param(&self) -> usize {
        match self {
            Self::Sgd => 0,
            Self::SgdMomentum { .. } | Self::Nesterov { .. } | Self::RmsProp { .. } => 1,
            Self::Adam(_) | Self::AdamW(_) => 2,
        }
    }

    /// Changes `w` by one step.
    ///
    /// `state` starts as zeros and is carried from step to step: all velocities, or all `cache`s, or
    /// all `m`s and then all `v`s. `t` is the number of the step, from 1.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `dw` or `state` does not fit `w`; nothing is written in that case.
    pub fn update(
        &self,
        gemm: &impl Gemm<T>,
        learning_rate: T,
        t: usize,
        w: &mut [T],
        dw: &[T],
        state: &mut [T],
    ) -> Result<(), Error> {
        let mut update = Update { rule: *self, learning_rate, t, state };
        check_len("dw", w.len(), dw.len())?;
        update.check(w.len())?;
        if let Some(part) = update.part(w, 0..dw.len()) {
            part.run(gemm, dw);
        }
        Ok(())
    }
}

/// One step of a rule, for [`FullyConnectedNet::step`](crate::FullyConnectedNet::step).
#[derive(Debug)]
pub struct Update<'a, T> {
    /// The rule.
    pub rule: UpdateRule<T>,
    /// How far the step goes.
    pub learning_rate: T,
    /// The number of the step, from 1.
    pub t: usize,
    /// What the rule remembers, for all parameters: see [`UpdateRule::update`].
    pub state: &'a mut [T],
}

impl<T: Float> Update<'_, T> {
    /// Refuses state that is not that of so many parameters.
    pub(crate) fn check(&self, num_params: usize) -> Result<(), Error> {
        Ok(check_len("state", num_params * self.rule.state_per_param(), self.state.len())?)
    }

    /// The step for a range of the parameters. `None` only if they are fewer than it says.
    pub(crate) fn part<'a>(
        &'a mut self,
        params: &'a mut [T],
        range: Range<usize>,
    ) -> Option<Part<'a, T>> {
        let Self { rule, learning_rate, t, state } = self;
        let of_each = rule.state_per_param().min(1) * params.len();
        let (first, second) = state.split_at_mut_checked(of_each)?;
        Some(Part {
            rule: *rule,
            learning_rate: *learning_rate,
            t: *t,
            first: first.get_mut(range.clone()).unwrap_or_default(),
            second: second.get_mut(range.clone()).unwrap_or_default(),
            w: params.get_mut(range)?,
        })
    }
}

/// Some parameters, and what a rule remembers of them.
pub(crate) struct Part<'a, T> {
    rule: UpdateRule<T>,
    learning_rate: T,
    t: usize,
    w: &'a mut [T],
    first: &'a mut [T],
    second: &'a mut [T],
}

impl<T: Float> Part<'_, T> {
    #[inline(always)]
    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { rule, learning_rate, t, w, first, second } = self;
        let halves = |numbers| split_at_most(numbers, at);
        let (w, first, second) = (halves(w), halves(first), halves(second));
        (
            Self { rule, learning_rate, t, w: w.0, first: first.0, second: second.0 },
            Self { rule, learning_rate, t, w: w.1, first: first.1, second: second.1 },
        )
    }

    /// Does the step, in halves until a piece is one [`CHUNK`](crate::gemm::CHUNK).
    pub(crate) fn run(self, gemm: &impl Gemm<T>, dw: &[T]) {
        let Some(at) = split_point(dw.len()) else {
            return gemm.vectorized(Step, (self, dw));
        };
        let (left, right) = self.split_at(at);
        if let Some((dw_left, dw_right)) = dw.split_at_checked(at) {
            gemm.join(|| left.run(gemm, dw_left), || right.run(gemm, dw_right));
        }
    }

    /// Does the step for the parameters from `start` on, as many as there are gradients.
    #[inline(always)]
    fn step(&mut self, start: usize, dw: &[T]) {
        let range = start..start + dw.len();
        let w = self.w.get_mut(range.clone()).unwrap_or_default();
        let first = self.first.get_mut(range.clone()).unwrap_or_default();
        let second = self.second.get_mut(range).unwrap_or_default();
        let (learning_rate, t) = (self.learning_rate, self.t);
        // Lengths agree, so there is no error to pass on.
        let _checked = match &self.rule {
            UpdateRule::Sgd => sgd(w, dw, learning_rate),
            UpdateRule::SgdMomentum { momentum } => {
                sgd_momentum(w, dw, first, learning_rate, *momentum)
            }
            UpdateRule::Nesterov { momentum } => nesterov(w, dw, first, learning_rate, *momentum),
            UpdateRule::RmsProp { decay_rate, epsilon } => {
                rmsprop(w, dw, first, learning_rate, *decay_rate, *epsilon)
            }
            UpdateRule::Adam(config) | UpdateRule::AdamW(config) => {
                adam(w, dw, first, second, learning_rate, t, config)
            }
        };
    }
}

fn split_at_most<T>(numbers: &mut [T], at: usize) -> (&mut [T], &mut [T]) {
    let at = at.min(numbers.len());
    numbers.split_at_mut_checked(at).unwrap_or_default()
}

/// Changes one piece of the parameters.
struct Step;

impl<T: Float> Pass<(Part<'_, T>, &[T])> for Step {
    type Output = ();

    #[inline(always)]
    fn run((mut part, dw): (Part<'_, T>, &[T])) {
        part.step(0, dw);
    }
}

/// Learns from the gradient of weights as soon as it is there: adds that of the regularisation, and does
/// the step.
pub(crate) struct Learn<'a, T> {
    pub(crate) weights: Part<'a, T>,
    /// Strength of the regularisation.
    pub(crate) reg: T,
    /// Columns of the weights.
    pub(crate) cols: usize,
}

impl<T: Float> Epilogue<T> for Learn<'_, T> {
    const STREAMS: bool = true;

    #[inline(always)]
    fn split_rows(self, rows: usize) -> (Self, Self) {
        let Self { weights, reg, cols } = self;
        let (first, second) = weights.split_at(rows * cols);
        (Self { weights: first, reg, cols }, Self { weights: second, reg, cols })
    }

    #[inline(always)]
    fn split_columns(self, _columns: usize) -> (Self, Self) {
        let Self { weights, reg, cols } = self;
        let (all, none) = weights.split_at(usize::MAX);
        (Self { weights: all, reg, cols }, Self { weights: none, reg, cols })
    }

    #[inline(always)]
    fn after(&mut self, row: usize, dw: &mut [T]) {
        let start = row * self.cols;
        if self.reg != T::ZERO {
            let w = self.weights.w.get(start..).unwrap_or_default();
            for (dw, &w) in dw.iter_mut().zip(w) {
                *dw += self.reg * w;
            }
        }
        self.weights.step(start, dw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Portable, ShapeError};

    #[test]
    fn every_name_gives_the_rule_of_that_name() {
        for name in UpdateRule::<f64>::NAMES {
            assert_eq!(UpdateRule::<f64>::from_name(name).map(|rule| rule.name()), Some(name));
        }
    }

    #[test]
    fn an_update_refuses_state_of_another_length() {
        let rule = UpdateRule::<f64>::from_name("adam").unwrap();
        let (mut w, mut state) = ([1.0; 3], [0.0; 5]);
        let error = rule.update(&Portable, 0.1, 1, &mut w, &[1.0; 3], &mut state).unwrap_err();
        assert!(matches!(error, Error::Shape(ShapeError { what: "state", .. })));
        assert_eq!(w, [1.0; 3]);
    }

    #[test]
    fn what_a_rule_remembers_of_a_weight_without_gradient_ends_at_zero() {
        for name in UpdateRule::<f32>::NAMES {
            // Rules with a shorter memory, which need fewer steps for the same.
            let rule = match UpdateRule::<f32>::from_name(name).unwrap() {
                UpdateRule::RmsProp { epsilon, .. } => {
                    UpdateRule::RmsProp { decay_rate: 0.9, epsilon }
                }
                UpdateRule::Adam(config) => UpdateRule::Adam(AdamConfig { beta2: 0.9, ..config }),
                UpdateRule::AdamW(config) => UpdateRule::AdamW(AdamConfig { beta2: 0.9, ..config }),
                other => other,
            };
            let (mut w, mut state) = ([1.0; 2], [0.0; 4]);
            let state = &mut state[..2 * rule.state_per_param()];
            for t in 1..1000 {
                let dw = if t == 1 { [1.0, -1.0] } else { [0.0; 2] };
                rule.update(&Portable, 0.1, t, &mut w, &dw, state).unwrap();
                assert!(state.iter().all(|x| !x.is_subnormal()), "{name}, step {t}");
            }
            assert!(state.iter().all(|&x| x == 0.0), "{name}: {state:?}");
        }
    }
}
