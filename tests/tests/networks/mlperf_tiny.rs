//! MLPerf Tiny's anomaly-detection autoencoder, with its published weights and score.
//!
//! The files are not part of the repository. They are looked for in the folder that
//! `MLPERF_TINY_AD_DIR` names, then in `../shared/mlperf-tiny-ad` beside the workspace; without them
//! the test says so and does nothing.

use barenet::{Arch, Float, FullyConnectedNet, Mat, Portable, Weights};
use barenet_model::export::answer::Answer;
use barenet_model::export::model::Scores;
use barenet_model::export::row::Row;
use barenet_model::interchange::Network;
use barenet_model::tflite::integers::Integers;
use barenet_model::tflite::read::from_tflite;
use safetensors::SafeTensors;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The published score has five decimals.
const SCORE: f64 = 1e-4;

/// Mel bands of a frame; a window is five frames, and starts at each one.
const FRAME: usize = 128;

/// How far from the reference a type may be, relative to numbers of at least 1.
struct Allowed {
    /// Errors of the windows: means over 640 numbers.
    window: f64,
    /// The single numbers of the reconstruction, which is stored rounded to f32. In f32, ten layers
    /// of sums of up to 640 terms, whose roundings batch norms of small variance enlarge.
    reconstruction: f64,
}

const F64: Allowed = Allowed { window: 1e-12, reconstruction: 1e-7 };
const F32: Allowed = Allowed { window: 5e-4, reconstruction: 5e-3 };

fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("MLPERF_TINY_AD_DIR") {
        return Some(folder.into());
    }
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/mlperf-tiny-ad");
    if shared.is_dir() {
        return Some(shared);
    }
    println!("skipped: MLPERF_TINY_AD_DIR is not set and {} does not exist", shared.display());
    None
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    let path = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Little-endian f32, in the type under test.
fn numbers<T: Float>(bytes: &[u8]) -> Vec<T> {
    let (numbers, rest) = bytes.as_chunks();
    assert!(rest.is_empty(), "no whole number of f32");
    numbers.iter().map(|&bytes| T::from_f64(f32::from_le_bytes(bytes).into())).collect()
}

/// Largest error relative to the reference, or to 1 if that is smaller.
fn error(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let error =
        |(found, expected): (&f64, &f64)| (found - expected).abs() / expected.abs().max(1.0);
    found
        .iter()
        .zip(expected)
        .map(error)
        .fold(0.0, |worst, error| if error.is_nan() { f64::INFINITY } else { worst.max(error) })
}

