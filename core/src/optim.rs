//! Update rules: how gradients change the weights.
//!
//! Each is one function over flat slices, with the formula and the defaults of CS231n's `optim.py`; `muon`, with the feature of
//! that name, is one over a matrix.
//! [`UpdateRule`] chooses one at run time, knows how much state it keeps for each parameter, and
//! spreads long slices over the threads of a backend. A new rule is a file here with its formula, and a
//! row of the table in `update_rule.rs`.
//!
//! The state of a weight whose gradient stays 0 shrinks with every step. Before it becomes
//! subnormal it is set to 0: it changes no weight any more, but many CPUs take a hundred times as long
//! to compute with it.
//!
//! The learning rate is not part of a rule: it belongs to the
//! [schedule](crate::Schedule) and comes in with each step.

mod adam;
mod clip;
mod decay;
#[cfg(feature = "muon")]
mod muon;
mod nesterov;
mod norm;
mod rmsprop;
mod sgd;
mod sgd_momentum;
mod update_rule;

pub use adam::{adam, adamw};
pub use clip::clip_grad_norm;
pub use decay::DecayOn;
#[cfg(feature = "muon")]
pub use muon::{muon, muon_workspace_len};
pub use nesterov::nesterov;
pub use norm::l2_norm;
pub use rmsprop::rmsprop;
pub use sgd::sgd;
pub use sgd_momentum::sgd_momentum;
pub use update_rule::UpdateRule;

use crate::float::Float;

/// Number that is added to the root of a mean square, so that a gradient of 0, or one whose square is 0 in
/// this type, divides by no 0: it is smaller than any root of a normal number.
fn at_least_tiny<T: Float>(epsilon: T) -> T {
    if epsilon < T::TINY { T::TINY } else { epsilon }
}
