//! Weights files, as they are and with a checksum that fits: without, hardly any would get past it.

#![no_main]

use barenet::{Arch, Weights};
use barenet_model::sealed::reseal;
use barenet_model::weights::{from_safetensors, read_config, to_safetensors};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

const ARCH: Arch<'static> = Arch::new(&[3, 2, 2]).with_batchnorm();

/// Checks that a file that reads is written as the bytes it was read from.
fn reads_and_writes(bytes: &[u8]) {
    let config = read_config(bytes, Path::new("f"));
    let Ok(file) = from_safetensors::<f32>(bytes, &ARCH, Path::new("f")) else { return };
    let weights = Weights::new(&ARCH, &file.params, &file.running).expect("the lengths are right");
    let config = config.unwrap_or_default();
    let written = to_safetensors(&ARCH, weights, &file.scales, &config).expect("can be written");
    assert!(written == bytes);
}

fuzz_target!(|bytes: &[u8]| {
    reads_and_writes(bytes);
    if let Some(mended) = reseal(bytes) {
        reads_and_writes(&mended);
    }
});
