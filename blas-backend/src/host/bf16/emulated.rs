//! The arithmetic of AMX, without it.

use super::unit::{SIDE, TILE, Unit};
use crate::host::isa::run_vectorized;
use barenet::Pass;

/// The tiles of AMX in memory.
///
/// A product has the bits of `tdpbf16ps`, as Intel's manual defines it (Software Developer's Manual, volume 2): for each
/// number of C, the products of the even numbers of k are summed by multiply-adds that round once, beginning at 0, and those
/// of the odd numbers likewise; then the sum of both sums is added to C. All rounds to the nearest, and takes subnormal
/// numbers for 0, as does a thread that multiplies here.
pub(crate) struct Emulated {
    tiles: [[u32; TILE]; 8],
}

/// The first and the second of a pair of bf16.
#[inline(always)]
const fn pair(bits: u32) -> [f32; 2] {
    [f32::from_bits(bits << 16), f32::from_bits(bits & 0xFFFF_0000)]
}

impl Unit for Emulated {
    #[inline(always)]
    unsafe fn start() -> Self {
        Self { tiles: [[0; TILE]; 8] }
    }

    unsafe fn vectorized<P: Pass>(pass: P) -> P::Output {
        run_vectorized(pass)
    }

    #[inline(always)]
    fn zero<const T: usize>(&mut self) {
        self.tiles[T] = [0; TILE];
    }

    #[inline(always)]
    unsafe fn load<const T: usize>(&mut self, from: *const u32) {
        // SAFETY: the promise of the caller.
        self.tiles[T] = unsafe { *from.cast() };
    }

    #[inline(always)]
    fn multiply<const C: usize, const A: usize, const B: usize>(&mut self) {
        let (mut c, a, b) = (self.tiles[C], &self.tiles[A], &self.tiles[B]);
        for (c, a) in c.as_chunks_mut::<SIDE>().0.iter_mut().zip(a.as_chunks::<SIDE>().0) {
            let mut sums = [[0.0_f32; SIDE]; 2];
            for (&a, b) in a.iter().zip(b.as_chunks::<SIDE>().0) {
                let [even, odd] = pair(a);
                for j in 0..SIDE {
                    let b = pair(b[j]);
                    sums[0][j] = even.mul_add(b[0], sums[0][j]);
                    sums[1][j] = odd.mul_add(b[1], sums[1][j]);
                }
            }
            for (c, (even, odd)) in c.iter_mut().zip(sums[0].iter().zip(&sums[1])) {
                *c = (f32::from_bits(*c) + (even + odd)).to_bits();
            }
        }
        self.tiles[C] = c;
    }

    #[inline(always)]
    unsafe fn store<const T: usize>(&mut self, to: *mut f32, stride: usize) {
        for (i, row) in self.tiles[T].as_chunks::<SIDE>().0.iter().enumerate() {
            // SAFETY: the promise of the caller.
            unsafe { *to.add(i * stride).cast() = *row };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(of: impl Fn(usize, usize) -> [f32; 2]) -> [u32; TILE] {
        core::array::from_fn(|at| {
            let [first, second] = of(at / SIDE, at % SIDE);
            first.to_bits() >> 16 | second.to_bits() & 0xFFFF_0000
        })
    }

    fn product(c: f32, a: [u32; TILE], b: [u32; TILE]) -> [f32; TILE] {
        // SAFETY: the emulation is everywhere; the tiles are arrays of the right length.
        unsafe {
            let mut unit = Emulated::start();
            unit.load::<0>([c.to_bits(); TILE].as_ptr());
            unit.load::<3>(a.as_ptr());
            unit.load::<5>(b.as_ptr());
            unit.multiply::<0, 3, 5>();
            let mut out = [0.0; TILE];
            unit.store::<0>(out.as_mut_ptr(), SIDE);
            out
        }
    }

    #[test]
    fn a_product_of_integers_is_exact() {
        let number = |i: usize, l: usize| ((i * 7 + l * 5) % 19) as f32 - 9.0;
        let a = tile(|i, p| [number(i, 2 * p), number(i, 2 * p + 1)]);
        let b = tile(|p, j| [number(j + 3, 2 * p), number(j + 3, 2 * p + 1)]);
        let c = product(10.0, a, b);
        for (at, c) in c.into_iter().enumerate() {
            let (i, j) = (at / SIDE, at % SIDE);
            let sum: f32 = (0..32).map(|l| number(i, l) * number(j + 3, l)).sum();
            assert_eq!(c, 10.0 + sum);
        }
    }

    /// 2²⁴ and as many ones as are each too small for it: what becomes of them says in which order they are added.
    #[test]
    fn even_and_odd_numbers_of_k_are_summed_apart_and_then_added_to_c() {
        let large = f32::from_bits(0x4B80_0000);
        let ones = tile(|_, _| [1.0, 1.0]);
        // All 16 ones of the odd numbers at once, none of the even ones behind the large number.
        let b = tile(|p, _| [if p == 0 { large } else { 1.0 }, 1.0]);
        assert_eq!(product(0.0, ones, b), [large + 16.0; TILE]);
        // All 32 together.
        assert_eq!(product(large, ones, ones), [large + 32.0; TILE]);
        // Each by itself, to the even one of two.
        let b = tile(|p, _| [if p == 0 { large } else { 1.0 }; 2]);
        assert_eq!(product(1.0, ones, b), [2.0 * large; TILE]);
    }
}
