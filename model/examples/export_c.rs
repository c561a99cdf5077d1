//! Writes a drawn network as a folder of C: f32, int8, or int8 with weights of 4 bits.
//!
//! ```sh
//! cargo run -p barenet-model --example export_c -- 64-32-16-10 int8 out
//! ```

use anyhow::{Context, Result};
use barenet::quant::Bits;
use barenet::{Arch, Rng};
use barenet_model::export::answer::Answer;
use barenet_model::export::c_folder::{self, Contents};
use barenet_model::export::in_weights::InWeights;
use barenet_model::export::int8::{self, Input, Method};
use barenet_model::export::model::{Model, Numbers};
use barenet_model::export::place::Place;
use barenet_model::export::row::Row;
use std::path::PathBuf;

/// Images that calibrate int8.
const IMAGES: usize = 64;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let sizes = arguments.next().unwrap_or_else(|| "4-3-2".to_owned());
    let dtype = arguments.next().unwrap_or_else(|| "f32".to_owned());
    let out = arguments.next().map(PathBuf::from);
    let place = out
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("barenet-c-{}", std::process::id())));

    let dims = sizes.split('-').map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    let arch = Arch::try_new(&dims)?;
    let mut rng = Rng::seed(1);
    let mut params = vec![0.0_f32; arch.num_params()];
    rng.fill_normal((1.0 / f64::from(u32::try_from(arch.input_dim())?)).sqrt(), &mut params);
    let images: Vec<u8> = (0..IMAGES * arch.input_dim()).map(|_| rng.below(256) as u8).collect();
    let images: Vec<&[u8]> = images.chunks_exact(arch.input_dim()).collect();
    let mut model = Model {
        local: None,
        numbers: Numbers::F32(params),
        dims: dims.clone(),
        answer: Answer::Class,
    };
    let bits = if dtype == "int4" { Bits::Four } else { Bits::Eight };
    let method = Method { bits: vec![bits; model.arch().num_layers()], ..Method::default() };
    if dtype != "f32" {
        model = int8::quantize_by(&model, Input::Pixels, &method, &images)?.model;
    }
    let names: Vec<_> = (0..arch.num_classes()).map(|class| format!("class {class}")).collect();
    let samples = images.get(..4).context("too few images")?;
    // The f32 network takes numbers, as those of scripts/count.sh do.
    let numbers: Vec<Vec<f32>> =
        samples.iter().map(|image| image.iter().map(|&byte| byte.into()).collect()).collect();
    let samples: Vec<Row<'_>> = if dtype != "f32" {
        samples.iter().map(|image| Row::U8(image)).collect()
    } else {
        numbers.iter().map(|numbers| Row::F32(numbers)).collect()
    };
    Place::claim(&place, false)?.write(c_folder::files(&Contents {
        name: "example-net",
        origin: "made by an example",
        model: &model,
        in_weights: InWeights::default(),
        order: "",
        input_names: &[],
        output_names: &names,
        samples: &samples,
        scores: &model.scores(samples.iter().copied())?,
    })?)?;
    println!(
        "{sizes}, {dtype}: {} bytes of RAM, {} of flash",
        model.ram_bytes(),
        model.flash_bytes()
    );
    if out.is_none() {
        std::fs::remove_dir_all(place)?;
    }
    Ok(())
}
