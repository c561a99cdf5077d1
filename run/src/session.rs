//! A run and the files that it leaves: [begun](Session::begin), [trained](Run::train) and
//! [finished](Trained::finish), with whoever [watches](Watcher) told of every event.

mod due;
mod files;
mod resume;
mod start;
mod typed;
mod watch;

pub use crate::trainer::Ended;
pub use due::When;
pub use start::Start;
pub(crate) use start::{configure, prepare};
pub use watch::{Request, Watcher};

use crate::config::Config;
use crate::inspection::Inspection;
use crate::pretrained::Pretrained;
use crate::run_folder::RunFolder;
use crate::settings::Dtype;
use crate::summary::Summary;
use anyhow::Result;
use barenet::{Float, Ranks, SolverConfig};
use barenet_blas::Backend;
use barenet_data::DataSet;
use barenet_data::split::Split;
use std::path::PathBuf;
use std::time::Instant;
use typed::{RunAs, TrainedAs};

/// A run besides its number type.
#[derive(Debug)]
pub struct Session<'a> {
    /// Its settings.
    pub config: Config,
    /// Its images.
    pub data: &'a DataSet,
    /// Which of them train, validate and test.
    pub split: Split,
    /// Its threads and kernels.
    pub backend: Backend,
    /// The folder of its files.
    pub folder: RunFolder,
    /// Its name.
    pub name: String,
    /// When checkpoints are written, besides after epochs.
    pub when: When,
    /// The bytes of a checkpoint to resume from, and its file.
    pub resume: Option<(Vec<u8>, PathBuf)>,
    /// Weights that a new run starts from, if they are not drawn.
    pub from: Option<Pretrained>,
    /// The processes that train it.
    pub ranks: &'a dyn AllRanks,
}

/// The lengths of a run.
#[derive(Clone, Copy, Debug)]
struct Lengths {
    iterations: usize,
    per_epoch: usize,
    epochs: usize,
    /// The epoch after which the training ends at the latest.
    last_epoch: usize,
    patience: usize,
}

impl Lengths {
    fn new<T: Float>(solver: &SolverConfig<T>, config: &Config, num_train: usize) -> Self {
        Self {
            last_epoch: config.last_epoch(),
            patience: config.values().patience,
            iterations: solver.num_iterations(num_train),
            per_epoch: solver.iterations_per_epoch(num_train),
            epochs: solver.num_epochs,
        }
    }
}

/// What there is of either number type.
#[derive(Debug)]
enum Either<A, B> {
    F32(A),
    F64(B),
}

/// Runs `$body` with what there is.
macro_rules! either {
    ($either:expr, $typed:ident => $body:expr) => {
        match $either {
            Either::F32($typed) => $body,
            Either::F64($typed) => $body,
        }
    };
}

/// A run that can train: its memory is reserved, its log begun.
#[derive(Debug)]
pub struct Run<'a>(Either<RunAs<'a, f32>, RunAs<'a, f64>>);

/// A run that has trained, to its end or until it was stopped.
#[derive(Debug)]
pub struct Trained<'a>(Either<TrainedAs<'a, f32>, TrainedAs<'a, f64>>);

impl<'a> Session<'a> {
    /// The same on several processes, all of which train it, each with files of its own.
    #[must_use]
    pub fn on(mut self, ranks: &'a dyn AllRanks) -> Self {
        self.ranks = ranks;
        self
    }
}

/// [`Ranks`] for numbers of either type.
pub trait AllRanks: Ranks<f32> + Ranks<f64> {}

impl<R: Ranks<f32> + Ranks<f64>> AllRanks for R {}

impl Session<'_> {
    /// The same, which ends after an epoch before its last one, with a checkpoint to resume from and the summary of what it has done.
    #[must_use]
    pub fn ending_after(mut self, epoch: Option<usize>) -> Self {
        self.config = self.config.ending_after(epoch);
        self
    }

    /// Reserves memory, reads the checkpoint to resume from, and starts the log.
    ///
    /// # Errors
    ///
    /// If there is not enough memory, a file cannot be written, or the checkpoint is of another run.
    pub fn begin(&self, watcher: &mut dyn Watcher) -> Result<Run<'_>> {
        Ok(Run(match self.config.dtype() {
            Dtype::F32 => Either::F32(self.begin_as::<f32>(self.ranks, watcher)?),
            Dtype::F64 => Either::F64(self.begin_as::<f64>(self.ranks, watcher)?),
        }))
    }
}

impl<'a> Run<'a> {
    /// Trains to the end, or until the watcher stops the run.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, or a checkpoint that was asked for last could not be made. A loss
    /// that is not finite is no error here: the summary says so.
    pub fn train(self, watcher: &mut dyn Watcher) -> Result<Trained<'a>> {
        Ok(Trained(match self.0 {
            Either::F32(run) => Either::F32(run.train(watcher)?),
            Either::F64(run) => Either::F64(run.train(watcher)?),
        }))
    }
}

impl Trained<'_> {
    /// How the training ended.
    #[must_use]
    pub fn ended(&self) -> Ended<'_> {
        either!(&self.0, trained => trained.outcome.ended())
    }

    /// The best weights on the test data, once the run is [finished](Self::finish); `None` where its scores are not finite.
    #[must_use]
    pub fn inspection(&self) -> Option<&Inspection> {
        either!(&self.0, trained => trained.inspection.as_ref())
    }

    /// Measures the best weights, and writes the summary. `start` is when the run began.
    ///
    /// # Errors
    ///
    /// If a file cannot be written, or there is not enough memory.
    pub fn finish(&mut self, watcher: &mut dyn Watcher, start: Instant) -> Result<Summary> {
        either!(&mut self.0, trained => trained.finish(watcher, start))
    }
}
