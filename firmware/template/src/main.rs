//! Looks at the images of the test vector, as at those of a camera, and says what it sees.
//!
//! Exits with status 1 if the flash does not hold the exported numbers, or a score is not the desktop's.

#![no_std]
#![no_main]

use cortex_m as _; // The critical section.
use net::{CLASS_NAMES, Workspace, predict, scores, test_vector, verify};
use semihosting::{println, process::exit};

#[cortex_m_rt::entry]
fn main() -> ! {
    // On the stack; a large one is better a `static`, as docs/embedded.md shows.
    let mut workspace = Workspace::new();
    let mut passed = verify();
    for (image, expected) in test_vector::each() {
        let Ok(class) = predict(image, &mut workspace) else { exit(1) };
        println!("{}", CLASS_NAMES.get(class as usize).unwrap_or(&"?"));
        passed &= scores(image, &mut workspace).is_ok_and(|scores| scores == expected);
    }
    exit(i32::from(!passed))
}

/// Nothing above can panic, but Rust wants a handler.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
