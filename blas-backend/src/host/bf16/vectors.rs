//! Vectors of AVX-512 that multiply bf16, as a matrix unit: twice as many multiply-adds an instruction as with `f32`.

use super::unit::{SIDE, TILE, Unit};
use crate::host::isa::{Isa, run_with_avx512};
use barenet::Pass;
use core::arch::x86_64 as arch;
use core::ptr;

/// Tiles in memory: sums, which are written, and where the operands are.
pub(crate) struct Vectors {
    sums: [Sums; 4],
    operands: [*const u32; 8],
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Sums([f32; TILE]);

impl Vectors {
    /// Whether the CPU has them.
    pub(super) fn are_here() -> bool {
        Isa::of_this_cpu() == Some(Isa::Avx512) && is_x86_feature_detected!("avx512bf16")
    }
}

/// C ← C + A·B. For each number of C, pair after pair of k: of a pair the second product first, each added by a
/// multiply-add that rounds once.
///
/// # Safety
///
/// A and B must be tiles, and the CPU have the instructions.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn multiply(Sums(sums): &mut Sums, a: *const u32, b: *const u32) {
    // SAFETY: 16 rows of 16 numbers each; vectors of two bf16 a lane, and of f32, are any bits.
    unsafe {
        let mut c: [_; SIDE] =
            core::array::from_fn(|i| arch::_mm512_load_ps(sums.as_ptr().add(i * SIDE)));
        for p in 0..SIDE {
            let b = arch::_mm512_load_si512(b.add(p * SIDE).cast());
            let b = core::mem::transmute::<arch::__m512i, arch::__m512bh>(b);
            for (i, c) in c.iter_mut().enumerate() {
                let a = arch::_mm512_set1_epi32((*a.add(i * SIDE + p)).cast_signed());
                let a = core::mem::transmute::<arch::__m512i, arch::__m512bh>(a);
                *c = arch::_mm512_dpbf16_ps(*c, a, b);
            }
        }
        for (i, c) in c.into_iter().enumerate() {
            arch::_mm512_store_ps(sums.as_mut_ptr().add(i * SIDE), c);
        }
    }
}

impl Unit for Vectors {
    #[inline(always)]
    unsafe fn start() -> Self {
        Self { sums: [Sums([0.0; TILE]); 4], operands: [ptr::null(); 8] }
    }

    unsafe fn vectorized<P: Pass>(pass: P) -> P::Output {
        // SAFETY: the promise of the caller: it is on no CPU without AVX-512.
        unsafe { run_with_avx512(pass) }
    }

    #[inline(always)]
    fn zero<const T: usize>(&mut self) {
        self.sums[T].0 = [0.0; TILE];
    }

    #[inline(always)]
    unsafe fn load<const T: usize>(&mut self, from: *const u32) {
        self.operands[T] = from;
    }

    #[inline(always)]
    fn multiply<const C: usize, const A: usize, const B: usize>(&mut self) {
        // SAFETY: the CPU has the instructions, by `start`; the tiles are there, by `load`.
        unsafe { multiply(&mut self.sums[C], self.operands[A], self.operands[B]) };
    }

    #[inline(always)]
    unsafe fn store<const T: usize>(&mut self, to: *mut f32, stride: usize) {
        for (i, row) in self.sums[T].0.as_chunks::<SIDE>().0.iter().enumerate() {
            // SAFETY: the promise of the caller.
            unsafe { *to.add(i * stride).cast() = *row };
        }
    }
}
