//! CIFAR-10 batches, python version.

#![no_main]

use barenet_data::Records;
use barenet_data::formats::cifar10::{IMAGE_LEN, NUM_CLASSES};
use barenet_data::formats::pickle::parse_batch;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut images = Records::new(IMAGE_LEN);
    for count in [1, 2] {
        if parse_batch("f", bytes, count, &mut images).is_ok() {
            assert!(images.labels().iter().all(|&label| (label as usize) < NUM_CLASSES));
            assert!((0..images.len()).all(|i| images.bytes(i).len() == IMAGE_LEN));
        }
    }
});
