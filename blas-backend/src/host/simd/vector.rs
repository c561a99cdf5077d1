//! Vectors of numbers, for the instruction sets that kernels are made for.

use barenet::Float;

/// A vector of numbers.
///
/// # Safety
///
/// All functions may be called only in code compiled for an instruction set that has them, on a CPU
/// that has it; the pointers must be good for the lanes that the mask names.
pub(super) trait Vector: Copy {
    /// The number in a lane.
    type Element: Float;
    /// Says which lanes are there: the first so many.
    type Mask: Copy;
    /// The number of lanes.
    const LANES: usize;
    /// Rows and columns of the squares that are transposed in registers.
    const SIDE: usize;

    unsafe fn mask(lanes: usize) -> Self::Mask;
    unsafe fn splat(x: Self::Element) -> Self;
    unsafe fn load(from: *const Self::Element) -> Self;
    unsafe fn store(self, to: *mut Self::Element);
    unsafe fn load_masked(from: *const Self::Element, mask: Self::Mask) -> Self;
    unsafe fn store_masked(self, to: *mut Self::Element, mask: Self::Mask);
    /// self · b + c, rounded once.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    /// The sum of the lanes of each vector.
    unsafe fn sums(vectors: [Self; 4]) -> [Self::Element; 4];
    /// Copies a square of [`Self::SIDE`] rows and columns transposed. Both squares must be there and not overlap.
    unsafe fn transpose_square(
        from: (*const Self::Element, usize),
        to: (*mut Self::Element, usize),
    );
    /// Asks the CPU to bring what lies at an address, which need not exist, into its first-level cache.
    unsafe fn prefetch(from: *const Self::Element);
}
