//! Networks of other programs: ONNX and TFLite files, and arrays in safetensors and npz.

#![no_main]

use barenet_model::export::answer::Answer;
use barenet_model::export::row::Row;
use barenet_model::interchange::{Network, Notes, names, npz, safetensors};
use barenet_model::onnx::read::from_onnx;
use barenet_model::onnx::write::to_onnx;
use barenet_model::onnx::{Head, Input};
use barenet_model::tflite::integers::Integers;
use barenet_model::tflite::read::from_tflite;
use libfuzzer_sys::fuzz_target;

/// Checks that a network that was read can be used, and is the same when it was written and read again.
fn check(network: &Network) {
    let dims = network.dims();
    assert!(network.arch(&dims).is_err() || network.weights::<f32>().is_ok());
    network.check_finite().expect("only finite numbers are read");
    let write = |network: &Network| to_onnx(network, Head::Classes, Input::Features, &Notes::new());
    // What is read of `f64` or folded may be too large for `f32`.
    let Ok(first) = write(network) else { return };
    let Ok(read) = from_onnx(&first, None) else { return };
    assert!(read.chain.network.dims() == dims);
    assert!(write(&read.chain.network).expect("what was written can be written") == first);
}

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
    if let Ok(chain) = from_tflite(bytes) {
        check(&chain.network);
    }
    if let Ok(integers) = Integers::read(bytes) {
        let sample = vec![1; integers.dims[0]];
        let model = integers.into_model(Answer::Class);
        model.scores([Row::I8(&sample)].into_iter()).expect("what was read computes");
    }
});
