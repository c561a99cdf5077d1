//! Crates that `barenet export` wrote, on the device, all in one program: each with its own test vector, whose
//! scores and answers the desktop computed.
//!
//! Exits with status 1 if a bit differs. Links with `panic-never`: no panic can be reached in what it calls.

#![no_std]
#![no_main]

use cortex_m as _;
use panic_never as _;
use semihosting::sys::arm_compat::sys_writec;

#[cortex_m_rt::entry]
fn main() -> ! {
    let same_bits = CHECKS.iter().all(|check| (check.same_bits)());
    let text = if same_bits { "yes\n" } else { "no\n" };
    "same bits as the host: ".bytes().chain(text.bytes()).for_each(sys_writec);
    let passed = same_bits && CHECKS.iter().all(|check| (check.the_rest)());
    semihosting::process::exit(i32::from(!passed))
}

/// Checks of one exported crate.
struct Check {
    /// Whether scores and answers are those of the export.
    same_bits: fn() -> bool,
    /// Whether the weights are, and a sample of another length is refused.
    the_rest: fn() -> bool,
}

/// The checks of a crate whose function `$answer` answers.
macro_rules! check {
    ($net:ident, $answer:ident, $answers:ident) => {
        Check {
            same_bits: || {
                let mut workspace = $net::Workspace::new();
                let mut samples = 0;
                for (sample, expected) in $net::test_vector::each() {
                    let Ok(scores) = $net::scores(sample, &mut workspace) else { return false };
                    let bits = scores.iter().map(|score| score.to_ne_bytes());
                    if !bits.eq(expected.iter().map(|score| score.to_ne_bytes())) {
                        return false;
                    }
                    samples += 1;
                }
                samples > 0 && $answers!($net, $answer)
            },
            the_rest: || {
                let short = $net::$answer(&[], &mut $net::Workspace::new());
                $net::verify() && matches!(short, Err($net::Error::Shape(e)) if e.what == "x")
            },
        }
    };
}

/// Whether no class has a higher score than the predicted one.
macro_rules! classes {
    ($net:ident, $answer:ident) => {
        $net::test_vector::each().all(|(sample, scores)| {
            let Ok(class) = $net::$answer(sample, &mut $net::Workspace::new()) else {
                return false;
            };
            scores.get(class as usize).is_some_and(|best| scores.iter().all(|score| score <= best))
        })
    };
}

/// Whether answers that are numbers are those of the export.
macro_rules! numbers {
    ($net:ident, $answer:ident) => {
        $net::test_vector::each().zip(&$net::test_vector::ANSWERS).all(|((sample, _), expected)| {
            $net::$answer(sample, &mut $net::Workspace::new()).is_ok_and(|found| found == *expected)
        })
    };
}

static CHECKS: [Check; 11] = [
    check!(images_f32, predict, classes),
    check!(images_int8, predict, classes),
    check!(other_int8, predict, classes),
    check!(local_f32, predict, classes),
    check!(local_int8, predict, classes),
    check!(iris_f32, predict, classes),
    check!(diabetes_f32, predict, numbers),
    check!(setosa_f32, anomaly_score, numbers),
    check!(iris_int8, predict, classes),
    check!(diabetes_int8, predict, numbers),
    check!(setosa_int8, anomaly_score, numbers),
];
