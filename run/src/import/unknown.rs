//! What a file is that is to be a network and is none that can be read.

use anyhow::{Error, anyhow};
use barenet_data::formats::kind_of_file;
use barenet_model::onnx::read::NotOnnx;
use std::path::Path;

/// What is read.
const READ: &str = "networks are read from ONNX, TFLite, safetensors and .npz files";

/// Kinds of files that people have networks in, and what to do.
const OF_NETWORKS: [(&str, &str); 3] = [
    (
        "an HDF5 file",
        "one of Keras becomes a .tflite file with tf.lite.TFLiteConverter, or an .npz file of its weights with numpy.savez",
    ),
    (
        "a pickle, which is never loaded",
        "save a state_dict of PyTorch with safetensors.torch.save_file, or a network of scikit-learn with skl2onnx",
    ),
    ("a numpy file", "it has one array; put all those of a network into one file with numpy.savez"),
];

/// The first bytes that are looked at.
const START: usize = 1 << 12;

/// Says of a file that is no ONNX file what it is and what is read; other errors stay.
pub(super) fn told(error: Error, bytes: &[u8], path: &Path) -> Error {
    if !error.is::<NotOnnx>() {
        return error;
    }
    let start = bytes.get(..START).unwrap_or(bytes);
    if let Some(what) = kind_of_file(path, start) {
        let advice =
            OF_NETWORKS.iter().find(|(of, _)| *of == what).map_or(READ, |(_, advice)| advice);
        return anyhow!("is {what}, and no network that can be read: {advice}");
    }
    let is_named =
        |extension| path.extension().is_some_and(|end| end.eq_ignore_ascii_case(extension));
    // What it is named as is what somebody expects to read of.
    if is_named("tflite") {
        return anyhow!("is no TFLite file: bytes 5 to 8 are not TFL3, which begins one; {READ}");
    }
    // The version, with which an ONNX file begins.
    if is_named("onnx") || start.first() == Some(&0x08) {
        return error;
    }
    let first: Vec<_> = start.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    anyhow!("is no network that can be read: it begins with {}; {READ}", first.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::{Said, of_bytes};
    use super::*;

    #[test]
    fn a_file_that_is_no_network_is_told_what_it_is_and_what_is_read() {
        for (name, bytes, parts) in [
            ("x.onnx", &b"<!DOCTYPE html>"[..], ["is a web page, ", READ]),
            ("x.tflite", b"version https://git-lfs.github.com", ["is a Git LFS pointer", READ]),
            ("x.csv", b"a,b\n1,2\n", ["is text, and no network", READ]),
            ("x", b"[{\"a\": 1}]", ["is JSON, ", READ]),
            ("x.h5", b"\x89HDF\r\n\x1a\n", ["is an HDF5 file, ", "tf.lite.TFLiteConverter"]),
            ("x.pkl", b"\x80\x04\x95", ["is a pickle, which is never loaded", "skl2onnx"]),
            ("w.npy", b"\x93NUMPY\x01\0", ["is a numpy file, ", "numpy.savez"]),
            ("x.png", b"\x89PNG\r\n\x1a\n", ["is one picture, ", READ]),
            ("x", b"\x01\x02\x03\x04\x05", ["it begins with 01 02 03 04; ", READ]),
            ("x", b"GGUF\x03\0\0\0", ["it begins with 47 47 55 46; ", READ]),
            ("x.tflite", b"\x1c\0\0\0TFL2", ["is no TFLite file: bytes 5 to 8", READ]),
            // The beginning of one.
            ("x", b"\x08\x07\x12\x07pytorc", ["is no whole ONNX file", "Protobuf"]),
            ("x.onnx", b"\xff\xff\xff", ["is no whole ONNX file", "Protobuf"]),
        ] {
            let error = of_bytes(bytes, Path::new(name), &Said::default()).unwrap_err();
            let error = format!("{error:#}");
            assert!(parts.iter().all(|part| error.contains(part)), "{name}: {error}");
            assert!(!error.contains('\n') && error.len() < 300, "{error}");
        }
    }
}
