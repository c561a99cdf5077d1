//! MLPerf Tiny's anomaly detector, in f32 and int8, with the scores that the host computes.
//!
//! The files are not part of the repository: they are looked for in the folder that
//! `MLPERF_TINY_AD_DIR` names, then in `../../shared/mlperf-tiny-ad`. Without them, or if the board is too
//! small for it, the program has no network and says so.

use super::expected::expected;
use super::int8::Int8;
use super::text::Text;
use barenet::quant::InputScale;
use barenet::{Arch, FullyConnectedNet, Portable, Scaling, Weights, fold};
use safetensors::SafeTensors;
use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

#[path = "../src/anomaly.rs"]
#[allow(dead_code)]
mod anomaly;
use anomaly::{ARCH, FRAME, WINDOW, clip_score};

/// Windows to the next that calibrates.
const CALIBRATE_EVERY: usize = 2;

pub(super) fn write(out_dir: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=MLPERF_TINY_AD_DIR");
    println!("cargo::rerun-if-changed=build/mlperf.rs");
    println!("cargo::rerun-if-changed=src/anomaly.rs");
    println!("cargo::rustc-check-cfg=cfg(mlperf)");
    let mut text = Text::default();
    let target = env::var("TARGET")?;
    // The weights in both forms and the clip take 1.5 MB of flash.
    let is_large = ["thumbv7", "thumbv8m"].iter().any(|name| target.starts_with(name));
    if let Some(folder) = folder().filter(|_| is_large) {
        println!("cargo::rustc-cfg=mlperf");
        write_model(&folder, &mut text)?;
    }
    text.write(&out_dir.join("mlperf.rs"))
}

fn folder() -> Option<PathBuf> {
    if let Some(folder) = env::var_os("MLPERF_TINY_AD_DIR") {
        return Some(folder.into());
    }
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/mlperf-tiny-ad");
    shared.is_dir().then_some(shared)
}

fn write_model(folder: &Path, text: &mut Text) -> Result<(), Box<dyn Error>> {
    let folded = read_folded(&folder.join("ad01.safetensors"))?;
    let clip = numbers(&std::fs::read(folder.join("normal_id_01_00000000.f32"))?)?;

    // Every second window calibrates.
    let windows = clip.windows(WINDOW).step_by(FRAME * CALIBRATE_EVERY);
    let x: Vec<f32> = windows.flatten().copied().collect();
    let range = |f: fn(f32, f32) -> f32| f64::from(x.iter().copied().fold(0.0, f));
    let input = InputScale::from_range(range(f32::min), range(f32::max)).ok_or("an empty clip")?;
    let int8 = Int8::new(ARCH, &folded, input, &x)?;

    let net = FullyConnectedNet::new(ARCH);
    let weights = Weights::new(&ARCH, &folded, &[])?;
    let mut workspace = vec![0.0; ARCH.infer_workspace_len(1)];
    let f32_score = clip_score(&clip, |window, out| {
        let x = barenet::Mat::new(window, 1, WINDOW)?;
        let scores = net.scores(&Portable, weights, x, &mut workspace)?;
        out.copy_from_slice(scores.data());
        Ok(())
    })?;
    let (scale, zero_point) = (int8.score_scale as f32, input.zero_point());
    let int8_score = clip_score(&clip, |window, out| {
        let bytes: Vec<u8> = window.iter().map(|&x| input.quantize(x)).collect();
        for (out, score) in out.iter_mut().zip(int8.scores(&bytes)?) {
            *out = f32::from(score) * scale;
        }
        Ok(())
    })?;

    text.array("CLIP", "f32", &clip);
    text.array("PARAMS", "f32", &folded);
    int8.write(text);
    text.array("HOST_CLIP_SCORES", "f64", &expected(&[f32_score, int8_score]));
    text.line(&format!("const SCORE_SCALE: f32 = {scale:?};"));
    let step = input.scale();
    text.line(&format!("const INPUT: InputScale = InputScale::new({step:?}, {zero_point});"));
    Ok(())
}

/// The parameters, their batch norms folded.
fn read_folded(path: &Path) -> Result<Vec<f32>, Box<dyn Error>> {
    let file = std::fs::read(path)?;
    let tensors = SafeTensors::deserialize(&file)?;
    let (_, metadata) = SafeTensors::read_metadata(&file)?;
    let metadata = metadata.metadata().as_ref().ok_or("the weights have no metadata")?;
    let eps: f32 = metadata.get("batchnorm_eps").ok_or("no batchnorm_eps")?.parse()?;
    let arch: Arch<'_> = ARCH.with_batchnorm();
    let (mut params, mut running) = (Vec::new(), Vec::new());
    for (layer, spec) in (1..).zip(arch.layers()) {
        let tensor = |name: &str| numbers(tensors.tensor(&format!("{name}{layer}"))?.data());
        for name in ["W", "b"] {
            params.extend(tensor(name)?);
        }
        if spec.batchnorm {
            for name in ["gamma", "beta"] {
                params.extend(tensor(name)?);
            }
            for name in ["running_mean", "running_var"] {
                running.extend(tensor(name)?);
            }
        }
    }
    let mut net = FullyConnectedNet::new(arch);
    net.batchnorm.eps = eps;
    let mut folded = vec![0.0; ARCH.num_params()];
    let weights = Weights::new(&arch, &params, &running)?;
    fold(&net, weights, Scaling::NONE, Scaling::NONE, &mut folded)?;
    Ok(folded)
}

/// Little-endian f32.
fn numbers(bytes: &[u8]) -> Result<Vec<f32>, Box<dyn Error>> {
    let (numbers, rest) = bytes.as_chunks();
    if !rest.is_empty() {
        return Err("no whole number of f32".into());
    }
    Ok(numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
}
