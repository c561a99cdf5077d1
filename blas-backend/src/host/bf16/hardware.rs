//! The matrix unit itself: AMX.
//!
//! Stable Rust knows neither its instructions nor its registers, so each operation is assembly. No code of a program is
//! compiled for AMX; so nothing but this touches the tiles of a thread, and the system keeps them for it, as it does vectors.

use super::unit::{SIDE, Unit};
use crate::host::isa::run_with_avx512;
use barenet::Pass;
use core::arch::asm;
use core::marker::PhantomData;

/// AMX, while this thread multiplies: at other times its tiles are released, so that the system need not keep them.
pub(crate) struct Hardware(PhantomData<*const ()>);

/// What `ldtilecfg` reads: the sizes of the tiles.
#[repr(C, align(64))]
struct TileConfig {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// Eight tiles of 1 KiB.
static CONFIG: TileConfig = TileConfig {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

const _: () = assert!(size_of::<TileConfig>() == 64 && SIDE == 16);

impl Unit for Hardware {
    #[inline(always)]
    unsafe fn start() -> Self {
        // SAFETY: the machine has AMX, and the system lets this process use it: the promise of the caller. The
        // configuration is one that the first palette has.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const CONFIG, options(nostack, preserves_flags));
        }
        Self(PhantomData)
    }

    unsafe fn vectorized<P: Pass>(pass: P) -> P::Output {
        // SAFETY: the promise of the caller: it is on no CPU without AVX-512.
        unsafe { run_with_avx512(pass) }
    }

    #[inline(always)]
    fn zero<const T: usize>(&mut self) {
        // SAFETY: the tiles are configured while this exists; the compiler knows none of them.
        unsafe { asm!("tilezero tmm{t}", t = const T, options(nostack, preserves_flags)) };
    }

    #[inline(always)]
    unsafe fn load<const T: usize>(&mut self, from: *const u32) {
        // SAFETY: as above, and the promise of the caller: 16 rows of 64 bytes.
        unsafe {
            asm!(
                "tileloadd tmm{t}, [{from} + {stride}*1]",
                t = const T,
                from = in(reg) from,
                stride = in(reg) 4 * SIDE,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)]
    fn multiply<const C: usize, const A: usize, const B: usize>(&mut self) {
        // SAFETY: as above.
        unsafe {
            asm!(
                "tdpbf16ps tmm{c}, tmm{a}, tmm{b}",
                c = const C,
                a = const A,
                b = const B,
                options(nostack, preserves_flags),
            );
        }
    }

    #[inline(always)]
    unsafe fn store<const T: usize>(&mut self, to: *mut f32, stride: usize) {
        // SAFETY: as above, and the promise of the caller.
        unsafe {
            asm!(
                "tilestored [{to} + {stride}*1], tmm{t}",
                t = const T,
                to = in(reg) to,
                stride = in(reg) 4 * stride,
                options(nostack, preserves_flags),
            );
        }
    }
}

impl Drop for Hardware {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the machine has AMX. Nothing is in the tiles that is used again.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags)) };
    }
}
