//! The computer as work sees it: threads and vector instructions.
//!
//! Work is a value, a [`Pass`]: its fields are its arguments. It may know where it can be divided, [`Split`]: [`run`]
//! divides it, gives the parts to the threads of a [`Machine`], and merges their results.

use crate::float::Float;

/// A computer, or what a program may use of one: threads, and the vector instructions that its CPU has.
///
/// Without any method of its own it is one thread that runs compiled Rust as it is, such as a microcontroller.
pub trait Machine: Sync + Sized {
    /// Runs both pieces of work, perhaps at once.
    fn join(&self, a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
        a();
        b();
    }

    /// The number of threads that work.
    fn num_threads(&self) -> usize {
        1
    }

    /// Runs a pass undivided, compiled for the vector instructions that the CPU has.
    ///
    /// Rust code is compiled for the oldest CPU that it may run on. A machine that knows better calls
    /// [`Pass::run`] where more is allowed. The bits of its result are the same.
    fn vectorized<P: Pass>(&self, pass: P) -> P::Output {
        pass.run()
    }

    /// Whether arithmetic takes subnormal numbers for 0, as operands and as results.
    ///
    /// Many CPUs take a hundred times as long with them. In training, on a machine that computes with them,
    /// they are replaced by 0 where they lie: [`FullyConnectedNet::loss`](crate::FullyConnectedNet::loss).
    fn flushes_subnormals(&self) -> bool {
        false
    }
}

/// A pass over numbers, with all that it needs.
///
/// It is a type and not a closure, because `run` must be marked `#[inline(always)]` to be compiled once more in
/// the place that calls it ([`Machine::vectorized`]), and because it may be divided.
pub trait Pass: Send + Sized {
    /// The result: nothing, or a sum.
    type Output: Merge;

    /// Goes over the numbers. Mark it `#[inline(always)]`.
    fn run(self) -> Self::Output;
}

/// A pass that can be divided.
///
/// ```
/// use barenet::{Pass, Portable, Split, run};
///
/// /// x ← 2·x
/// struct Double<'a>(&'a mut [f32]);
///
/// impl Pass for Double<'_> {
///     type Output = ();
///
///     #[inline(always)]
///     fn run(self) {
///         for x in self.0 {
///             *x *= 2.0;
///         }
///     }
/// }
///
/// impl Split for Double<'_> {
///     fn split_point(&self) -> Option<usize> {
///         (self.0.len() >= 1000).then_some(self.0.len() / 2)
///     }
///
///     fn split_at(self, at: usize) -> (Self, Self) {
///         let (first, second) = self.0.split_at_mut(at);
///         (Self(first), Self(second))
///     }
/// }
///
/// let mut x = [1.5; 3000];
/// run(&Portable, Double(&mut x));
/// assert_eq!(x, [3.0; 3000]);
/// ```
pub trait Split: Pass {
    /// The place to divide it in two; `None` if it is too short for that.
    ///
    /// Decided by sizes alone and never by the number of threads: so the bits of sums are the same on any machine.
    fn split_point(&self) -> Option<usize>;

    /// Both parts.
    fn split_at(self, at: usize) -> (Self, Self);
}

/// A result of parts of a [`Pass`]: `()`, or a number, which is added.
pub trait Merge: Default + Send {
    /// The result of two neighbouring parts.
    #[must_use]
    fn merge(self, other: Self) -> Self;
}

impl Merge for () {
    fn merge(self, (): Self) {}
}

impl<T: Float> Merge for T {
    fn merge(self, other: Self) -> Self {
        self + other
    }
}

/// Runs a pass on all threads of a machine: divided as far as it can be, every part by itself.
// Never inlined, so that a program has the pass once.
#[inline(never)]
pub fn run<P: Split>(machine: &impl Machine, pass: P) -> P::Output {
    match pass.split_point() {
        Some(at) => run_parts(machine, pass, at),
        None => machine.vectorized(pass),
    }
}

/// Never inlined, so that both parts take stack only where there are two.
#[inline(never)]
fn run_parts<P: Split>(machine: &impl Machine, pass: P, at: usize) -> P::Output {
    let (first, second) = pass.split_at(at);
    let (mut a, mut b) = (P::Output::default(), P::Output::default());
    machine.join(|| a = run(machine, first), || b = run(machine, second));
    a.merge(b)
}

/// Elements that one piece of divided work has: large enough to pay for handing it to a thread.
const CHUNK: usize = 16 * 1024;

/// Products of fewer multiplications than this are not divided: handing them over would cost as much.
const MIN_MULTIPLICATIONS: usize = 1 << 18;

/// Whether half of so many multiplications pays for handing it to a thread.
pub(crate) const fn is_worth_dividing(multiplications: usize) -> bool {
    multiplications >= 2 * MIN_MULTIPLICATIONS
}

/// Place to divide `len` elements: at a multiple of [`CHUNK`] near the middle, or nowhere.
pub(crate) fn split_elements(len: usize) -> Option<usize> {
    let chunks = len.div_ceil(CHUNK);
    (chunks > 1).then_some(chunks / 2 * CHUNK)
}

/// Place to divide `len` elements in rows of `cols`: after an even number of rows near the middle, or
/// nowhere if a half would not pay for handing it to a thread.
pub(crate) fn split_rows(len: usize, cols: usize) -> Option<usize> {
    let at = len.checked_div(4 * cols)? * 2 * cols;
    (len >= 2 * CHUNK && at > 0).then_some(at)
}

/// Place to divide `rows` rows of `width` columns between columns: near the middle, at a multiple of 32, or
/// nowhere if a half would not pay for handing it to a thread.
pub(crate) fn split_columns(rows: usize, width: usize) -> Option<usize> {
    let at = width / 64 * 32;
    (rows * width >= 2 * CHUNK && at > 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_divided_at_multiples_of_the_chunk() {
        assert_eq!(split_elements(CHUNK), None);
        assert_eq!(split_elements(CHUNK + 1), Some(CHUNK));
        assert_eq!(split_elements(5 * CHUNK), Some(2 * CHUNK));
    }

    #[test]
    fn a_batch_is_divided_between_blocks_of_columns_and_after_even_rows() {
        assert_eq!(split_columns(128, 1024), Some(512));
        assert_eq!(split_columns(1000, 100), Some(32));
        assert_eq!(split_columns(50, 100), None);
        assert_eq!(split_columns(CHUNK, 32), None);
        assert_eq!(split_rows(1001 * 33, 33), Some(500 * 33));
        assert_eq!(split_rows(50 * 100, 100), None);
        assert_eq!(split_rows(3 * CHUNK, CHUNK), None);
        assert_eq!(split_rows(0, 0), None);
    }

    /// Σ x of numbers from `start` to `end`, in parts of at most 3.
    struct Sum(u32, u32);

    impl Pass for Sum {
        type Output = f64;

        fn run(self) -> f64 {
            assert!(self.1 - self.0 <= 3);
            (self.0..self.1).map(f64::from).sum()
        }
    }

    impl Split for Sum {
        fn split_point(&self) -> Option<usize> {
            (self.1 - self.0 > 3).then_some(1)
        }

        fn split_at(self, _at: usize) -> (Self, Self) {
            let middle = self.0.midpoint(self.1);
            (Self(self.0, middle), Self(middle, self.1))
        }
    }

    #[test]
    fn parts_of_a_pass_are_merged() {
        assert_eq!(run(&crate::Portable, Sum(0, 101)), 5050.0);
    }
}
