//! Weights files.

#![no_main]

use barenet::{Arch, Weights};
use barenet_model::weights::{from_safetensors, read_config, to_safetensors};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

const ARCH: Arch<'static> = Arch::new(&[3, 2, 2]).with_batchnorm();

fuzz_target!(|bytes: &[u8]| {
    let config = read_config(bytes, Path::new("f"));
    let Ok(file) = from_safetensors::<f32>(bytes, &ARCH, Path::new("f")) else { return };
    assert_eq!(file.params.len(), ARCH.num_params());
    assert_eq!(file.running.len(), ARCH.num_running());
    let weights = Weights::new(&ARCH, &file.params, &file.running).expect("the lengths are right");
    let config = config.unwrap_or_default();
    let written =
        to_safetensors(&ARCH, weights, &file.mean_image, &config).expect("can be written");
    let again = from_safetensors::<f32>(&written, &ARCH, Path::new("f")).expect("and read");
    let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&again.params), bits(&file.params));
});
