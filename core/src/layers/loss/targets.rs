//! Targets that networks are trained towards.

use crate::error::Error;
use crate::gemm::Rows;
use crate::mat::MatMut;
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
    /// Targets with a loss of their own, which takes the place of that of the network, such as
    /// [`LabelSmoothing`](super::LabelSmoothing).
    Own(&'a dyn OwnLoss<T>),
}

/// A loss with its targets, for [`Targets::Own`]: the loss of a program that no [`Loss`](super::Loss) is.
///
/// A program that makes none has no code of any.
pub trait OwnLoss<T>: Sync {
    /// Refuses targets that do not fit scores of N samples and C outputs.
    ///
    /// # Errors
    ///
    /// An [`Error`] that says what does not fit.
    fn check(&self, num_samples: usize, output_dim: usize) -> Result<(), Error>;

    /// Computes the sum of the losses of some of `num_samples` samples, and overwrites their scores with the gradient of the
    /// mean of all losses. The samples begin with number `first`. It may be called on several threads at once, each with
    /// other samples.
    fn sum_in_place(&self, scores: MatMut<'_, T>, first: usize, num_samples: usize) -> T;
}

impl<T> fmt::Debug for Targets<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classes(y) => f.debug_tuple("Classes").field(y).finish(),
            Self::Own(_) => f.debug_tuple("Own").finish_non_exhaustive(),
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
