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

mod rules;
mod update_rule;

pub use rules::{AdamConfig, adam, nesterov, rmsprop, sgd, sgd_momentum};
pub use update_rule::UpdateRule;
