//! What a matrix unit does.

use barenet::Pass;

/// Rows of a tile, and numbers of 32 bits in each: an `f32`, or two bf16.
pub(super) const SIDE: usize = 16;

/// Numbers of 32 bits in a tile, which has 1 KiB.
pub(super) const TILE: usize = SIDE * SIDE;

/// Numbers of k that a tile has: of A in a row of pairs, of B in a column of pairs.
pub(super) const DEPTH: usize = 2 * SIDE;

/// A matrix unit: eight tiles, and the operations on them.
pub(crate) trait Unit: Sized {
    /// Makes the unit ready on this thread, until it is dropped.
    ///
    /// # Safety
    ///
    /// The machine must have it.
    unsafe fn start() -> Self;

    /// Runs a pass that uses the unit, compiled for the vectors that a CPU with it has.
    ///
    /// # Safety
    ///
    /// The machine must have it.
    unsafe fn vectorized<P: Pass>(pass: P) -> P::Output;

    /// T ← 0.
    fn zero<const T: usize>(&mut self);

    /// T ← the numbers of a tile.
    ///
    /// # Safety
    ///
    /// There must be [`TILE`] numbers, until the tile is loaded again or the unit dropped.
    unsafe fn load<const T: usize>(&mut self, from: *const u32);

    /// C ← C + A·B. Row i of A has pairs of bf16 along k, the first one of each in the lower half; row p of B
    /// has pair number p of each column.
    fn multiply<const C: usize, const A: usize, const B: usize>(&mut self);

    /// Writes a tile of `f32`, its rows so many numbers from each other.
    ///
    /// # Safety
    ///
    /// There must be room.
    unsafe fn store<const T: usize>(&mut self, to: *mut f32, stride: usize);
}
