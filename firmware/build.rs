//! Draws the weights and the image of the programs, and lets the host compute the scores that they
//! must print.

use barenet::quant::InputScale;
use barenet::{
    Error, FullyConnectedNet, Init, Mat, Portable, Rng, Scaling, Targets, TrainState, Weights,
    fold, layer_grads,
};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

#[path = "build/bench.rs"]
mod bench;
#[path = "build/expected.rs"]
mod expected;
#[path = "build/int8.rs"]
mod int8;
#[path = "build/mlperf.rs"]
mod mlperf;
#[path = "src/net.rs"]
mod net;
#[path = "src/solving.rs"]
#[allow(dead_code)]
mod solving;
#[path = "build/text.rs"]
mod text;
#[path = "src/training.rs"]
#[allow(dead_code)] // The device has more use for it.
mod training;
use expected::expected;
use net::NET;

const SEED: u64 = 1;
/// Images from which the running statistics are taken.
const BATCH: usize = 32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=memory");
    println!("cargo::rerun-if-changed=src/net.rs");
    println!("cargo::rerun-if-changed=src/training.rs");
    println!("cargo::rerun-if-changed=src/solving.rs");
    let out_dir = env::var("OUT_DIR")?;
    let out_dir = Path::new(&out_dir);
    let memory = match &*env::var("TARGET")? {
        "thumbv6m-none-eabi" => "memory/microbit.x",
        target if target.starts_with("thumbv8m") => "memory/mps2-an505.x",
        target if target.starts_with("riscv") => "memory/riscv-virt.x",
        _ => "memory/mps2.x",
    };
    fs::copy(memory, out_dir.join("memory.x"))?;
    println!("cargo::rustc-link-search={}", out_dir.display());

    let images = draw_images();
    let (params, running) = draw_weights(&NET, &images)?;
    let image = images.get(..NET.arch.input_dim()).ok_or("no image was drawn")?;
    let scores = compute_scores(&params, &running, image)?;
    let mut scratch = training::ScratchMemory::new();
    training::from_scratch(&Portable, &mut scratch)?;
    let mut head = training::HeadMemory::new();
    let mut workspace = [0.0; NET.arch.infer_workspace_len(1)];
    training::last_layer(&Portable, &params, &running, &mut head, &mut workspace)?;
    let mut solved = solving::Memory::new();
    solving::run(&Portable, &mut solved)?;
    let [solved, ..] = solved.params;
    let arrays = [
        ("HOST_SCRATCH", "What the host learns from nothing", &*expected(&scratch.params)),
        ("HOST_HEAD", "What the host makes of the last layer", &*expected(&head.params)),
        ("HOST_SOLVED", "What the host's Solver learns", &*expected(&solved)),
        ("PARAMS", "The parameters", &*params),
        ("RUNNING", "The running statistics", &*running),
        ("IMAGE", "The image, its mean subtracted", image),
        ("HOST_SCORES", "The scores that the host computed", &*expected(&scores)),
    ];
    write_arrays(&out_dir.join("model.rs"), &arrays)?;
    write_int8(&params, &running, &out_dir.join("int8.rs"))?;
    mlperf::write(out_dir)?;
    bench::write(out_dir)
}

/// Pixels.
fn draw_pixels() -> Vec<u8> {
    let mut rng = Rng::seed(SEED).fork(0);
    (0..BATCH * NET.arch.input_dim()).map(|_| rng.below(256) as u8).collect()
}

/// Mean that is subtracted from every pixel.
const MEAN: f32 = 120.0;

fn draw_images() -> Vec<f32> {
    draw_pixels().iter().map(|&pixel| f32::from(pixel) - MEAN).collect()
}

/// The same network in int8, with the image as bytes.
fn write_int8(
    params: &[f32],
    running: &[f32],
    path: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let arch = NET.arch.without_batchnorm();
    let mut folded = vec![0.0; arch.num_params()];
    let mean_image = vec![MEAN; arch.input_dim()];
    let weights = Weights::new(&NET.arch, params, running)?;
    fold(&NET, weights, Scaling::offset(&mean_image), Scaling::NONE, &mut folded)?;
    let pixels = draw_pixels();
    let x: Vec<f32> = pixels.iter().map(|&pixel| pixel.into()).collect();
    let int8 = int8::Int8::new(arch, &folded, InputScale::PIXELS, &x)?;
    let image = pixels.get(..arch.input_dim()).ok_or("no image was drawn")?;
    let mut text = text::Text::default();
    int8.write(&mut text);
    text.array("PIXELS", "u8", image);
    text.array("HOST_INT8_SCORES", "i16", &expected(&int8.scores(image)?));
    text.line(&format!(
        "/// A real score is this times an int8 score.\npub const SCORE_SCALE: f32 = {:?};",
        int8.score_scale as f32
    ));
    text.write(path)
}

/// Weights by He's method; biases, `gamma` and `beta` that do something; the running statistics of
/// the images.
fn draw_weights(
    net: &FullyConnectedNet<'_, f32>,
    images: &[f32],
) -> Result<(Vec<f32>, Vec<f32>), Error> {
    // Without momentum one pass makes the running statistics those of the batch.
    let mut net = *net;
    net.batchnorm.momentum = 0.0;
    let mut params = vec![0.0; net.arch.num_params()];
    let mut running = vec![0.0; net.arch.num_running()];
    let mut grads = vec![0.0; net.arch.num_params()];
    let mut workspace = vec![0.0; net.arch.train_workspace_len(BATCH)];
    let mut state =
        TrainState::new(&net.arch, &mut params, &mut running, &mut grads, &mut workspace)?;
    let rng = Rng::seed(SEED);
    net.init(Init::He, rng.fork(1), &mut state);
    for (layer, stream) in net.arch.layers().zip(0..) {
        let mut rng = rng.fork(2).fork(stream);
        if let Some(numbers) = layer_grads(&layer, state.params_mut()) {
            rng.fill_normal(0.1, numbers.db);
            if let Some(norm) = numbers.norm {
                rng.fill_normal(0.1, norm.dbeta);
                norm.dgamma.fill_with(|| rng.uniform() as f32 + 0.5);
            }
        }
    }
    let x = Mat::new(images, BATCH, net.arch.input_dim())?;
    net.loss(&Portable, rng.fork(3), &mut state, x, Targets::Classes(&[0; BATCH]))?;
    Ok((params, running))
}

fn compute_scores(params: &[f32], running: &[f32], image: &[f32]) -> Result<Vec<f32>, Error> {
    let mut workspace = vec![0.0; NET.arch.infer_workspace_len(1)];
    let weights = Weights::new(&NET.arch, params, running)?;
    let x = Mat::new(image, 1, image.len())?;
    Ok(NET.scores(&Portable, weights, x, &mut workspace)?.data().to_vec())
}

/// Writes arrays as Rust, each number with as many digits as give the same bits back.
fn write_arrays(path: &Path, arrays: &[(&str, &str, &[f32])]) -> io::Result<()> {
    let mut text = String::new();
    for (name, doc, numbers) in arrays {
        text += &format!("/// {doc}.\npub static {name}: [f32; {}] = [\n", numbers.len());
        for number in *numbers {
            let _infallible = writeln!(text, "{number:?},");
        }
        text += "];\n";
    }
    fs::write(path, text)
}
