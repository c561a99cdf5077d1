//! Checkpoints, as they are and with a checksum that fits: without, hardly any would get past it.

#![no_main]

use barenet_model::number::Number;
use barenet_model::sealed::reseal;
use barenet_run::checkpoint::{Checkpoint, read_config};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

/// Checks that a file that reads is written as the bytes it was read from.
fn reads_and_writes<T: Number>(bytes: &[u8]) {
    let file = Path::new("f");
    let config = read_config(bytes, file).ok();
    if let Ok(checkpoint) = Checkpoint::<T>::from_bytes(bytes, file) {
        assert_eq!(config.as_ref(), Some(&checkpoint.config));
        assert!(checkpoint.to_bytes().is_ok_and(|written| written == bytes));
    }
}

fuzz_target!(|bytes: &[u8]| {
    for bytes in [Some(bytes.to_vec()), reseal(bytes)].into_iter().flatten() {
        reads_and_writes::<f32>(&bytes);
        reads_and_writes::<f64>(&bytes);
    }
});
