//! Squares of 32 bytes a row, transposed.

use core::arch::x86_64 as arch;

/// Copies 8 × 8 numbers transposed.
///
/// # Safety
///
/// Both squares must be there and not overlap. The code must be compiled for AVX2, and the CPU have it.
#[inline(always)]
pub(crate) unsafe fn transpose_f32(
    (from, from_stride): (*const f32, usize),
    (to, to_stride): (*mut f32, usize),
) {
    // SAFETY: the promise of the caller.
    unsafe {
        let mut x = [arch::_mm256_setzero_ps(); 8];
        // Rows 0 to 3 and 4 to 7 side by side: columns 0 to 3 in the first four, 4 to 7 behind.
        for i in 0..4 {
            let (upper, lower) = (from.add(i * from_stride), from.add((i + 4) * from_stride));
            for (half, x) in x.iter_mut().skip(i).step_by(4).enumerate() {
                let upper = arch::_mm256_castps128_ps256(arch::_mm_loadu_ps(upper.add(4 * half)));
                *x =
                    arch::_mm256_insertf128_ps::<1>(upper, arch::_mm_loadu_ps(lower.add(4 * half)));
            }
        }
        for (half, x) in x.chunks_exact(4).enumerate() {
            let (ab, cd) =
                (arch::_mm256_unpacklo_ps(x[0], x[1]), arch::_mm256_unpacklo_ps(x[2], x[3]));
            let (ef, gh) =
                (arch::_mm256_unpackhi_ps(x[0], x[1]), arch::_mm256_unpackhi_ps(x[2], x[3]));
            let columns = [
                arch::_mm256_shuffle_ps::<0x44>(ab, cd),
                arch::_mm256_shuffle_ps::<0xEE>(ab, cd),
                arch::_mm256_shuffle_ps::<0x44>(ef, gh),
                arch::_mm256_shuffle_ps::<0xEE>(ef, gh),
            ];
            for (j, column) in columns.into_iter().enumerate() {
                arch::_mm256_storeu_ps(to.add((4 * half + j) * to_stride), column);
            }
        }
    }
}

/// Copies 4 × 4 numbers transposed.
///
/// # Safety
///
/// Both squares must be there and not overlap. The code must be compiled for AVX2, and the CPU have it.
#[inline(always)]
pub(super) unsafe fn transpose_f64(
    (from, from_stride): (*const f64, usize),
    (to, to_stride): (*mut f64, usize),
) {
    // SAFETY: the promise of the caller.
    unsafe {
        for left in [0, 2] {
            let mut x = [arch::_mm256_setzero_pd(); 2];
            for (i, x) in x.iter_mut().enumerate() {
                let (upper, lower) = (from.add(i * from_stride), from.add((i + 2) * from_stride));
                let upper = arch::_mm256_castpd128_pd256(arch::_mm_loadu_pd(upper.add(left)));
                *x = arch::_mm256_insertf128_pd::<1>(upper, arch::_mm_loadu_pd(lower.add(left)));
            }
            let columns =
                [arch::_mm256_unpacklo_pd(x[0], x[1]), arch::_mm256_unpackhi_pd(x[0], x[1])];
            for (j, column) in columns.into_iter().enumerate() {
                arch::_mm256_storeu_pd(to.add((left + j) * to_stride), column);
            }
        }
    }
}
