//! Trains 64-32-16-10 with Adam on 20,000 rows of 64 numbers, once with a loop of the core's own Solver over rows that
//! are scaled already, and once as `barenet train` does on a table: scaled as they are read, with the files of a run.
//! Prints the samples a second of both, the best of five runs in turn, and their ratio: of a whole run, with its first
//! and last files, and of the epochs alone, which is what runs of two lengths differ by.
//!
//! ```sh
//! cargo run --release -p barenet-benches --example table_training
//! ```

use barenet::{
    Dataset, FullyConnectedNet, Init, Label, Rng, Sample, Solver, SolverBuffers, Target,
};
use barenet_data::split::{Index, Split};
use barenet_data::{DataSet, Numbers, Records, Source, Wanted, formats};
use barenet_run::backend::start_backend;
use barenet_run::buffers::OwnedBuffers;
use barenet_run::combined::Combined;
use barenet_run::config::Config;
use barenet_run::events::RunEvent;
use barenet_run::session::{Request, Session, Start, When};
use barenet_run::settings::{RuleName, Settings};
use std::time::Instant;

const ROWS: usize = 20_000;
/// Those of them that train.
const TRAIN: usize = 18_000;
const DIM: usize = 64;
const CLASSES: usize = 10;
/// As many as a table of so many rows gets by itself, and ten times as many.
const EPOCHS: [usize; 2] = [32, 320];
const ROUNDS: usize = 5;

/// Rows that are scaled already.
struct Rows<'a> {
    x: Vec<f32>,
    y: &'a [Label],
}

impl Dataset<f32> for Rows<'_> {
    fn len(&self) -> usize {
        self.y.len()
    }

    fn input_dim(&self) -> usize {
        DIM
    }

    fn target(&self, index: usize) -> Target {
        Target::Class(self.y.get(index).copied().unwrap_or_default())
    }

    #[inline(always)]
    fn read(&self, sample: Sample, start: usize, x: &mut [f32]) {
        let row = self.x.get(sample.index * DIM + start..).unwrap_or_default();
        x.iter_mut().zip(row).for_each(|(x, row)| *x = *row);
    }
}

fn main() -> anyhow::Result<()> {
    let data = table();
    for batch in [32, 256, 1024] {
        let mut seconds = [[f64::INFINITY; 2]; 2];
        for _ in 0..ROUNDS {
            for ([alone, command], epochs) in seconds.iter_mut().zip(EPOCHS) {
                let settings = settings(batch, epochs);
                *alone = alone.min(library(&data, &settings)?);
                *command = command.min(run(&data, &settings)?);
            }
        }
        let [short, long] = seconds;
        let more = [long[0] - short[0], long[1] - short[1]];
        for (what, [alone, command], epochs) in
            [("a whole run", short, EPOCHS[0]), ("its epochs", more, EPOCHS[1] - EPOCHS[0])]
        {
            let samples = (TRAIN / batch * batch * epochs) as f64 / 1e6;
            println!(
                "batch {batch:>4}, {what:<11}: library {:>5.2}, command {:>5.2} million samples/s, ratio {:.3}",
                samples / alone,
                samples / command,
                alone / command
            );
        }
    }
    Ok(())
}

fn settings(batch: usize, epochs: usize) -> Settings {
    Settings {
        hidden: Some(vec![32, 16]),
        update_rule: RuleName::from_name("adam"),
        learning_rate: Some(1e-3),
        batch_size: Some(batch),
        num_epochs: Some(epochs),
        print_every: Some(0),
        test_size: Some(1000),
        ..Settings::default()
    }
}

/// Rows whose class is the largest of some of their sums.
fn table() -> DataSet {
    let (mut x, mut w) = (vec![0.0_f32; (ROWS + 1000) * DIM], vec![0.0_f32; DIM * CLASSES]);
    Rng::seed(1).fill_normal(3.0, &mut x);
    Rng::seed(2).fill_normal(1.0, &mut w);
    let class = |row: &[f32]| {
        let score = |class: usize| -> f32 {
            row.iter()
                .zip(w.chunks_exact(CLASSES))
                .map(|(x, w)| x * w.get(class).unwrap_or(&0.0))
                .sum()
        };
        (0..CLASSES).max_by(|&a, &b| score(a).total_cmp(&score(b))).unwrap_or(0) as Label
    };
    let y = x.chunks_exact(DIM).map(class).collect();
    let test =
        Records::of(DIM, Numbers::F32(x[ROWS * DIM..].to_vec()), Wanted::Classes(vec![0; 1000]));
    let source = Source::read(&formats::csv::KIND, "memory".to_owned());
    DataSet {
        train: Records::of(DIM, Numbers::F32(x), Wanted::Classes(y)),
        test,
        class_names: (0..CLASSES).map(|class| class.to_string()).collect(),
        ..DataSet::empty(source)
    }
}

/// Seconds of the core's Solver, its checks included.
fn library(data: &DataSet, settings: &Settings) -> anyhow::Result<f64> {
    let config = Config::new(settings.clone(), DIM, CLASSES)?;
    let split: Split = config.split(data)?;
    let scales = config.scales::<f32>(data, &split);
    let part = |index: &Index| {
        let mut x = Vec::new();
        index.iter().for_each(|place| data.train.append_row(place, &mut x));
        let (offset, factor) = (&scales.inputs().offset, &scales.inputs().factor);
        for row in x.chunks_exact_mut(DIM) {
            let scaling = offset.iter().zip(factor.iter());
            row.iter_mut()
                .zip(scaling)
                .for_each(|(x, (offset, factor))| *x = (*x - offset) * factor);
        }
        x
    };
    let labels = data.train.labels();
    let range = |index: &Index| index.place(0)..index.place(0) + index.len();
    let train = Rows { x: part(&split.train), y: &labels[range(&split.train)] };
    let val = Rows { x: part(&split.val), y: &labels[range(&split.val)] };
    let (net, options) = (config.net::<f32>(), config.solver::<f32>());
    let mut memory = OwnedBuffers::new(&net.arch, &options)?;
    let backend = start_backend(&config);
    let clock = Instant::now();
    let buffers: SolverBuffers<'_, f32> = started(&net, memory.lend())?;
    let mut solver = Solver::new(net, options, &backend, &train, &val, buffers)?;
    backend.install(|| solver.train(|_| {}))?;
    Ok(clock.elapsed().as_secs_f64())
}

fn started<'a>(
    net: &FullyConnectedNet<'_, f32>,
    mut buffers: SolverBuffers<'a, f32>,
) -> anyhow::Result<SolverBuffers<'a, f32>> {
    net.init(Init::He, Rng::seed(0), &mut buffers.state(&net.arch)?);
    Ok(buffers)
}

/// Seconds of the same run with its files, its checks included.
fn run(data: &DataSet, settings: &Settings) -> anyhow::Result<f64> {
    let place = std::env::temp_dir().join(format!("barenet-table-training-{}", std::process::id()));
    let start = Start::new(Combined::from(settings.clone()), Some(&place), true);
    let session = Session::new(start, data, When::default())?;
    let mut watcher = |_: &RunEvent<'_>| Request::Continue;
    let run = session.begin(&mut watcher)?;
    let clock = Instant::now();
    let trained = run.train(&mut watcher)?;
    let seconds = clock.elapsed().as_secs_f64();
    drop(trained);
    drop(session);
    std::fs::remove_dir_all(&place)?;
    Ok(seconds)
}
