//! How deep a stack became: it is painted, and afterwards the paint that is left is counted.

#![allow(unsafe_code)] // Only a measurement reads memory that nobody owns.

use core::hint::black_box;
use core::ptr::{self, addr_of};

const PAINT: u32 = 0xC0DE_CAFE;
/// Bytes below the caller's frame that are not painted, because `paint` itself runs there.
const OWN_FRAME: usize = 128;

unsafe extern "C" {
    // The end of the statics, where a heap would start: a deeper stack would run into them.
    #[link_name = "__sheap"]
    static LOWEST: u32;
}

/// A painted stack.
#[derive(Clone, Copy, Debug)]
pub struct Painted {
    top: usize,
}

/// Paints the stack from the end of the statics to just below the caller.
#[inline(never)]
pub fn paint() -> Painted {
    let here = 0_u32;
    let top = addr_of!(*black_box(&here)).addr();
    let end = ptr::with_exposed_provenance_mut::<u32>(top.saturating_sub(OWN_FRAME) & !3);
    // Only the address of the symbol is used.
    let mut word = addr_of!(LOWEST).cast_mut();
    while word < end {
        // SAFETY: the memory from the end of the statics to below this frame is the stack that is
        // not in use; there is no heap, and interrupts are off.
        unsafe { word.write_volatile(PAINT) };
        word = word.wrapping_add(1);
    }
    Painted { top }
}

impl Painted {
    /// Bytes of stack used since, counted from the frame of [`paint`]: what was called and returned
    /// needed no more than this.
    #[must_use]
    pub fn depth(self) -> usize {
        let mut word = addr_of!(LOWEST);
        // SAFETY: as in `paint`: it is RAM, aligned, and written there.
        while word.addr() < self.top && unsafe { word.read_volatile() } == PAINT {
            word = word.wrapping_add(1);
        }
        self.top.saturating_sub(word.addr())
    }
}
