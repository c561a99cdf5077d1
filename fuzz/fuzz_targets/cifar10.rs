//! CIFAR-10 records, binary version.

#![no_main]

use barenet_data::Records;
use barenet_data::formats::cifar10::{IMAGE_LEN, NUM_CLASSES};
use barenet_data::formats::cifar10::{RECORD_LEN, parse_records};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let count = bytes.len() / RECORD_LEN;
    let mut images = Records::new(IMAGE_LEN);
    if parse_records("f", bytes, count, &mut images).is_ok() {
        assert_eq!(images.len(), count);
        assert!(images.labels().iter().all(|&label| (label as usize) < NUM_CLASSES));
    }
});
