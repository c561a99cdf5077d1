//! An exported crate of an int8 file of TFLite as a function of C, for scripts/tflite.sh.

#![no_std]

use core::ptr::{addr_of_mut, null};
use net::{ARCH, Workspace, scores};

/// The bytes that the network gives for those at `x`; null if it gives none.
///
/// # Safety
///
/// As many bytes as the network has inputs lie at `x`, and no other call is under way.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rust_scores(x: *const i8) -> *const i8 {
    static mut WORKSPACE: Workspace = Workspace::new();
    // SAFETY: the caller's promise, and a static that nobody else has.
    let (x, workspace) = unsafe {
        (core::slice::from_raw_parts(x, ARCH.input_dim()), &mut *addr_of_mut!(WORKSPACE))
    };
    scores(x, workspace).map_or(null(), |scores| scores.as_ptr())
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
