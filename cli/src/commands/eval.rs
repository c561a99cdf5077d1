//! `barenet eval`.

use super::{ImagesFlag, data_line};
use crate::console::say;
use crate::flags::{choice, one_of};
use anyhow::{Context, Result, anyhow};
use barenet::Weights;
use barenet_data::DataSet;
use barenet_data::samples::{Part, Split};
use barenet_model::number::Number;
use barenet_model::weights::{from_safetensors, read_config};
use barenet_run::backend::start_backend;
use barenet_run::checkpoint::store;
use barenet_run::config::Config;
use barenet_run::run_folder::{BEST, RunFolder};
use barenet_run::settings::{Dtype, GemmName, Settings, count};
use barenet_run::shell::resume_command;
use barenet_run::trained_on;
use barenet_run::trainer;
use serde_json::json;
use std::path::PathBuf;

/// The parts of the data, for `--split`.
const PARTS: [(Part, &str, &str); 3] = [
    (Part::Train, "train", "The images that train"),
    (Part::Val, "val", "The images that validate"),
    (Part::Test, "test", "The images that test"),
];

/// Measure the accuracy of a trained network
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet eval runs/two-layer                              the run's test images
  barenet eval runs/two-layer --split test --test-size 10000
  barenet eval runs/two-layer --split val --json | jq .accuracy")]
pub struct Args {
    /// Folder of a run
    pub run: PathBuf,
    /// Which images
    #[arg(long, value_name = "PART", default_value = "test", value_parser = one_of(&PARTS))]
    pub split: Part,
    /// The images
    #[command(flatten)]
    pub images: ImagesFlag,
    /// Take other images than those that the run was trained on
    #[arg(long)]
    pub other_data: bool,
    /// Test images, from the first on [default: as in the run]
    #[arg(long, value_parser = count, value_name = "N")]
    pub test_size: Option<usize>,
    /// Kernel that multiplies matrices [default: openblas if built in, otherwise simd on x86-64]
    #[arg(long, value_name = "KERNEL", value_parser = choice::<GemmName>())]
    pub gemm: Option<GemmName>,
    /// Threads; 0 for one for each CPU
    #[arg(long, value_parser = count, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// If the run's files or the data cannot be used.
pub fn run(args: &Args) -> Result<()> {
    let folder = RunFolder::open(&args.run)?;
    let file = folder.file(BEST);
    let bytes = folder.read(BEST)?;
    let config_text = read_config(&bytes, &file).map_err(|error| advise(error, &folder))?;
    let trained = Settings::from_toml(&config_text, &file)?;
    // Where it was trained says nothing about where it is measured.
    let trained = Settings { gemm: None, threads: None, ..trained };
    let flags = Settings {
        test_size: args.test_size,
        gemm: args.gemm,
        threads: Some(args.threads),
        ..Settings::default()
    };
    let data = args.images.read()?;
    let config = Config::new(flags.overlay(trained), data.input_dim(), data.num_classes())?;
    trained_on::check(&config_text, &folder, &data, args.other_data)?;
    let split = config.split(&data)?;
    let found = match config.dtype() {
        Dtype::F32 => measure::<f32>(&config, &bytes, &folder, (&data, &split, args.split))?,
        Dtype::F64 => measure::<f64>(&config, &bytes, &folder, (&data, &split, args.split))?,
    };
    let count = match args.split {
        Part::Train => split.train.len(),
        Part::Val => split.val.len(),
        Part::Test => split.test.len(),
    };
    let metric = config.metric().name();
    if args.json {
        let run = args.run.display().to_string();
        let (part, data) = (args.split.to_string(), data.source.kind());
        let metric = metric.to_lowercase();
        say!(
            "{}",
            json!({ "run": run, "split": part, metric: found, "num_images": count, "data": data })
        );
    } else {
        say!("data      {}", data_line(&data));
        say!("{metric:<10}{found:.4} on {count} {} images", args.split);
    }
    Ok(())
}

/// Adds advice about weights that cannot be used.
fn advise(error: anyhow::Error, folder: &RunFolder) -> anyhow::Error {
    let run = folder.path();
    // The checkpoint of a run that diverged has the same numbers.
    if trainer::is_non_finite(&error) || store::find(folder).is_err() {
        return error;
    }
    let resume = resume_command(run, None);
    anyhow!("{error:#}; its checkpoint is whole: `{resume}` writes it anew")
}

fn measure<T: Number>(
    config: &Config,
    bytes: &[u8],
    folder: &RunFolder,
    part: (&DataSet, &Split, Part),
) -> Result<f64> {
    let net = config.net::<T>();
    let weights = from_safetensors::<T>(bytes, &net.arch, &folder.file(BEST));
    let weights = weights.map_err(|error| advise(error, folder))?;
    let mean_image = weights.mean_image;
    let weights = Weights::new(&net.arch, &weights.params, &weights.running)?;
    let found = trainer::evaluate(&net, weights, part, &mean_image, &start_backend(config)?);
    found.with_context(|| format!("{}: cannot be measured", folder.file(BEST).display()))
}
