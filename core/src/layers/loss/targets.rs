//! Targets that networks are trained towards.

use crate::gemm::Rows;
use core::fmt;

/// The number of a class, from 0.
pub type Label = u32;

/// The targets of a batch: what a network is trained towards.
///
/// An autoencoder is trained towards its input: its targets are `Targets::Values(&x)`.
#[derive(Clone, Copy)]
pub enum Targets<'a, T> {
    /// The right class of each sample, (N).
    Classes(&'a [Label]),
    /// The right outputs of each sample, (N, C): a [`Mat`](crate::Mat), or numbers that are made when they
    /// are read.
    Values(&'a dyn Rows<T>),
}

impl<T> fmt::Debug for Targets<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classes(y) => f.debug_tuple("Classes").field(y).finish(),
            Self::Values(y) => f.debug_tuple("Values").field(&y.shape()).finish(),
        }
    }
}

/// The target of one sample of a [`Dataset`](crate::Dataset).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Its class.
    Class(Label),
    /// So many numbers, which [`Dataset::read_target`](crate::Dataset::read_target) writes.
    Values(usize),
}
