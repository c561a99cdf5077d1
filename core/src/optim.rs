//! Update rules: how gradients change the weights.
//!
//! Each is one function over flat slices, with the formula and the defaults of CS231n's `optim.py`.
//! [`UpdateRule`] chooses one at run time, knows how much state it keeps for each parameter, and
//! spreads long slices over the threads of a backend.
//!
//! What a rule remembers of a weight whose gradient stays 0 shrinks with every step. Before it becomes
//! subnormal it is set to 0: it changes no weight any more, but many CPUs take a hundred times as long
//! to compute with it.
//!
//! The learning rate is not part of a rule: it belongs to the
//! [schedule](crate::Schedule) and comes in with each step.

use crate::error::{Error, ShapeError, check_len};
use crate::float::Float;
use crate::gemm::{Gemm, Pass, split_point};

/// Stochastic gradient descent: w ← w − learning_rate · dw.
///
/// ```
/// let mut w = [1.0, 2.0];
/// barenet::optim::sgd(&mut w, &[10.0, -10.0], 0.1)?;
/// assert_eq!(w, [0.0, 3.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
#[inline(always)]
pub fn sgd<T: Float>(w: &mut [T], dw: &[T], learning_rate: T) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    for (w, &dw) in w.iter_mut().zip(dw) {
        *w -= learning_rate * dw;
    }
    Ok(())
}

/// SGD with momentum: v ← momentum · v − learning_rate · dw;  w ← w + v.
///
/// ```
/// let (mut w, mut velocity) = ([1.0], [2.0]);
/// barenet::optim::sgd_momentum(&mut w, &[10.0], &mut velocity, 0.1, 0.5)?;
/// assert_eq!((w, velocity), ([1.0], [0.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
#[inline(always)]
pub fn sgd_momentum<T: Float>(
    w: &mut [T],
    dw: &[T],
    velocity: &mut [T],
    learning_rate: T,
    momentum: T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("velocity", w.len(), velocity.len())?;
    for ((w, &dw), v) in w.iter_mut().zip(dw).zip(velocity) {
        *v = (momentum * *v - learning_rate * dw).flush_subnormal();
        *w += *v;
    }
    Ok(())
}

/// SGD with Nesterov momentum: v' ← momentum · v − learning_rate · dw;
/// w ← w + v' + momentum · (v' − v).
///
/// ```
/// let (mut w, mut velocity) = ([1.0], [2.0]);
/// barenet::optim::nesterov(&mut w, &[10.0], &mut velocity, 0.1, 0.5)?;
/// assert_eq!((w, velocity), ([0.0], [0.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// CS231n: <https://cs231n.github.io/neural-networks-3/#sgd>
#[inline(always)]
pub fn nesterov<T: Float>(
    w: &mut [T],
    dw: &[T],
    velocity: &mut [T],
    learning_rate: T,
    momentum: T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("velocity", w.len(), velocity.len())?;
    for ((w, &dw), v) in w.iter_mut().zip(dw).zip(velocity) {
        let v_prev = *v;
        *v = (momentum * v_prev - learning_rate * dw).flush_subnormal();
        *w += *v + momentum * (*v - v_prev);
    }
    Ok(())
}

/// RMSProp: cache ← decay_rate · cache + (1 − decay_rate) · dw²;
/// w ← w − learning_rate · dw / (√cache + epsilon).
///
/// ```
/// let (mut w, mut cache) = ([1.0], [4.0]);
/// barenet::optim::rmsprop(&mut w, &[4.0], &mut cache, 1.0, 1.0, 0.0)?;
/// assert_eq!((w, cache), ([-1.0], [4.0]));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// Tieleman and Hinton, "Lecture 6.5: RMSProp", COURSERA (2012).
#[inline(always)]
pub fn rmsprop<T: Float>(
    w: &mut [T],
    dw: &[T],
    cache: &mut [T],
    learning_rate: T,
    decay_rate: T,
    epsilon: T,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("cache", w.len(), cache.len())?;
    for ((w, &dw), cache) in w.iter_mut().zip(dw).zip(cache) {
        *cache = (decay_rate * *cache + (T::ONE - decay_rate) * dw * dw).flush_subnormal();
        *w -= learning_rate * dw / (cache.sqrt() + epsilon);
    }
    Ok(())
}

/// The constants of [`adam`], and of AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConfig<T> {
    /// Decay of the first moment, in 0..1. Default 0.9.
    pub beta1: T,
    /// Decay of the second moment, in 0..1. Default 0.999.
    pub beta2: T,
    /// Keeps the quotient finite; at least 0. Default 1e-8.
    pub epsilon: T,
    /// AdamW's decay of the weights themselves, at least 0. Default 0: plain Adam.
    pub weight_decay: T,
}

