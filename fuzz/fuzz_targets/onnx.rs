//! ONNX files of any program.

#![no_main]

mod network;

use barenet_model::onnx::read::from_onnx;
use libfuzzer_sys::fuzz_target;
use network::check;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = from_onnx(bytes, None) {
        check(&read.chain.network);
    }
});
