//! The computer as work sees it: threads and vector instructions.
//!
//! Work is a value, a [`Pass`]: its fields are its arguments, and it knows where it can be divided. [`run`] divides
//! it, gives the parts to the threads of a [`Machine`], and merges their results.

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
/// the place that calls it ([`Machine::vectorized`]), and because it is divided.
///
/// ```
/// use barenet::{Pass, Portable, run};
///
/// /// x ← 2·x
/// struct Double<'a>(&'a mut [f32]);
///
/// impl Pass for Double<'_> {
///     type Output = ();
///
///     fn split(self) -> Result<(Self, Self), Self> {
///         if self.0.len() < 1000 {
///             return Err(self);
///         }
///         let (first, second) = self.0.split_at_mut(self.0.len() / 2);
///         Ok((Self(first), Self(second)))
///     }
///
///     #[inline(always)]
///     fn run(self) {
///         for x in self.0 {
///             *x *= 2.0;
///         }
///     }
/// }
///
/// let mut x = [1.5; 3000];
/// run(&Portable, Double(&mut x));
/// assert_eq!(x, [3.0; 3000]);
/// ```
pub trait Pass: Send + Sized {
    /// The result: nothing, or a sum.
    type Output: Merge;

    /// Divides the pass in two, or gives it back if it is too short for that.
    ///
    /// Decided by sizes alone and never by the number of threads: so the bits of sums are the same on any machine.
    ///
    /// # Errors
    ///
    /// The pass itself, if it is not divided.
    fn split(self) -> Result<(Self, Self), Self> {
        Err(self)
    }

    /// Goes over the numbers. Mark it `#[inline(always)]`.
    fn run(self) -> Self::Output;
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
pub fn run<P: Pass>(machine: &impl Machine, pass: P) -> P::Output {
    match pass.split() {
        Ok((first, second)) => {
            let (mut a, mut b) = (P::Output::default(), P::Output::default());
            machine.join(|| a = run(machine, first), || b = run(machine, second));
            a.merge(b)
        }
        Err(pass) => machine.vectorized(pass),
    }
}

/// Elements that one piece of divided work has: large enough to pay for handing it to a thread.
const CHUNK: usize = 16 * 1024;

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

        fn split(self) -> Result<(Self, Self), Self> {
            let Self(start, end) = self;
            let middle = start.midpoint(end);
            if end - start <= 3 { Err(self) } else { Ok((Self(start, middle), Self(middle, end))) }
        }

        fn run(self) -> f64 {
            assert!(self.1 - self.0 <= 3);
            (self.0..self.1).map(f64::from).sum()
        }
    }

    #[test]
    fn parts_of_a_pass_are_merged() {
        assert_eq!(run(&crate::Portable, Sum(0, 101)), 5050.0);
    }
}
