//! Archives: gzip, tar, and what is in them.

#![no_main]

use barenet_data::formats::archive::{read_batches, read_members};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _refused_or_not = read_members("f", bytes);
    // Files of ten thousand images are too large for a fuzzer to find: here one image each will do.
    let _refused_or_not = read_batches("f", bytes, 1);
});
