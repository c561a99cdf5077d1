//! A network for a device, and the files that hold it.

use anyhow::Result;
use barenet_model::export::c_folder;
use barenet_model::export::crate_folder::{self, Contents};
use barenet_model::export::in_weights::InWeights;
use barenet_model::export::listing::CrateFile;
use barenet_model::export::model::{Model, Scores};
use barenet_model::export::row::Row;

/// A network for a device, with what its files say of it.
#[derive(Debug)]
pub struct ForDevice {
    /// The name of its crate.
    pub name: String,
    /// The network.
    pub model: Model,
    /// What was folded into its weights.
    pub in_weights: InWeights<'static>,
    pub(super) origin: String,
    pub(super) order: String,
    pub(super) input_names: Vec<String>,
    pub(super) output_names: Vec<String>,
    pub(super) test_vector: (Vec<TestSample>, Vec<Scores>),
}

/// A sample of the test vector.
#[derive(Clone, Debug)]
pub(super) enum TestSample {
    U8(Vec<u8>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    F32(Vec<f32>),
}

impl TestSample {
    pub(super) fn of(row: Row<'_>) -> Self {
        match row {
            Row::U8(numbers) => Self::U8(numbers.to_vec()),
            Row::I8(numbers) => Self::I8(numbers.to_vec()),
            Row::I16(numbers) => Self::I16(numbers.to_vec()),
            Row::F32(numbers) => Self::F32(numbers.to_vec()),
        }
    }

    pub(super) fn row(&self) -> Row<'_> {
        match self {
            Self::U8(numbers) => Row::U8(numbers),
            Self::I8(numbers) => Row::I8(numbers),
            Self::I16(numbers) => Row::I16(numbers),
            Self::F32(numbers) => Row::F32(numbers),
        }
    }
}

impl ForDevice {
    /// The files of a crate that has the network.
    #[must_use]
    pub fn crate_files(&self) -> Vec<CrateFile> {
        let samples = self.samples();
        crate_folder::files(&self.contents(&samples))
    }

    /// The files of a folder of C that has the network.
    ///
    /// # Errors
    ///
    /// If it has layers that there are not in C.
    pub fn c_files(&self) -> Result<Vec<CrateFile>> {
        let samples = self.samples();
        c_folder::files(&self.contents(&samples))
    }

    /// The samples of the test vector.
    fn samples(&self) -> Vec<Row<'_>> {
        self.test_vector.0.iter().map(TestSample::row).collect()
    }

    fn contents<'a>(&'a self, samples: &'a [Row<'a>]) -> Contents<'a> {
        Contents {
            name: &self.name,
            origin: &self.origin,
            model: &self.model,
            in_weights: self.in_weights,
            order: &self.order,
            input_names: &self.input_names,
            output_names: &self.output_names,
            samples,
            scores: &self.test_vector.1,
        }
    }
}
