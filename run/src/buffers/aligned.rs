//! Numbers that begin where a line of the CPU's caches begins.

use super::reserve;
use anyhow::Result;
use std::ops::{Deref, DerefMut};

/// Bytes of a line of the cache, and of the longest vectors.
const LINE: usize = 64;

/// A slice of its own memory, which begins at a multiple of 64 bytes.
///
/// The system lends large pieces of memory 16 bytes after the start of a page: every vector of 64 bytes then lies on two lines
/// of the cache, and a pass over parameters, gradients and moments takes longer.
///
/// ```
/// use barenet_run::buffers::Aligned;
///
/// let mut numbers = Aligned::<f32>::zeros(1000, "a thousand numbers")?;
/// assert_eq!(numbers.as_ptr().addr() % 64, 0);
/// numbers[999] = 1.0;
/// assert_eq!(numbers.len(), 1000);
/// # anyhow::Ok(())
/// ```
#[derive(Debug)]
pub struct Aligned<T> {
    /// The numbers, after as many others as there are before the first line.
    memory: Vec<T>,
    start: usize,
}

impl<T: Clone + Default> Aligned<T> {
    /// Allocates `len` numbers that are zero, on huge pages where the system has them.
    ///
    /// # Errors
    ///
    /// If there is not enough memory: how much `what` would take.
    pub fn zeros(len: usize, what: &str) -> Result<Self> {
        let room = LINE.checked_div(size_of::<T>()).unwrap_or(0);
        let mut memory: Vec<T> = reserve(len.saturating_add(room), what)?;
        barenet_blas::prefer_huge_pages(memory.spare_capacity_mut());
        // An interpreter that cannot tell says `usize::MAX`.
        let start = memory.as_ptr().align_offset(LINE);
        let start = if start <= room { start } else { 0 };
        memory.resize(start + len, T::default());
        Ok(Self { memory, start })
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.memory.get(self.start..).unwrap_or_default()
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.memory.get_mut(self.start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_and_count_begin_at_a_line() {
        fn check<T: Clone + Default + PartialEq + std::fmt::Debug>(len: usize) {
            // Kept, so that memory of many starts is lent.
            let kept: Vec<_> = (0..8)
                .map(|more| Aligned::<T>::zeros(len + more, "numbers").expect("enough memory"))
                .collect();
            for (more, numbers) in kept.iter().enumerate() {
                assert_eq!(numbers.as_ptr().addr() % LINE, 0, "{len} + {more}");
                assert_eq!(numbers.len(), len + more);
                assert!(numbers.iter().all(|number| *number == T::default()));
            }
        }
        for len in [0, 1, 15, 1000, 100_000] {
            check::<u8>(len);
            check::<f32>(len);
            check::<f64>(len);
        }
    }

    #[test]
    fn more_than_there_is_is_refused() {
        let error = Aligned::<f64>::zeros(usize::MAX, "the parameters").expect_err("too much");
        assert!(error.to_string().contains("the parameters would take"), "{error}");
    }
}
