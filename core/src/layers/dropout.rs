//! Inverted dropout: keeps each value with probability `keep_prob` and divides it by `keep_prob`, so
//! that the mean stays and nothing has to be done at test time.
//!
//! The mask is a pure function of an [`Rng`]: element 2i takes the low and element 2i + 1 the high
//! half of number i of the stream. So a mask can be cached, or made again when it is needed, and a
//! network evaluated twice with the same `Rng` is the same function, as a gradient check demands.

use crate::error::{Error, ShapeError, check_len};
use crate::float::Float;
use crate::machine::{Pass, Split, split_rows};
use crate::rng::Rng;
use crate::slices::{Divide, split_fields, zip};

/// Draws a dropout mask: 1/`keep_prob` with probability `keep_prob`, otherwise 0.
///
/// # Errors
///
/// [`Error::InvalidConfig`] unless 0 < `keep_prob` ≤ 1.
///
/// # Example
///
/// ```
/// use barenet::{Rng, layers::dropout_mask};
/// let mut mask = [0.0; 8];
/// dropout_mask(Rng::seed(0), 0.5, &mut mask)?;
/// assert!(mask.iter().all(|&m| m == 0.0 || m == 2.0));
/// # Ok::<(), barenet::Error>(())
/// ```
pub fn dropout_mask<T: Float>(rng: Rng, keep_prob: T, mask: &mut [T]) -> Result<(), Error> {
    check_keep_prob(keep_prob)?;
    for_each_kept(Dropout { keep_prob, rng }, mask, |mask, scale| *mask = scale);
    Ok(())
}

/// Computes the forward pass of inverted dropout, in training.
///
/// ```text
/// out ← x · mask
/// ```
///
/// At test time there is nothing to do: `out` is `x`.
///
/// # Errors
///
/// [`ShapeError`] naming the argument whose length differs from that of `x`; `out` is not written in
/// that case.
///
/// # Example
///
/// ```
/// let mut out = [0.0; 2];
/// barenet::layers::dropout_forward(&[3.0, 5.0], &[2.0, 0.0], &mut out)?;
/// assert_eq!(out, [6.0, 0.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
///
/// Srivastava et al., "Dropout", JMLR 15 (2014); CS231n:
/// <https://cs231n.github.io/neural-networks-2/#reg>
pub fn dropout_forward<T: Float>(x: &[T], mask: &[T], out: &mut [T]) -> Result<(), ShapeError> {
    check_len("mask", x.len(), mask.len())?;
    check_len("out", x.len(), out.len())?;
    for (out, &x, &mask) in zip!(out, x, mask) {
        *out = x * mask;
    }
    Ok(())
}

/// Computes the backward pass of inverted dropout.
///
/// ```text
/// dx ← dout · mask
/// ```
///
/// # Errors
///
/// [`ShapeError`] naming the argument whose length differs from that of `dout`; `dx` is not written
/// in that case.
///
/// # Example
///
/// ```
/// let mut dx = [0.0; 2];
/// barenet::layers::dropout_backward(&[1.0, 1.0], &[2.0, 0.0], &mut dx)?;
/// assert_eq!(dx, [2.0, 0.0]);
/// # Ok::<(), barenet::ShapeError>(())
/// ```
pub fn dropout_backward<T: Float>(dout: &[T], mask: &[T], dx: &mut [T]) -> Result<(), ShapeError> {
    check_len("mask", dout.len(), mask.len())?;
    check_len("dx", dout.len(), dx.len())?;
    for (dx, &dout, &mask) in zip!(dx, dout, mask) {
        *dx = dout * mask;
    }
    Ok(())
}

/// Dropout with a stream of its own.
#[derive(Clone, Copy, Debug)]
pub struct Dropout<T> {
    /// Probability that a value is kept, in (0, 1].
    pub keep_prob: T,
    /// Makes the mask.
    pub rng: Rng,
}

