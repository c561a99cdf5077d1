//! The workloads, which are presets of barenet, and the data, as in `../workloads.py`.

use crate::Result;
use toml::{Table, Value};

pub const CLASSES: usize = 10;
const NUM_TRAIN: usize = 49_000;
const IMAGE: usize = 3072;

pub struct Workload {
    pub dims: Vec<usize>,
    pub norm: bool,
    pub keep_prob: f64,
    pub adam: bool,
    pub learning_rate: f64,
    pub batch: usize,
}

impl Workload {
    /// The workload of that name: one of barenet's presets.
    pub fn find(name: &str) -> Result<Self> {
        let presets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../run/presets");
        let file = format!("{presets}/{}.toml", name.to_lowercase());
        let table: Table = std::fs::read_to_string(file)?.parse()?;
        let settings = table.get("settings").and_then(Value::as_table).ok_or("no settings")?;
        let count = |value: &Value| value.as_integer().and_then(|n| usize::try_from(n).ok());
        let hidden = settings["hidden"].as_array().ok_or("no hidden")?;
        let hidden = hidden.iter().map(|size| count(size).ok_or("no size"));
        let dims = [Ok(IMAGE)].into_iter().chain(hidden).chain([Ok(CLASSES)]);
        Ok(Self {
            dims: dims.collect::<std::result::Result<_, _>>()?,
            norm: settings.get("batchnorm").and_then(Value::as_bool).unwrap_or(false),
            keep_prob: settings.get("keep_prob").and_then(Value::as_float).unwrap_or(1.0),
            adam: settings["update_rule"].as_str() == Some("adam"),
            learning_rate: settings["learning_rate"].as_float().ok_or("no learning rate")?,
            batch: count(&settings["batch_size"]).ok_or("no batch size")?,
        })
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
