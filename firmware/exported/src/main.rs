//! A crate that `barenet export` wrote, on the device: its own test vector, whose scores the desktop
//! computed.
//!
//! Exits with status 1 if a bit differs. Links with `panic-never`: no panic can be reached in what it calls.

#![no_std]
#![no_main]

use cortex_m as _;
use net::{Error, Workspace, predict, scores, test_vector, verify};
use panic_never as _;
use semihosting::sys::arm_compat::sys_writec;

#[cortex_m_rt::entry]
fn main() -> ! {
    let same_bits = scores_are_those_of_the_export();
    let text = if same_bits { "yes\n" } else { "no\n" };
    "same bits as the host: ".bytes().chain(text.bytes()).for_each(sys_writec);
    let passed = same_bits && verify() && a_short_image_is_an_error();
    semihosting::process::exit(i32::from(!passed))
}

fn scores_are_those_of_the_export() -> bool {
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

fn a_short_image_is_an_error() -> bool {
    matches!(predict(&[], &mut Workspace::new()), Err(Error::Shape(e)) if e.what == "x")
}
