//! Vectors of NEON, which has no masks: of a vector that is not whole, the lanes are copied one by one.

use super::vector::Vector;
use core::arch::aarch64 as arch;
use core::arch::asm;

macro_rules! impl_vector {
    ($name:ident, $t:ty, $lanes:literal, $vector:ident, $splat:ident, $load:ident, $store:ident,
     $fma:ident, $sums:expr, $transpose:expr) => {
        #[doc = concat!(stringify!($lanes), " numbers of type `", stringify!($t), "`.")]
        #[derive(Clone, Copy)]
        pub(super) struct $name(arch::$vector);

        // SAFETY, for every call of an intrinsic: the promises of `Vector`'s callers.
        #[allow(clippy::undocumented_unsafe_blocks, clippy::redundant_closure_call)]
        impl Vector for $name {
            type Element = $t;
            /// The number of lanes.
            type Mask = usize;
            const LANES: usize = $lanes;
            const SIDE: usize = $lanes;

            #[inline(always)]
            unsafe fn mask(lanes: usize) -> usize {
                lanes.min($lanes)
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
            unsafe fn load_masked(from: *const $t, lanes: usize) -> Self {
                if lanes == $lanes {
                    return unsafe { Self::load(from) };
                }
                let mut numbers = [0.0; $lanes];
                for (lane, number) in numbers.iter_mut().enumerate().take(lanes) {
                    *number = unsafe { *from.add(lane) };
                }
                unsafe { Self::load(numbers.as_ptr()) }
            }
            #[inline(always)]
            unsafe fn store_masked(self, to: *mut $t, lanes: usize) {
                if lanes == $lanes {
                    return unsafe { self.store(to) };
                }
                let mut numbers = [0.0; $lanes];
                unsafe { self.store(numbers.as_mut_ptr()) };
                for (lane, number) in numbers.into_iter().enumerate().take(lanes) {
                    unsafe { *to.add(lane) = number };
                }
            }
            #[inline(always)]
            unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                Self(unsafe { arch::$fma(c.0, self.0, b.0) })
            }
            #[inline(always)]
            unsafe fn sums(vectors: [Self; 4]) -> [$t; 4] {
                unsafe { ($sums)(vectors.map(|vector| vector.0)) }
            }
            #[inline(always)]
            unsafe fn transpose_square(
                (from, from_stride): (*const $t, usize),
                (to, to_stride): (*mut $t, usize),
            ) {
                unsafe {
                    let rows: [_; $lanes] =
                        core::array::from_fn(|i| arch::$load(from.add(i * from_stride)));
                    for (j, column) in ($transpose)(rows).into_iter().enumerate() {
                        arch::$store(to.add(j * to_stride), column);
                    }
                }
            }
            #[inline(always)]
            unsafe fn prefetch(from: *const $t) {
                // The instruction reads nothing and faults on no address.
                unsafe {
                    asm!("prfm pldl1keep, [{}]", in(reg) from, options(nomem, nostack, preserves_flags));
                }
            }
        }
    };
}

impl_vector!(
    F32x4,
    f32,
    4,
    float32x4_t,
    vdupq_n_f32,
    vld1q_f32,
    vst1q_f32,
    vfmaq_f32,
    |[a, b, c, d]: [_; 4]| {
        let mut sums = [0.0; 4];
        let pairs = arch::vpaddq_f32(arch::vpaddq_f32(a, b), arch::vpaddq_f32(c, d));
        arch::vst1q_f32(sums.as_mut_ptr(), pairs);
        sums
    },
    |[a, b, c, d]: [_; 4]| {
        let (ac, ac_high) = (arch::vzip1q_f32(a, c), arch::vzip2q_f32(a, c));
        let (bd, bd_high) = (arch::vzip1q_f32(b, d), arch::vzip2q_f32(b, d));
        [
            arch::vzip1q_f32(ac, bd),
            arch::vzip2q_f32(ac, bd),
            arch::vzip1q_f32(ac_high, bd_high),
            arch::vzip2q_f32(ac_high, bd_high),
        ]
    }
);
impl_vector!(
    F64x2,
    f64,
    2,
    float64x2_t,
    vdupq_n_f64,
    vld1q_f64,
    vst1q_f64,
    vfmaq_f64,
    |vectors: [_; 4]| vectors.map(|vector| arch::vaddvq_f64(vector)),
    |[a, b]: [_; 2]| [arch::vzip1q_f64(a, b), arch::vzip2q_f64(a, b)]
);
