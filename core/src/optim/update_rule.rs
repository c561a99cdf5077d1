//! A rule chosen at run time, and the table of all rules.

#[cfg(feature = "muon")]
use super::muon;
use super::{adam, adamw, nesterov, rmsprop, sgd, sgd_momentum};
use crate::arch::Arch;
use crate::error::{Error, ShapeError, check_len};
use crate::float::Float;
use crate::machine::{Machine, Pass, Split, run, split_elements};
use crate::slices::{Divide, split_fields};

/// Makes [`UpdateRule`] of a table. A row has the rule's name and what that stands for, CS231n's learning
/// rate, the elements of state for each parameter, the constants with defaults and ranges, and the step.
macro_rules! update_rules {
    ($(
        $(#[$cfg:meta])* $rule:ident = $name:literal, $summary:literal, $learning_rate:literal, $state:literal
        $({ $($(#[$doc:meta])* $constant:ident: $default:literal, $fits:ident, $range:literal;)+ })?
        |$update:ident| $step:expr;
    )+) => {
        /// An update rule with its constants.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum UpdateRule<T> {
            $(
                $(#[$cfg])*
                #[doc = concat!($summary, ": [`", $name, "`].")]
                $rule $({ $($(#[$doc])* $constant: T,)+ })?,
            )+
        }

        impl<T: Float> UpdateRule<T> {
            /// The names of all rules, for messages and menus.
            pub const NAMES: [&'static str; [$($(#[$cfg])* $name),+].len()] =
                [$($(#[$cfg])* $name),+];

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
                Some(match name {
                    $($(#[$cfg])* $name => Self::$rule { $($($constant: T::from_f64($default),)+)? },)+
                    _ => return None,
                })
            }

            /// The name of the rule, as in CS231n's `optim.py`.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $($(#[$cfg])* Self::$rule { .. } => $name,)+ }
            }

            /// The rule in a few words.
            #[must_use]
            pub const fn summary(&self) -> &'static str {
                match self { $($(#[$cfg])* Self::$rule { .. } => $summary,)+ }
            }

            /// The learning rate that CS231n's `optim.py` has for the rule.
            #[must_use]
            pub fn default_learning_rate(&self) -> T {
                T::from_f64(match self { $($(#[$cfg])* Self::$rule { .. } => $learning_rate,)+ })
            }

            /// Elements of state for each parameter.
            #[must_use]
            pub const fn state_per_param(&self) -> usize {
                match self { $($(#[$cfg])* Self::$rule { .. } => $state,)+ }
            }

            /// A constant of the rule by its name, for writing; `None` if the rule has none so called.
            ///
            /// ```
            /// use barenet::UpdateRule;
            /// let mut rule = UpdateRule::from_name("sgd_momentum").unwrap();
            /// *rule.constant_mut("momentum").unwrap() = 0.5;
            /// assert_eq!(rule, UpdateRule::SgdMomentum { momentum: 0.5 });
            /// assert!(rule.constant_mut("beta1").is_none());
            /// ```
            pub fn constant_mut(&mut self, name: &str) -> Option<&mut T> {
                match self {
                    $($(#[$cfg])* Self::$rule { $($($constant,)+)? } => match name {
                        $($(stringify!($constant) => Some($constant),)+)?
                        _ => None,
                    },)+
                }
            }

            /// Refuses constants with which a step divides by 0 or every step is larger than the one
            /// before.
            pub(crate) fn check(&self) -> Result<(), Error> {
                match *self {
                    $($(#[$cfg])* Self::$rule { $($($constant,)+)? } => {
                        $($(if !$fits($constant) {
                            let what = concat!(stringify!($constant), " must be ", $range);
                            return Err(Error::InvalidConfig { what });
                        })+)?
                    })+
                }
                Ok(())
            }

            /// Does a step with the slices of `update`, whose lengths agree.
            #[inline(always)]
            fn step(&self, update: Update<'_, T>) -> Result<(), ShapeError> {
                match *self {
                    $($(#[$cfg])* Self::$rule { $($($constant,)+)? } => {
                        let $update = update;
                        $step
                    })+
                }
            }
        }
    };
}

update_rules! {
    Sgd = "sgd", "Stochastic gradient descent", 1e-2, 0
        |to| sgd(to.w, to.dw, to.learning_rate);

    SgdMomentum = "sgd_momentum", "SGD with momentum", 1e-2, 1 {
        /// Share of the velocity that stays, in 0..1. Default 0.9.
        momentum: 0.9, is_below_one, "in 0..1";
    }
        |to| sgd_momentum(to.w, to.dw, to.first, to.learning_rate, momentum);

    Nesterov = "nesterov", "SGD with Nesterov momentum", 1e-2, 1 {
        /// Share of the velocity that stays, in 0..1. Default 0.9.
        momentum: 0.9, is_below_one, "in 0..1";
    }
        |to| nesterov(to.w, to.dw, to.first, to.learning_rate, momentum);

    RmsProp = "rmsprop", "RMSProp", 1e-2, 1 {
        /// Share of the mean square that stays, in 0..1. Default 0.99.
        decay_rate: 0.99, is_below_one, "in 0..1";
        /// Keeps the quotient finite; less than [`Float::TINY`] is taken for that. Default 1e-8.
        epsilon: 1e-8, is_not_negative, "finite and at least 0";
    }
        |to| rmsprop(to.w, to.dw, to.first, to.learning_rate, decay_rate, epsilon);

    Adam = "adam", "Adam", 1e-3, 2 {
        /// Decay of the first moment, in 0..1. Default 0.9.
        beta1: 0.9, is_below_one, "in 0..1";
        /// Decay of the second moment, in 0..1. Default 0.999.
        beta2: 0.999, is_below_one, "in 0..1";
        /// Keeps the quotient finite; less than [`Float::TINY`] is taken for that. Default 1e-8.
        epsilon: 1e-8, is_not_negative, "finite and at least 0";
    }
        |to| adam(to.w, to.dw, to.first, to.second, to.learning_rate, to.t, beta1, beta2, epsilon);

    AdamW = "adamw", "Adam with decoupled weight decay", 1e-3, 2 {
        /// Decay of the first moment, in 0..1. Default 0.9.
        beta1: 0.9, is_below_one, "in 0..1";
        /// Decay of the second moment, in 0..1. Default 0.999.
        beta2: 0.999, is_below_one, "in 0..1";
        /// Keeps the quotient finite; less than [`Float::TINY`] is taken for that. Default 1e-8.
        epsilon: 1e-8, is_not_negative, "finite and at least 0";
        /// Decay of the weights themselves, at least 0. Default 0.01.
        weight_decay: 0.01, is_not_negative, "finite and at least 0";
    }
        |to| {
            let Update { w, dw, first, second, learning_rate, t, .. } = to;
            adamw(w, dw, first, second, learning_rate, t, beta1, beta2, epsilon, weight_decay)
        };

    #[cfg(feature = "muon")]
    Muon = "muon", "Muon for matrices, AdamW for the rest", 1e-2, 2 {
        /// Share of a matrix's momentum that stays, in 0..1. Default 0.95.
        momentum: 0.95, is_below_one, "in 0..1";
        /// Learning rate of what goes by AdamW, as a factor of the learning rate, at least 0. Default 0.25.
        adamw_lr_factor: 0.25, is_not_negative, "finite and at least 0";
        /// AdamW's decay of the first moment, in 0..1. Default 0.9.
        beta1: 0.9, is_below_one, "in 0..1";
        /// AdamW's decay of the second moment, in 0..1. Default 0.999.
        beta2: 0.999, is_below_one, "in 0..1";
        /// Keeps AdamW's quotient finite; less than [`Float::TINY`] is taken for that. Default 1e-8.
        epsilon: 1e-8, is_not_negative, "finite and at least 0";
        /// Decay of the weights themselves, at least 0. Default 0.05.
        weight_decay: 0.05, is_not_negative, "finite and at least 0";
    }
        |to| {
            let Update { w, dw, first, second, learning_rate, t, .. } = to;
            let _of_matrices = momentum;
            let rate = learning_rate * adamw_lr_factor;
            adamw(w, dw, first, second, rate, t, beta1, beta2, epsilon, weight_decay)
        };
}

fn is_below_one<T: Float>(x: T) -> bool {
    x >= T::ZERO && x < T::ONE
}

fn is_not_negative<T: Float>(x: T) -> bool {
    x >= T::ZERO && x.is_finite()
}

impl<T> UpdateRule<T> {
    /// Whether it is Muon, which has to know what is a matrix.
    pub(super) const fn takes_matrices(&self) -> bool {
        #[cfg(feature = "muon")]
        let takes_matrices = matches!(self, Self::Muon { .. });
        #[cfg(not(feature = "muon"))]
        let takes_matrices = false;
        takes_matrices
    }

    /// Elements of workspace that [`Self::update_net`] takes: none, unless the rule is Muon.
    #[must_use]
    pub const fn workspace_len(&self, arch: &Arch<'_>) -> usize {
        #[cfg(feature = "muon")]
        if self.takes_matrices() {
            return muon::workspace_len(arch);
        }
        let _ = arch;
        0
    }

    /// Refuses an architecture that has nothing for the rule: Muon takes matrices.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`].
    pub const fn check_arch(&self, arch: &Arch<'_>) -> Result<(), Error> {
        #[cfg(feature = "muon")]
        if self.takes_matrices() && muon::workspace_len(arch) == 0 {
            let what = "update_rule muon takes a hidden or locally connected layer of at least 2 inputs and 2 units; take adamw";
            return Err(Error::InvalidConfig { what });
        }
        let _ = arch;
        Ok(())
    }
}

impl<T: Float> UpdateRule<T> {
    /// Changes `w` by one step. Muon has to know what is a matrix, [`Self::update_net`]: here it does what it does with the rest.
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
        let (first, second) = state.divide(w.len());
        run(machine, Update { rule: *self, learning_rate, t, w, dw, first, second });
        Ok(())
    }
}

/// One step of some parameters.
pub(super) struct Update<'a, T> {
    pub(super) rule: UpdateRule<T>,
    pub(super) learning_rate: T,
    pub(super) t: usize,
    pub(super) w: &'a mut [T],
    pub(super) dw: &'a [T],
    /// The state of these parameters, empty if the rule has none.
    pub(super) first: &'a mut [T],
    pub(super) second: &'a mut [T],
}

impl<T: Float> Pass for Update<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rule = self.rule;
        // Lengths agree, so there is no error to pass on.
        let _checked = rule.step(self);
    }
}

impl<T: Float> Split for Update<'_, T> {
    split_fields!(self at split_elements(self.w.len()) => w, dw, first, second);
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
            let mut rule = UpdateRule::<f32>::from_name(name).unwrap();
            for constant in ["decay_rate", "beta2"] {
                rule.constant_mut(constant).into_iter().for_each(|constant| *constant = 0.9);
            }
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
