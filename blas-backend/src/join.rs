//! Two pieces of work at once.

/// Runs two pieces of work, perhaps at once.
pub(crate) trait Join: Sync {
    fn join(&self, a: impl FnOnce() + Send, b: impl FnOnce() + Send);

    /// How many threads there are to do it.
    fn num_threads(&self) -> usize;
}

/// One after the other.
#[cfg(any(target_arch = "x86_64", feature = "matrixmultiply", feature = "openblas"))]
pub(crate) struct Sequential;

#[cfg(any(target_arch = "x86_64", feature = "matrixmultiply", feature = "openblas"))]
impl Join for Sequential {
    fn join(&self, a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
        a();
        b();
    }

    fn num_threads(&self) -> usize {
        1
    }
}
