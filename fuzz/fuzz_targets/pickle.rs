//! CIFAR-10 batches, python version.

#![no_main]

use barenet_data::pickle::parse_batch;
use barenet_data::{IMAGE_LEN, Images, NUM_CLASSES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut images = Images::default();
    for count in [1, 2] {
        if parse_batch("f", bytes, count, &mut images).is_ok() {
            assert!(images.labels().iter().all(|&label| usize::from(label) < NUM_CLASSES));
            assert!((0..images.len()).all(|i| images.image(i).len() == IMAGE_LEN));
        }
    }
});
