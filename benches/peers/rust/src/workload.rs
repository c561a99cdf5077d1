//! The workloads and the data, as in `../workloads.py`.

use crate::Result;

pub const CLASSES: usize = 10;
pub const KEEP_PROB: f64 = 0.8;
const NUM_TRAIN: usize = 49_000;
const IMAGE: usize = 3072;

#[derive(Clone, Copy)]
pub struct Workload {
    name: &'static str,
    pub dims: &'static [usize],
    pub norm: bool,
    pub adam: bool,
    pub learning_rate: f64,
    pub batch: usize,
}

const WORKLOADS: [Workload; 4] = [
    Workload {
        name: "W1",
        dims: &[3072, 100, 10],
        norm: false,
        adam: false,
        learning_rate: 1e-3,
        batch: 236,
    },
    Workload {
        name: "W2",
        dims: &[3072, 100, 100, 100, 100, 100, 10],
        norm: false,
        adam: true,
        learning_rate: 1e-3,
        batch: 100,
    },
    Workload {
        name: "W3",
        dims: &[3072, 100, 100, 100, 100, 100, 100, 10],
        norm: true,
        adam: true,
        learning_rate: 1e-4,
        batch: 50,
    },
    Workload {
        name: "W4",
        dims: &[3072, 1024, 1024, 512, 10],
        norm: true,
        adam: true,
        learning_rate: 1e-3,
        batch: 128,
    },
];

impl Workload {
    pub fn find(name: &str) -> Result<Self> {
        let found = WORKLOADS.into_iter().find(|workload| workload.name == name);
        Ok(found.ok_or_else(|| format!("no workload {name}"))?)
    }

    pub fn layers(&self) -> impl Iterator<Item = (usize, usize)> {
        self.dims.windows(2).map(|pair| (pair[0], pair[1]))
    }
}

/// The training images of CS231n's split as f32 minus their mean, and their labels.
pub struct Images {
    pub pixels: Vec<f32>,
    pub labels: Vec<u32>,
}

impl Images {
    pub fn load() -> Result<Self> {
        let folder = std::env::var("CIFAR10_DIR")?;
        let mut bytes = Vec::new();
        for file in 1..=5 {
            bytes.extend(std::fs::read(format!("{folder}/data_batch_{file}.bin"))?);
        }
        let records = || bytes.chunks_exact(1 + IMAGE).take(NUM_TRAIN);
        let mut mean = vec![0.0_f64; IMAGE];
        for record in records() {
            for (mean, &pixel) in mean.iter_mut().zip(&record[1..]) {
                *mean += f64::from(pixel) / NUM_TRAIN as f64;
            }
        }
        let centred = |record: &[u8]| {
            let pixels = record[1..].iter().zip(&mean);
            pixels.map(|(&pixel, &mean)| f32::from(pixel) - mean as f32).collect::<Vec<_>>()
        };
        Ok(Self {
            pixels: records().flat_map(centred).collect(),
            labels: records().map(|record| u32::from(record[0])).collect(),
        })
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }
}

/// A new order of 0..len at every call.
pub struct Shuffler(u64);

impl Shuffler {
    pub const fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    pub fn order(&mut self, len: usize) -> Vec<u32> {
        let mut order: Vec<_> = (0..len as u32).collect();
        for i in (1..len).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            order.swap(i, (self.0 % (i as u64 + 1)) as usize);
        }
        order
    }
}