fn check<T: Float>(allowed: &Allowed) {
    let Some(folder) = folder() else { return };
    let expected: Value = serde_json::from_slice(&read(&folder, "expected.json")).unwrap();
    let list = |key: &str| -> Vec<f64> {
        expected[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let dims: Vec<usize> =
        expected["dims"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect();

    let file = read(&folder, "ad01.safetensors");
    let tensors = SafeTensors::deserialize(&file).unwrap();
    let (_, metadata) = SafeTensors::read_metadata(&file).unwrap();
    let eps: f64 = metadata.metadata().as_ref().unwrap()["batchnorm_eps"].parse().unwrap();
    let arch = Arch::try_new(&dims).unwrap().with_batchnorm();
    let tensor = |name: &str, layer: usize| {
        numbers::<T>(tensors.tensor(&format!("{name}{layer}")).unwrap().data())
    };
    let (mut params, mut running) = (Vec::new(), Vec::new());
    for (layer, spec) in (1..).zip(arch.layers()) {
        for name in ["W", "b"] {
            params.extend(tensor(name, layer));
        }
        if spec.batchnorm {
            for name in ["gamma", "beta"] {
                params.extend(tensor(name, layer));
            }
            for name in ["running_mean", "running_var"] {
                running.extend(tensor(name, layer));
            }
        }
    }

    let clip = numbers::<T>(&read(&folder, "normal_id_01_00000000.f32"));
    let windows: Vec<T> = clip.windows(dims[0]).step_by(FRAME).flatten().copied().collect();
    let num_windows = expected["windows"].as_u64().unwrap() as usize;
    assert_eq!(windows.len(), num_windows * dims[0]);

    let mut net = FullyConnectedNet::<T>::with_arch(arch);
    net.batchnorm.eps = T::from_f64(eps);
    let weights = Weights::new(&arch, &params, &running).unwrap();
    let mut workspace = vec![T::from_f64(f64::NAN); arch.infer_workspace_len(num_windows)];
    let x = Mat::new(&windows, num_windows, dims[0]).unwrap();
    let out = net.scores(&Portable, weights, x, &mut workspace).unwrap();

    let errors: Vec<f64> = out
        .row_iter()
        .zip(x.row_iter())
        .map(|(out, x)| {
            let square = |(&out, &x): (&T, &T)| (out.to_f64() - x.to_f64()).powi(2);
            out.iter().zip(x).map(square).sum::<f64>() / x.len() as f64
        })
        .collect();
    let score = errors.iter().sum::<f64>() / errors.len() as f64;
    let window_error = error(&errors, &list("per_window_mse"));
    let stored = numbers::<f64>(&read(&folder, "reconstruction_f64_rounded.f32"));
    let found: Vec<f64> = out.data().iter().map(|v| v.to_f64()).collect();
    let reconstruction_error = error(&found, &stored);
    println!(
        "{}: score {score:.9}, windows to {window_error:.1e}, reconstruction to {reconstruction_error:.1e}",
        T::NAME
    );
    assert!((score - expected["published_h5_score"].as_f64().unwrap()).abs() < SCORE, "{score}");
    assert!((score - 9.49129).abs() < SCORE, "{score}");
    assert!(window_error <= allowed.window, "{window_error:e}");
    assert!(reconstruction_error <= allowed.reconstruction, "{reconstruction_error:e}");
}

#[test]
fn the_autoencoder_gives_the_published_score_in_f64() {
    check::<f64>(&F64);
}

#[test]
fn the_autoencoder_gives_the_published_score_in_f32() {
    check::<f32>(&F32);
}

/// The mean squared error of a network that was read of the clip's windows, by plain loops.
fn score_of(network: &Network, clip: &[f64]) -> f64 {
    let windows: Vec<&[f64]> = clip.windows(network.dims()[0]).step_by(FRAME).collect();
    let errors = windows.iter().map(|window| {
        let mut x = window.to_vec();
        for (number, layer) in network.layers.iter().enumerate() {
            let mut out = layer.b.clone();
            for (x, row) in x.iter().zip(layer.w.chunks_exact(layer.fan_out())) {
                out.iter_mut().zip(row).for_each(|(out, w)| *out += x * w);
            }
            if number + 1 < network.layers.len() {
                out.iter_mut().for_each(|out| *out = out.max(0.0));
            }
            x = out;
        }
        let squares = x.iter().zip(*window).map(|(y, x)| (y - x) * (y - x));
        squares.sum::<f64>() / x.len() as f64
    });
    errors.sum::<f64>() / windows.len() as f64
}

/// 9.7071 is what TFLite makes of its f32 file; 10.23588 is of the real numbers for which the integers of the other stand, by
/// numpy: with its integers it is 10.26521.
#[test]
fn the_files_of_tflite_are_read_with_their_scores() {
    let Some(folder) = folder() else { return };
    let clip = numbers::<f64>(&read(&folder, "normal_id_01_00000000.f32"));
    for (file, expected, allowed) in
        [("ad01_fp32.tflite", 9.7071, 1e-3), ("ad01_int8.tflite", 10.235_877_963, 1e-6)]
    {
        let chain = from_tflite(&read(&folder, file)).unwrap();
        assert_eq!(chain.network.dims(), [640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640]);
        let score = score_of(&chain.network, &clip);
        assert!((score - expected).abs() < allowed, "{file}: {score}");
    }
}

/// All 196 answers of 640 bytes that TFLite's reference kernels and XNNPACK give.
#[test]
fn the_integers_of_tflite_give_every_byte_that_it_gives() {
    let Some(folder) = folder() else { return };
    let net = Integers::read(&read(&folder, "ad01_int8.tflite")).unwrap();
    let (input, output) = (net.input, net.output);
    let net = net.into_model(Answer::Class);
    let bytes =
        |name| -> Vec<i8> { read(&folder, name).into_iter().map(u8::cast_signed).collect() };
    let (inputs, outputs) = (bytes("ad01_int8_input.i8"), bytes("ad01_int8_output.i8"));
    assert_eq!((inputs.len(), outputs.len()), (196 * 640, 196 * 640));
    let rows = inputs.chunks(640).map(Row::I8);
    let found = net.scores(rows).unwrap();
    for (window, (found, expected)) in found.iter().zip(outputs.chunks(640)).enumerate() {
        assert_eq!(*found, Scores::Signed(expected.to_vec()), "window {window}");
    }

    // The numbers of the clip become the bytes, and the bytes the score of the clip: 10.26 of the benchmark's table.
    let clip = numbers::<f32>(&read(&folder, "normal_id_01_00000000.f32"));
    let windows: Vec<&[f32]> = clip.windows(640).step_by(FRAME).collect();
    let quantized = windows.iter().flat_map(|window| window.iter().map(|&x| input.quantize(x)));
    assert!(quantized.eq(inputs.iter().copied()));
    assert_eq!(net.scores(windows.iter().map(|&window| Row::F32(window))).unwrap(), found);
    let errors = windows.iter().flat_map(|window| *window).zip(&outputs);
    let squares = errors.map(|(&x, &y)| (f64::from(x) - f64::from(output.real(y))).powi(2));
    let score = squares.sum::<f64>() / outputs.len() as f64;
    assert!((score - 10.26521).abs() < 5e-6, "{score}");
}
