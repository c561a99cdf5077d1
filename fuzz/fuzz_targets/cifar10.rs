//! CIFAR-10 records, binary version.

#![no_main]

use barenet_data::cifar10::{RECORD_LEN, parse_records};
use barenet_data::{Images, NUM_CLASSES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let count = bytes.len() / RECORD_LEN;
    let mut images = Images::default();
    if parse_records("f", bytes, count, &mut images).is_ok() {
        assert_eq!(images.len(), count);
        assert!(images.labels().iter().all(|&label| usize::from(label) < NUM_CLASSES));
    }
});
