//! A rule chosen at run time.

use super::rules::{AdamConfig, adam, nesterov, rmsprop, sgd, sgd_momentum};
use crate::error::{Error, check_len};
use crate::float::Float;
use crate::machine::{Machine, Pass, run, split_elements};
use crate::slices::{halves, halves_mut};

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
        /// Keeps the quotient finite; less than [`Float::TINY`] is taken for that. Default 1e-8.
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

    /// Refuses constants with which a step divides by 0 or every step is larger than the one before.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |what| Err(Error::InvalidConfig { what });
        let stays_below_one = |x: T| x >= T::ZERO && x < T::ONE;
        match *self {
            Self::SgdMomentum { momentum } | Self::Nesterov { momentum }
                if !stays_below_one(momentum) =>
            {
                refuse("momentum must be in 0..1")
            }
            Self::RmsProp { decay_rate, .. } if !stays_below_one(decay_rate) => {
                refuse("decay_rate must be in 0..1")
            }
            Self::RmsProp { epsilon, .. } if !(epsilon >= T::ZERO && epsilon.is_finite()) => {
                refuse("epsilon must be finite and at least 0")
            }
            Self::Adam(config) | Self::AdamW(config) => {
                if !(stays_below_one(config.beta1) && stays_below_one(config.beta2)) {
                    refuse("beta1 and beta2 must be in 0..1")
                } else if !(config.epsilon >= T::ZERO && config.epsilon.is_finite()) {
                    refuse("epsilon must be finite and at least 0")
                } else if !(config.weight_decay >= T::ZERO && config.weight_decay.is_finite()) {
                    refuse("weight_decay must be finite and at least 0")
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
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
        machine: &impl Machine,
        learning_rate: T,
        t: usize,
        w: &mut [T],
        dw: &[T],
        state: &mut [T],
    ) -> Result<(), Error> {
        check_len("dw", w.len(), dw.len())?;
        check_len("state", w.len() * self.state_per_param(), state.len())?;
        let (first, second) = halves_mut(state, w.len());
        run(machine, Update { rule: *self, learning_rate, t, w, dw, first, second });
        Ok(())
    }
}

/// One step of some parameters.
struct Update<'a, T> {
    rule: UpdateRule<T>,
    learning_rate: T,
    t: usize,
    w: &'a mut [T],
    dw: &'a [T],
    /// The state of these parameters, empty if the rule has none.
    first: &'a mut [T],
    second: &'a mut [T],
}

impl<T: Float> Pass for Update<'_, T> {
    type Output = ();

    fn split(self) -> Result<(Self, Self), Self> {
        let Some(at) = split_elements(self.w.len()) else { return Err(self) };
        let ((w, w_rest), (dw, dw_rest)) = (halves_mut(self.w, at), halves(self.dw, at));
        let (first, first_rest) = halves_mut(self.first, at);
        let (second, second_rest) = halves_mut(self.second, at);
        let rest = Self { w: w_rest, dw: dw_rest, first: first_rest, second: second_rest, ..self };
        Ok((Self { w, dw, first, second, ..self }, rest))
    }

    #[inline(always)]
    fn run(self) {
        let Self { rule, learning_rate, t, w, dw, first, second } = self;
        // Lengths agree, so there is no error to pass on.
        let _checked = match &rule {
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