/// A number is drawn for each pair of inputs, and parts have an even number of them.
impl<T: Copy> Divide for Dropout<T> {
    #[inline]
    fn divide(self, at: usize) -> (Self, Self) {
        let pairs = u64::try_from(at / 2).unwrap_or(u64::MAX);
        (self, Self { rng: self.rng.skip(pairs), ..self })
    }
}

pub(crate) fn check_keep_prob<T: Float>(keep_prob: T) -> Result<(), Error> {
    if keep_prob > T::ZERO && keep_prob <= T::ONE {
        Ok(())
    } else {
        Err(Error::InvalidConfig { what: "keep_prob must be above 0 and at most 1" })
    }
}

/// x ← x · mask, of rows of `cols` numbers.
pub(super) struct ApplyDropout<'a, T> {
    pub(super) dropout: Dropout<T>,
    pub(super) cols: usize,
    pub(super) x: &'a mut [T],
}

impl<T: Float> Pass for ApplyDropout<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for_each_kept(self.dropout, self.x, |x, scale| *x *= scale);
    }
}

impl<T: Float> Split for ApplyDropout<'_, T> {
    split_fields!(self at split_rows(self.x.len(), self.cols) => dropout, x);
}

/// Numbers of the stream drawn together, so that they can be computed side by side.
const NUMBERS: usize = 16;

/// Calls `f` with every element and its factor: 1/`keep_prob`, or 0 if it is dropped.
#[inline(always)]
fn for_each_kept<T: Float>(dropout: Dropout<T>, x: &mut [T], f: impl Fn(&mut T, T)) {
    let Dropout { keep_prob, mut rng } = dropout;
    // A half is kept if it is below keep_prob · 2³²; with keep_prob = 1 all are. Compared with the
    // largest that is kept, which has 32 bits as well: twice as many fit into a vector.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let threshold = (keep_prob.to_f64() * 4_294_967_296.0) as u64;
    let largest = u32::try_from(threshold.saturating_sub(1)).unwrap_or(u32::MAX);
    let scale = if threshold == 0 { T::ZERO } else { T::ONE / keep_prob };
    let factor = |half: u32| if half <= largest { scale } else { T::ZERO };
    let (blocks, rest) = x.as_chunks_mut::<{ 2 * NUMBERS }>();
    for block in blocks {
        let mut bits = [0; NUMBERS];
        for bits in &mut bits {
            *bits = rng.next_u64();
        }
        for (pair, bits) in block.as_chunks_mut::<2>().0.iter_mut().zip(bits) {
            let ([even, odd], [low, high]) = (pair, halves(bits));
            f(even, factor(low));
            f(odd, factor(high));
        }
    }
    for pair in rest.chunks_mut(2) {
        for (x, half) in pair.iter_mut().zip(halves(rng.next_u64())) {
            f(x, factor(half));
        }
    }
}

/// The low and the high half of a number.
#[allow(clippy::cast_possible_truncation)]
const fn halves(bits: u64) -> [u32; 2] {
    [bits as u32, (bits >> 32) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_the_same_for_the_same_stream() {
        let (mut a, mut b) = ([0.0_f32; 33], [9.0_f32; 33]);
        dropout_mask(Rng::seed(5), 0.8, &mut a).unwrap();
        dropout_mask(Rng::seed(5), 0.8, &mut b).unwrap();
        assert_eq!(a, b);
        dropout_mask(Rng::seed(6), 0.8, &mut b).unwrap();
        assert_ne!(a, b);
    }

    #[test]
    fn keeping_everything_changes_nothing() {
        let mut mask = [0.0_f64; 101];
        dropout_mask(Rng::seed(1), 1.0, &mut mask).unwrap();
        assert_eq!(mask, [1.0; 101]);
    }

    #[test]
    fn dropout_refuses_a_keep_prob_out_of_range() {
        for keep_prob in [0.0, -0.5, 1.5, f64::NAN] {
            assert!(dropout_mask(Rng::seed(0), keep_prob, &mut [0.0]).is_err(), "{keep_prob}");
        }
    }
}
