//! `barenet eval`.

mod figures;

use super::{ImagesFlag, data_line, label, sample_word};
use crate::console::{complain, say};
use crate::flags::choice;
use anyhow::Result;
use barenet_blas::Precision;
use barenet_data::Task;
use barenet_data::split::Part;
use barenet_run::measured::Metric;
use barenet_run::settings::{KernelName, Name, Settings, count};
use barenet_run::trained_run::TrainedRun;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// Measure a trained network
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  barenet eval runs/two-layer                              the run's test images
  barenet eval runs/two-layer --split test --test-size 10000
  barenet eval runs/minute --tta                           each the mean of ten views
  barenet eval runs/two-layer --split val --json | jq .accuracy")]
pub(crate) struct Args {
    /// Folder of a run
    pub(crate) run: PathBuf,
    /// Which samples
    #[arg(long, value_name = "PART", default_value = "test", value_parser = choice::<Name<Part>>())]
    pub(crate) split: Name<Part>,
    /// The images
    #[command(flatten)]
    pub(crate) images: ImagesFlag,
    /// Take other data than those that the run was trained on
    #[arg(long)]
    pub(crate) other_data: bool,
    /// Test samples, from the first on [default: as in the run]
    #[arg(long, value_parser = count, value_name = "N")]
    pub(crate) test_size: Option<usize>,
    /// Kernel that multiplies matrices [default: the first of these that the build has and the CPU can run]
    #[arg(long, value_name = "KERNEL", value_parser = choice::<Name<KernelName>>())]
    pub(crate) gemm: Option<Name<KernelName>>,
    /// How exact products in f32 are, at least [default: f32]
    #[arg(long, value_name = "PRECISION", value_parser = choice::<Name<Precision>>())]
    pub(crate) precision: Option<Name<Precision>>,
    /// Threads; 0 for one for each CPU
    #[arg(long, value_parser = count, value_name = "N", default_value_t = 0)]
    pub(crate) threads: usize,
    /// Average the answers for ten views of each picture, flipped and shifted
    #[arg(long)]
    pub(crate) tta: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let run = TrainedRun::open(&args.run)?;
    let changes = Settings {
        test_size: args.test_size,
        gemm: args.gemm,
        precision: args.precision,
        threads: Some(args.threads),
        ..Settings::default()
    };
    let data = args.images.read_for(&run)?;
    let run = run.on_images(&data, changes, args.other_data)?;
    let run = if args.tta { run.with_tta()? } else { run };
    let part = args.split.value();
    if let Some(caution) = run.caution(part) {
        complain(format_args!("warning: {caution}"));
    }
    let figures = run.figures(part)?;
    let metric = run.config.metric();
    // Figures of classes have their accuracy: nothing has to be computed twice.
    let found = match (metric, figures.accuracy()) {
        (Metric::Accuracy, Some(accuracy)) => accuracy,
        _ if args.tta => figures::of_views(&figures, metric)?,
        _ => run.measure(part)?,
    };
    let threshold = match data.task {
        Task::Reconstruct => run.figures(Part::Val)?.threshold(run.config.anomaly_percentile()),
        Task::Classify | Task::Regress => None,
    };
    let (count, part) = (run.num_images(part), args.split.name());
    if args.json {
        let run = args.run.display().to_string();
        let metric = metric.name().to_lowercase().replace(['-', ' '], "_").replace('²', "2");
        let word = data.source.kind.word;
        let mut line = Map::new();
        figures::to_json(&figures, &data, threshold, &mut line);
        line.extend([
            ("run".to_owned(), json!(run)),
            ("split".to_owned(), json!(part)),
            (metric, json!(found)),
            ("num_images".to_owned(), json!(count)),
            ("data".to_owned(), json!(word)),
            ("tta".to_owned(), json!(args.tta)),
        ]);
        say!("{}", Value::from(line));
    } else {
        say!("data      {}", data_line(&data));
        let samples = sample_word(&data);
        let name = label(metric);
        let views = if args.tta { ", each the mean of ten views" } else { "" };
        say!("{name:<10}{found:.4} on {count} {part} {samples}{views}");
        figures::print(&figures, &data, metric, threshold)?;
    }
    Ok(())
}
