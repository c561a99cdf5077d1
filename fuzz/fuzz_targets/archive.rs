//! Archives: gzip, tar, and what is in them.

#![no_main]

use barenet_cli::data::archive::read_members;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _refused_or_not = read_members("f", bytes);
});