impl<T: Float> Default for AdamConfig<T> {
    fn default() -> Self {
        Self {
            beta1: T::from_f64(0.9),
            beta2: T::from_f64(0.999),
            epsilon: T::from_f64(1e-8),
            weight_decay: T::ZERO,
        }
    }
}

/// Adam, and with a `weight_decay` AdamW.
///
/// ```text
/// m ← beta1·m + (1 − beta1)·dw          v ← beta2·v + (1 − beta2)·dw²
/// w ← w·(1 − learning_rate·weight_decay)
///       − learning_rate · m/(1 − beta1ᵗ) / (√(v/(1 − beta2ᵗ)) + epsilon)
/// ```
///
/// `t` is the number of this step, from 1.
///
/// ```
/// use barenet::optim::{AdamConfig, adam};
/// let (mut w, mut m, mut v) = ([1.0_f64], [0.0], [0.0]);
/// adam(&mut w, &[5.0], &mut m, &mut v, 0.1, 1, &AdamConfig::default())?;
/// assert!((w[0] - 0.9).abs() < 1e-8); // The first step is learning_rate, whatever the gradient.
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// # Errors
///
/// [`ShapeError`] if the lengths differ; nothing is written in that case.
///
/// Kingma and Ba, "Adam", ICLR 2015; Loshchilov and Hutter, "Decoupled weight decay
/// regularization", ICLR 2019.
#[inline(always)]
pub fn adam<T: Float>(
    w: &mut [T],
    dw: &[T],
    m: &mut [T],
    v: &mut [T],
    learning_rate: T,
    t: usize,
    config: &AdamConfig<T>,
) -> Result<(), ShapeError> {
    check_len("dw", w.len(), dw.len())?;
    check_len("m", w.len(), m.len())?;
    check_len("v", w.len(), v.len())?;
    let &AdamConfig { beta1, beta2, epsilon, weight_decay } = config;
    let step_size = learning_rate / (T::ONE - beta1.powi(t));
    let v_scale = T::ONE / (T::ONE - beta2.powi(t));
    let shrink = T::ONE - learning_rate * weight_decay;
    for (((w, &dw), m), v) in w.iter_mut().zip(dw).zip(m).zip(v) {
        *m = (beta1 * *m + (T::ONE - beta1) * dw).flush_subnormal();
        *v = (beta2 * *v + (T::ONE - beta2) * dw * dw).flush_subnormal();
        *w = *w * shrink - step_size * *m / ((*v * v_scale).sqrt() + epsilon);
    }
    Ok(())
}

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
        check_len("dw", w.len(), dw.len())?;
        check_len("state", w.len() * self.state_per_param(), state.len())?;
        let first = if self.state_per_param() == 0 { 0 } else { w.len() };
        let Some((first, second)) = state.split_at_mut_checked(first) else { return Ok(()) };
        self.update_pieces(gemm, learning_rate, t, w, dw, first, second);
        Ok(())
    }

    /// Halves the slices until a piece is one [`CHUNK`](crate::gemm::CHUNK).
    fn update_pieces(
        &self,
        gemm: &impl Gemm<T>,
        learning_rate: T,
        t: usize,
        w: &mut [T],
        dw: &[T],
        first: &mut [T],
        second: &mut [T],
    ) {
        let Some(at) = split_point(w.len()) else {
            let args = (self, learning_rate, t, w, dw, first, second);
            gemm.vectorized(UpdatePiece, args);
            return;
        };
        let (first_at, second_at) = (at.min(first.len()), at.min(second.len()));
        if let (Some(w), Some(dw), Some(first), Some(second)) = (
            w.split_at_mut_checked(at),
            dw.split_at_checked(at),
            first.split_at_mut_checked(first_at),
            second.split_at_mut_checked(second_at),
        ) {
            gemm.join(
                || self.update_pieces(gemm, learning_rate, t, w.0, dw.0, first.0, second.0),
                || self.update_pieces(gemm, learning_rate, t, w.1, dw.1, first.1, second.1),
            );
        }
    }
}

/// Changes one piece of the parameters.
struct UpdatePiece;

impl<T: Float> Pass<(&UpdateRule<T>, T, usize, &mut [T], &[T], &mut [T], &mut [T])>
    for UpdatePiece
{
    type Output = ();

    #[inline(always)]
    fn run(
        (rule, learning_rate, t, w, dw, first, second): (
            &UpdateRule<T>,
            T,
            usize,
            &mut [T],
            &[T],
            &mut [T],
            &mut [T],
        ),
    ) {
        // Lengths agree, so there is no error to pass on.
        let _checked = match rule {
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
    use crate::Portable;

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
