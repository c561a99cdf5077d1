//! Writes a network as a crate for microcontrollers, as a `build.rs` would into its `OUT_DIR`.

use barenet::Arch;
use barenet_model::export::answer::Answer;
use barenet_model::export::crate_folder::{self, Contents};
use barenet_model::export::in_weights::InWeights;
use barenet_model::export::model::{Model, Numbers};
use barenet_model::export::place::Place;
use barenet_model::export::row::Row;
use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    // A build script is told where to write.
    let out = std::env::var_os("OUT_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let out = out.join(format!("net-{}", std::process::id()));
    let dims = vec![4, 3, 2];
    // The numbers of a run come from `weights::from_safetensors` and `model::fold_to_f32`.
    let params = (0_u8..).map(|i| f32::from(i % 7) - 3.0).take(Arch::new(&dims).num_params());
    let numbers = Numbers::F32(params.collect());
    let model = Model { local: None, numbers, dims, answer: Answer::Class };
    let images = [Row::U8(&[9, 7, 200, 220]), Row::U8(&[250, 180, 3, 40])];
    Place::claim(&out, false)?.write(crate_folder::files(&Contents {
        name: "example-net",
        origin: "made by an example",
        model: &model,
        in_weights: InWeights::default(),
        order: "",
        input_names: &[],
        output_names: &["dark".to_owned(), "bright".to_owned()],
        samples: &images,
        scores: &model.scores(images.iter().copied())?,
    }))?;
    let written = std::fs::read_dir(&out)?.count();
    println!(
        "{written} files and folders in {}; {} bytes of flash",
        out.display(),
        model.flash_bytes()
    );
    std::fs::remove_dir_all(out)?;
    Ok(())
}
