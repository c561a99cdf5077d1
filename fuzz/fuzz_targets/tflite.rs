//! TFLite files: their networks in real numbers, and those of integers.

#![no_main]

mod network;

use barenet_model::export::answer::Answer;
use barenet_model::export::row::Row;
use barenet_model::tflite::integers::{Integers, are_in};
use barenet_model::tflite::read::from_tflite;
use libfuzzer_sys::fuzz_target;
use network::check;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(chain) = from_tflite(bytes) {
        check(&chain.network);
    }
    let Ok(integers) = Integers::read(bytes) else { return };
    assert!(are_in(bytes));
    let (sample, outputs) = (vec![1; integers.dims[0]], integers.dims[integers.dims.len() - 1]);
    let model = integers.into_model(Answer::Class);
    let scores = model.scores([Row::I8(&sample)].into_iter()).expect("what was read computes");
    assert!(scores.iter().all(|scores| model.to_real(scores).len() == outputs));
});
