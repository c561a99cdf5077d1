//! The network of the program `bench`, as the variable `BARENET_BENCH` names it:
//! `64-32-16-10:int8-dsp`. Kernels are `int8-dsp`, `int8`, `int4-dsp`, `int4` and `f32`; `none` is the program without a
//! network.

use super::expected::expected;
use super::int8::Int8;
use super::text::Text;
use barenet::quant::{Bits, InputScale};
use barenet::{
    Arch, FullyConnectedNet, Init, Mat, Portable, Rng, TrainState, Weights, layer_grads,
};
use std::error::Error;
use std::path::Path;

const DEFAULT: &str = "64-32-16-10:int8-dsp";
/// Images of the calibration.
const IMAGES: usize = 64;

pub(super) fn write(out_dir: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=BARENET_BENCH");
    println!("cargo::rerun-if-changed=build/bench.rs");
    println!(
        r#"cargo::rustc-check-cfg=cfg(bench, values("none", "int8", "int8-dsp", "int4", "int4-dsp", "f32"))"#
    );
    let name = std::env::var("BARENET_BENCH").unwrap_or_else(|_| DEFAULT.to_owned());
    let (dims, kernel) = name.split_once(':').unwrap_or((&name, "none"));
    println!("cargo::rustc-cfg=bench=\"{kernel}\"");
    let mut text = Text::default();
    if kernel != "none" {
        let dims = dims.split('-').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
        let bench = Bench::new(Arch::try_new(&dims)?)?;
        text.line(&format!("const ARCH: Arch<'static> = Arch::new(&{dims:?});"));
        match kernel.strip_suffix("-dsp").unwrap_or(kernel) {
            "f32" => bench.write_f32(&mut text)?,
            "int4" => bench.write_integers(Bits::Four, &mut text)?,
            _ => bench.write_integers(Bits::Eight, &mut text)?,
        }
    }
    text.write(&out_dir.join("bench.rs"))
}

/// A drawn network, and drawn images of whole numbers below 256.
struct Bench<'a> {
    net: FullyConnectedNet<'a, f32>,
    params: Vec<f32>,
    images: Vec<u8>,
}

impl<'a> Bench<'a> {
    fn new(arch: Arch<'a>) -> Result<Self, barenet::Error> {
        let net = FullyConnectedNet::new(arch);
        let rng = Rng::seed(1);
        let (mut params, mut grads) = (vec![0.0; arch.num_params()], vec![0.0; arch.num_params()]);
        let mut state = TrainState::new(&arch, &mut params, &mut [], &mut grads, &mut [])?;
        net.init(Init::He, rng.fork(0), &mut state);
        for (layer, stream) in arch.layers().zip(0..) {
            if let Some(numbers) = layer_grads(&layer, &mut params) {
                rng.fork(1).fork(stream).fill_normal(10.0, numbers.db);
            }
        }
        let mut rng = rng.fork(2);
        let images = (0..IMAGES * arch.input_dim()).map(|_| rng.below(256) as u8).collect();
        Ok(Self { net, params, images })
    }

    fn x(&self) -> Vec<f32> {
        self.images.iter().map(|&pixel| pixel.into()).collect()
    }

    fn write_f32(&self, text: &mut Text) -> Result<(), barenet::Error> {
        let arch = self.net.arch;
        let mut x = self.x();
        x.truncate(arch.input_dim());
        let mut workspace = vec![0.0; arch.infer_workspace_len(1)];
        let weights = Weights::new(&arch, &self.params, &[])?;
        let x_mat = Mat::new(&x, 1, arch.input_dim())?;
        let scores = self.net.scores(&Portable, weights, x_mat, &mut workspace)?;
        text.array("PARAMS", "f32", &self.params);
        text.array("INPUT", "f32", &x);
        text.array("HOST_SCORES", "f32", &expected(scores.data()));
        Ok(())
    }

    fn write_integers(&self, bits: Bits, text: &mut Text) -> Result<(), Box<dyn Error>> {
        let arch = self.net.arch;
        let int8 = Int8::with_bits(arch, bits, &self.params, InputScale::PIXELS, &self.x())?;
        let image = self.images.get(..self.net.arch.input_dim()).unwrap_or_default();
        int8.write(text);
        text.array("INPUT", "u8", image);
        text.array("HOST_SCORES", "i16", &expected(&int8.scores(image)?));
        Ok(())
    }
}
