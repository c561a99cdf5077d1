//! Vectors of NEON, which has no masks: of a vector that is not whole, the lanes are copied one by one.

use super::vector::Vector;
use core::arch::aarch64 as arch;
use core::arch::asm;

macro_rules! impl_vector {
    ($name:ident, $t:ty, $lanes:literal, $vector:ident, $splat:ident, $load:ident, $store:ident,
     $fma:ident, $load_masked:expr, $store_masked:expr, $sums:expr, $transpose:expr) => {
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
                Self(unsafe { ($load_masked)(from, lanes) })
            }
            #[inline(always)]
            unsafe fn store_masked(self, to: *mut $t, lanes: usize) {
                unsafe { ($store_masked)(to, lanes, self.0) };
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
                    asm!("prfm pldl1keep, [{}]", in(reg) from.addr(), options(nomem, nostack, preserves_flags));
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
    |from: *const f32, lanes| match lanes {
        0 => arch::vdupq_n_f32(0.0),
        1 => arch::vld1q_lane_f32::<0>(from, arch::vdupq_n_f32(0.0)),
        2 => arch::vcombine_f32(arch::vld1_f32(from), arch::vdup_n_f32(0.0)),
        3 => {
            let high = arch::vld1_lane_f32::<0>(from.add(2), arch::vdup_n_f32(0.0));
            arch::vcombine_f32(arch::vld1_f32(from), high)
        }
        _ => arch::vld1q_f32(from),
    },
    |to: *mut f32, lanes, v| match lanes {
        0 => {}
        1 => arch::vst1q_lane_f32::<0>(to, v),
        2 => arch::vst1_f32(to, arch::vget_low_f32(v)),
        3 => {
            arch::vst1_f32(to, arch::vget_low_f32(v));
            arch::vst1q_lane_f32::<2>(to.add(2), v);
        }
        _ => arch::vst1q_f32(to, v),
    },
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
    |from: *const f64, lanes| match lanes {
        0 => arch::vdupq_n_f64(0.0),
        1 => arch::vld1q_lane_f64::<0>(from, arch::vdupq_n_f64(0.0)),
        _ => arch::vld1q_f64(from),
    },
    |to: *mut f64, lanes, v| match lanes {
        0 => {}
        1 => arch::vst1q_lane_f64::<0>(to, v),
        _ => arch::vst1q_f64(to, v),
    },
    |vectors: [_; 4]| vectors.map(|vector| arch::vaddvq_f64(vector)),
    |[a, b]: [_; 2]| [arch::vzip1q_f64(a, b), arch::vzip2q_f64(a, b)]
);
