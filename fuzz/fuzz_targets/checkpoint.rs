//! Checkpoints, as they are and with a checksum that fits: without, hardly any would get past it.

#![no_main]

use barenet_run::checkpoint::{Checkpoint, read_config};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Checks that a file that reads is written as the bytes it was read from.
fn reads_and_writes(bytes: &[u8]) {
    let file = Path::new("f");
    let config = read_config(bytes, file).ok();
    if let Ok(checkpoint) = Checkpoint::<f32>::from_bytes(bytes, file) {
        assert_eq!(config.as_ref(), Some(&checkpoint.config));
        assert!(checkpoint.to_bytes() == bytes);
    }
    if let Ok(checkpoint) = Checkpoint::<f64>::from_bytes(bytes, file) {
        assert_eq!(config.as_ref(), Some(&checkpoint.config));
        assert!(checkpoint.to_bytes() == bytes);
    }
}

fuzz_target!(|bytes: &[u8]| {
    reads_and_writes(bytes);
    let content = bytes.len().checked_sub(32).and_then(|len| bytes.get(..len)).unwrap_or(bytes);
    reads_and_writes(&[content, &Sha256::digest(content)[..]].concat());
});
