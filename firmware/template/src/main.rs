//! Looks at the samples of the test vector, as at those of a sensor, and says what it sees: whatever the exported
//! network answers, of which `build.rs` finds out the kind. Your program keeps one of the three.
//!
//! Exits with status 1 if the flash does not hold the exported numbers, or a score is not the desktop's.

#![no_std]
#![no_main]

use cortex_m as _; // The critical section.
use net::{Workspace, scores, test_vector, verify};
use semihosting::{println, process::exit};

#[cortex_m_rt::entry]
fn main() -> ! {
    // On the stack; a large one is better a `static`, as docs/embedded.md shows.
    let mut workspace = Workspace::new();
    let mut passed = verify();
    for (sample, expected) in test_vector::each() {
        #[cfg(answer = "class")]
        {
            let Ok(class) = net::predict(sample, &mut workspace) else { exit(1) };
            println!("{}", net::CLASS_NAMES.get(class as usize).unwrap_or(&"?"));
        }
        #[cfg(answer = "values")]
        {
            let Ok(values) = net::predict(sample, &mut workspace) else { exit(1) };
            for (name, value) in net::TARGET_NAMES.iter().zip(values) {
                println!("{name} {value}");
            }
        }
        #[cfg(answer = "anomaly")]
        {
            let Ok(score) = net::anomaly_score(sample, &mut workspace) else { exit(1) };
            println!("{score} {}", if score > net::THRESHOLD { "anomaly" } else { "normal" });
        }
        passed &= scores(sample, &mut workspace).is_ok_and(|scores| scores == expected);
    }
    exit(i32::from(!passed))
}

/// Nothing above can panic, but Rust wants a handler.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
