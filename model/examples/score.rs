//! Reads a weights file, and scores an image with it.

use barenet::{Arch, FullyConnectedNet, Mat, Portable, Weights, predict};
use barenet_model::scales::Scales;
use barenet_model::weights::{from_safetensors, to_safetensors};
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let net = FullyConnectedNet::<f32>::new(Arch::new(&[4, 3, 2]));
    let arch = &net.arch;
    // As training would leave it: here, a network that tells which half of the image is brighter.
    let mut params = vec![0.0_f32; arch.num_params()];
    for (layer, spec) in arch.layers().enumerate() {
        for (place, number) in params[spec.w()].iter_mut().enumerate() {
            let (row, column) = (place / spec.fan_out, place % spec.fan_out);
            let half = if layer == 0 { row / 2 } else { row };
            *number = if half == column { 1.0 } else { 0.0 };
        }
    }
    let bytes = to_safetensors(
        arch,
        Weights::new(arch, &params, &[])?,
        &Scales::offset(vec![127.0; 4]),
        "seed = 0\n",
    )?;

    let file = from_safetensors::<f32>(&bytes, arch, Path::new("best.safetensors"))?;
    let weights = Weights::new(arch, &file.params, &file.running)?;
    for image in [[9, 7, 200, 220], [250, 180, 3, 40_u8]] {
        let x: Vec<_> =
            image.iter().zip(&file.scales.offset).map(|(&x, mean)| f32::from(x) - mean).collect();
        let mut workspace = vec![0.0; arch.infer_workspace_len(1)];
        let scores = net.scores(&Portable, weights, Mat::new(&x, 1, x.len())?, &mut workspace)?;
        println!("{image:?}: class {}, scores {:?}", predict(scores.data()), scores.data());
    }
    Ok(())
}
