//! TensorFlow Lite's files: networks of fully connected layers, in f32 and in int8.
//!
//! A file is one [FlatBuffer](https://flatbuffers.dev/internals/), which is read where it lies, without generated code. Its schema is
//! `tensorflow/compiler/mlir/lite/schema/schema.fbs`.

mod codes;
mod flatbuffer;
mod graph;
pub mod integers;
pub mod read;
mod tensor;

/// Whether bytes begin as a TFLite file does.
#[must_use]
pub fn is_tflite(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"TFL3")
}

#[cfg(test)]
mod tests;
