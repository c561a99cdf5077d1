//! One inference of a network with its weights in flash: prints the scores beside the host's.
//!
//! Exits with status 1 if a bit differs, so running it is a test. Linked
//! with `panic-never`: if a panic could be reached, it would not link.

#![no_std]
#![no_main]

use barenet::{Error, Mat, Portable, Weights, predict};
use barenet_firmware::board::{entry, exit, measure};
use barenet_firmware::{
    FLASH_BYTES, HOST_SCORES, IMAGE, NET, PARAMS, RAM_BYTES, RUNNING, WORKSPACE_LEN, print,
    same_bits,
};
use panic_never as _;

#[entry]
fn main() -> ! {
    exit(infer().unwrap_or(false))
}

/// Computes and prints the scores; whether they are the host's.
fn infer() -> Result<bool, Error> {
    let mut workspace = [f32::NAN; WORKSPACE_LEN];
    let weights = Weights::new(&NET.arch, &PARAMS, &RUNNING)?;
    let x = Mat::new(&IMAGE, 1, NET.arch.input_dim())?;
    let measured = measure(|| NET.scores(&Portable, weights, x, &mut workspace));
    let scores = measured.result?;

    print!("class  device     host\n");
    for ((class, score), host_score) in (0_u32..).zip(scores.data()).zip(&HOST_SCORES) {
        print!("    ", class, " ", *score, " ", *host_score, "\n");
    }
    let same_bits = same_bits(scores.data(), &HOST_SCORES);
    print!("same bits as the host: ", if same_bits { "yes" } else { "no" }, "\n");
    print!("predicted class: ", predict(scores.data()), "\n");
    print!("weights in flash: ", FLASH_BYTES, " bytes\n");
    print!("workspace in RAM: ", RAM_BYTES, " bytes, stack: ", measured.stack, " bytes\n");
    Ok(same_bits)
}
