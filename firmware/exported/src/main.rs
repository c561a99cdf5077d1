//! Crates that `barenet export` wrote, on the device, three in one program: each with its own test vector, whose
//! scores the desktop computed.
//!
//! Exits with status 1 if a bit differs. Links with `panic-never`: no panic can be reached in what it calls.

#![no_std]
#![no_main]

use cortex_m as _;
use panic_never as _;
use semihosting::sys::arm_compat::sys_writec;

#[cortex_m_rt::entry]
fn main() -> ! {
    let same_bits = f32::scores_are_those_of_the_export()
        && int8::scores_are_those_of_the_export()
        && other::scores_are_those_of_the_export();
    let text = if same_bits { "yes\n" } else { "no\n" };
    "same bits as the host: ".bytes().chain(text.bytes()).for_each(sys_writec);
    let passed = same_bits && f32::the_rest() && int8::the_rest() && other::the_rest();
    semihosting::process::exit(i32::from(!passed))
}

/// Checks of one exported crate.
macro_rules! check {
    ($name:ident, $net:ident) => {
        mod $name {
            use $net::{Error, Workspace, predict, scores, test_vector, verify};

            pub(super) fn scores_are_those_of_the_export() -> bool {
                let mut workspace = Workspace::new();
                let mut images = 0;
                for (image, expected) in test_vector::each() {
                    let Ok(scores) = scores(image, &mut workspace) else { return false };
                    let bits = scores.iter().map(|score| score.to_ne_bytes());
                    if !bits.eq(expected.iter().map(|score| score.to_ne_bytes())) {
                        return false;
                    }
                    // No class has a higher score than the predicted one.
                    let Ok(class) = predict(image, &mut workspace) else { return false };
                    let Some(best) = expected.get(class as usize) else { return false };
                    if expected.iter().any(|score| score > best) {
                        return false;
                    }
                    images += 1;
                }
                images > 0
            }

            pub(super) fn the_rest() -> bool {
                let short = predict(&[], &mut Workspace::new());
                verify() && matches!(short, Err(Error::Shape(e)) if e.what == "x")
            }
        }
    };
}

check!(f32, net_f32);
check!(int8, net_int8);
check!(other, other_int8);
