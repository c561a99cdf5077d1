//! Vectors of AVX-512 and AVX2.

mod squares;

use super::vector::Vector;
use core::arch::x86_64 as arch;
pub(crate) use squares::transpose_f32;
use squares::transpose_f64;

macro_rules! impl_vector {
    ($name:ident, $t:ty, $lanes:literal, $vector:ident, $mask:ty, $splat:ident, $load:ident,
     $store:ident, $fma:ident, $transpose:path, $to_mask:expr, $load_masked:expr, $store_masked:expr, $sums:expr) => {
        #[doc = concat!(stringify!($lanes), " numbers of type `", stringify!($t), "`.")]
        #[derive(Clone, Copy)]
        pub(super) struct $name(arch::$vector);

        // SAFETY, for every call of an intrinsic: the promises of `Vector`'s callers.
        #[allow(clippy::undocumented_unsafe_blocks, clippy::redundant_closure_call)]
        impl Vector for $name {
            type Element = $t;
            type Mask = $mask;
            const LANES: usize = $lanes;
            const SIDE: usize = 32 / size_of::<$t>();

            #[inline(always)]
            unsafe fn mask(lanes: usize) -> $mask {
                ($to_mask)(lanes)
            }
            #[inline(always)]
            unsafe fn splat(x: $t) -> Self {
                Self(unsafe { arch::$splat(x) })
            }
            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                Self(unsafe { arch::$load(from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                unsafe { arch::$store(to, self.0) };
            }
            #[inline(always)]
            unsafe fn load_masked(from: *const $t, mask: $mask) -> Self {
                Self(unsafe { ($load_masked)(from, mask) })
            }
            #[inline(always)]
            unsafe fn store_masked(self, to: *mut $t, mask: $mask) {
                unsafe { ($store_masked)(to, mask, self.0) };
            }
            #[inline(always)]
            unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                Self(unsafe { arch::$fma(self.0, b.0, c.0) })
            }
            #[inline(always)]
            unsafe fn sums(vectors: [Self; 4]) -> [$t; 4] {
                unsafe { ($sums)(vectors.map(|vector| vector.0)) }
            }
            #[inline(always)]
            unsafe fn transpose_square(from: (*const $t, usize), to: (*mut $t, usize)) {
                unsafe { $transpose(from, to) };
            }
            #[inline(always)]
            unsafe fn prefetch(from: *const $t) {
                unsafe { arch::_mm_prefetch::<{ arch::_MM_HINT_T0 }>(from.cast()) };
            }
        }
    };
}

/// The sums of the lanes, all four with one another.
#[target_feature(enable = "avx512f")]
fn sums_f32x16([a, b, c, d]: [arch::__m512; 4]) -> [f32; 4] {
    let add = |x, y| arch::_mm512_add_ps(x, y);
    let ab = add(arch::_mm512_unpacklo_ps(a, b), arch::_mm512_unpackhi_ps(a, b));
    let cd = add(arch::_mm512_unpacklo_ps(c, d), arch::_mm512_unpackhi_ps(c, d));
    let quarters = add(
        arch::_mm512_shuffle_ps::<0b01_00_01_00>(ab, cd),
        arch::_mm512_shuffle_ps::<0b11_10_11_10>(ab, cd),
    );
    let halves = add(quarters, arch::_mm512_shuffle_f32x4::<0b01_00_11_10>(quarters, quarters));
    let wholes = add(halves, arch::_mm512_shuffle_f32x4::<0b00_00_00_01>(halves, halves));
    let mut sums = [0.0; 4];
    // SAFETY: `sums` has room for four.
    unsafe { arch::_mm_storeu_ps(sums.as_mut_ptr(), arch::_mm512_castps512_ps128(wholes)) };
    sums
}

/// The sums of the lanes, all four with one another.
#[target_feature(enable = "avx2")]
fn sums_f32x8([a, b, c, d]: [arch::__m256; 4]) -> [f32; 4] {
    let (ab, cd) = (arch::_mm256_hadd_ps(a, b), arch::_mm256_hadd_ps(c, d));
    let halves = arch::_mm256_hadd_ps(ab, cd);
    let wholes = arch::_mm_add_ps(
        arch::_mm256_castps256_ps128(halves),
        arch::_mm256_extractf128_ps::<1>(halves),
    );
    let mut sums = [0.0; 4];
    // SAFETY: `sums` has room for four.
    unsafe { arch::_mm_storeu_ps(sums.as_mut_ptr(), wholes) };
    sums
}

/// The sums of the lanes.
#[target_feature(enable = "avx2")]
fn sums_f64x4(vectors: [arch::__m256d; 4]) -> [f64; 4] {
    vectors.map(|vector| {
        let halves = arch::_mm_add_pd(
            arch::_mm256_castpd256_pd128(vector),
            arch::_mm256_extractf128_pd::<1>(vector),
        );
        arch::_mm_cvtsd_f64(arch::_mm_hadd_pd(halves, halves))
    })
}

/// As many ones as lanes, and behind them zeros: a window of it is a mask.
static ONES_AND_ZEROS: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

impl_vector!(
    F32x16,
    f32,
    16,
    __m512,
    u16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_fmadd_ps,
    transpose_f32,
    |lanes: usize| if lanes >= 16 { u16::MAX } else { (1 << lanes) - 1 },
    |from, mask| arch::_mm512_maskz_loadu_ps(mask, from),
    |to, mask, v| arch::_mm512_mask_storeu_ps(to, mask, v),
    |vectors| sums_f32x16(vectors)
);
impl_vector!(
    F64x8,
    f64,
    8,
    __m512d,
    u8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_fmadd_pd,
    transpose_f64,
    |lanes: usize| if lanes >= 8 { u8::MAX } else { (1 << lanes) - 1 },
    |from, mask| arch::_mm512_maskz_loadu_pd(mask, from),
    |to, mask, v| arch::_mm512_mask_storeu_pd(to, mask, v),
    |vectors: [arch::__m512d; 4]| vectors.map(|vector| arch::_mm512_reduce_add_pd(vector))
);
impl_vector!(
    F32x8,
    f32,
    8,
    __m256,
    arch::__m256i,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_fmadd_ps,
    transpose_f32,
    |lanes: usize| unsafe {
        arch::_mm256_loadu_si256(ONES_AND_ZEROS.as_ptr().add(8 - lanes.min(8)).cast())
    },
    |from, mask| arch::_mm256_maskload_ps(from, mask),
    |to, mask, v| arch::_mm256_maskstore_ps(to, mask, v),
    |vectors| sums_f32x8(vectors)
);
impl_vector!(
    F64x4,
    f64,
    4,
    __m256d,
    arch::__m256i,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_fmadd_pd,
    transpose_f64,
    |lanes: usize| unsafe {
        arch::_mm256_loadu_si256(ONES_AND_ZEROS.as_ptr().add(8 - 2 * lanes.min(4)).cast())
    },
    |from, mask| arch::_mm256_maskload_pd(from, mask),
    |to, mask, v| arch::_mm256_maskstore_pd(to, mask, v),
    |vectors| sums_f64x4(vectors)
);
