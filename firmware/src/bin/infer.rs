//! One inference of a network with its weights in flash: prints the scores beside the host's.
//!
//! Exits with status 1 if they differ by more than 1e-6 relative, so running it is a test.

#![no_std]
#![no_main]

use barenet::{Error, Mat, Portable, Weights, predict};
use barenet_firmware::{
    FLASH_BYTES, HOST_SCORES, IMAGE, NET, PARAMS, RAM_BYTES, RUNNING, WORKSPACE_LEN, max_rel_error,
};
use cortex_m_rt::entry;
use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};
use cortex_m_semihosting::hprintln;
use panic_semihosting as _;

/// The order of operations is the same, so the bits should be; this is what is promised.
const MAX_REL_ERROR: f32 = 1e-6;

#[entry]
fn main() -> ! {
    let status = match infer() {
        Ok(error) if error <= MAX_REL_ERROR => EXIT_SUCCESS,
        Ok(_) => {
            hprintln!("FAILED: a relative error of at most {:e} is allowed", MAX_REL_ERROR);
            EXIT_FAILURE
        }
        Err(error) => {
            hprintln!("FAILED: {}", error);
            EXIT_FAILURE
        }
    };
    loop {
        debug::exit(status);
    }
}

/// Computes and prints the scores; returns their largest relative error.
fn infer() -> Result<f32, Error> {
    let mut workspace = [f32::NAN; WORKSPACE_LEN];
    let weights = Weights::new(&NET.arch, &PARAMS, &RUNNING)?;
    let x = Mat::new(&IMAGE, 1, NET.arch.input_dim())?;
    let scores = NET.scores(&Portable, weights, x, &mut workspace)?;

    hprintln!("class      device        host");
    for (class, (score, host_score)) in scores.data().iter().zip(&HOST_SCORES).enumerate() {
        hprintln!("{:5}  {:10.6}  {:10.6}", class, score, host_score);
    }
    let error = max_rel_error(scores.data(), &HOST_SCORES);
    let same_bits = scores.data().iter().map(|s| s.to_bits()).eq(HOST_SCORES.map(f32::to_bits));
    hprintln!("largest relative error: {:e}{}", error, if same_bits { ", same bits" } else { "" });
    hprintln!("predicted class: {}", predict(scores.data()));
    hprintln!("layers: {:?}, batch norm: {}", NET.arch.dims(), NET.arch.has_batchnorm());
    hprintln!("weights in flash: {} bytes", FLASH_BYTES);
    hprintln!("workspace in RAM: {} bytes", RAM_BYTES);
    Ok(error)
}
