//! A `Dataset` that streams: samples stay on the disk, and each is read when a batch has it. So more can be trained on
//! than fits into memory.
//!
//! ```sh
//! cargo run -p barenet-run --example streaming
//! ```

use barenet::{
    Arch, Dataset, Event, FullyConnectedNet, Init, Rng, Sample, Solver, SolverConfig, Target,
    UpdateRule,
};
use barenet_blas::{Backend, Kernel};
use barenet_data::builtin;
use barenet_run::buffers::OwnedBuffers;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;

const LEN: usize = 3072;

/// Images in a file: of each its bytes. The labels are small, and are kept.
struct OnDisk {
    file: Mutex<File>,
    /// The place of the first image in the file.
    first: usize,
    labels: Vec<u32>,
}

impl OnDisk {
    fn open(path: &Path, first: usize, labels: &[u32]) -> io::Result<Self> {
        Ok(Self { file: Mutex::new(File::open(path)?), first, labels: labels.to_vec() })
    }

    /// Reads bytes of an image.
    fn read_bytes(&self, index: usize, start: usize, bytes: &mut [u8]) -> io::Result<()> {
        let place = ((self.first + index) * LEN + start) as u64;
        let mut file = self.file.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        file.seek(SeekFrom::Start(place))?;
        file.read_exact(bytes)
    }
}

impl Dataset<f32> for OnDisk {
    fn len(&self) -> usize {
        self.labels.len()
    }

    fn input_dim(&self) -> usize {
        LEN
    }

    fn target(&self, index: usize) -> Target {
        Target::Class(self.labels[index])
    }

    /// What cannot be read becomes no number, which ends the training with an error.
    fn read(&self, sample: Sample, start: usize, x: &mut [f32]) {
        let mut bytes = [0; LEN];
        let bytes = &mut bytes[start..][..x.len()];
        match self.read_bytes(sample.index, start, bytes) {
            Ok(()) => {
                x.iter_mut()
                    .zip(bytes)
                    .for_each(|(x, &mut byte)| *x = (f32::from(byte) - 128.0) / 64.0);
            }
            Err(_) => x.fill(f32::NAN),
        }
    }
}

fn main() -> anyhow::Result<()> {
    // Some file to stream from.
    let images = builtin::generate().train;
    let mut file = tempfile::NamedTempFile::new()?;
    (0..2000).try_for_each(|index| file.write_all(images.bytes(index)))?;
    file.flush()?;

    let train = OnDisk::open(file.path(), 0, &images.labels()[..1800])?;
    let val = OnDisk::open(file.path(), 1800, &images.labels()[1800..2000])?;
    let net = FullyConnectedNet::<f32>::new(Arch::new(&[LEN, 32, 10]));
    let config = SolverConfig {
        learning_rate: 1e-3,
        num_epochs: 8,
        ..SolverConfig::new(UpdateRule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })
    };
    let backend = Backend::new(Kernel::default(), 0);
    let mut memory = OwnedBuffers::new(&net.arch, &config)?;
    let mut buffers = memory.lend();
    net.init(Init::He, Rng::seed(0), &mut buffers.state(&net.arch)?);
    let mut solver = Solver::new(net, config, &backend, &train, &val, buffers)?;
    solver.train(|event| {
        if let Event::Epoch { epoch, val, .. } = event {
            println!("epoch {epoch}: validation accuracy {val:.3}");
        }
    })?;
    Ok(())
}
