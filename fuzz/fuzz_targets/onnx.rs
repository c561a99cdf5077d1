//! Networks of other programs: ONNX files, and arrays in safetensors and npz.

#![no_main]

mod network;

use barenet_model::interchange::{names, npz, safetensors};
use barenet_model::onnx::read::from_onnx;
use libfuzzer_sys::fuzz_target;
use network::check;

fuzz_target!(|bytes: &[u8]| {
    let arrays = [npz::read(bytes), safetensors::read(bytes)];
    for (arrays, _) in arrays.into_iter().flatten() {
        if let Ok(chain) = names::from_arrays(&arrays) {
            check(&chain.network);
        }
    }
    if let Ok(read) = from_onnx(bytes, None) {
        check(&read.chain.network);
    }
});
