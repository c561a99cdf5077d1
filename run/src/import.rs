//! Networks of other programs as runs.

mod unknown;

use crate::config::Config;
use crate::interchange::{CONFIG, task_of};
use crate::run_folder::{BEST, CONFIG as CONFIG_FILE, IMPORTED_FILE, RunFolder};
use crate::settings::{Dtype, Name, Settings};
use crate::trained_on::TrainedOn;
use anyhow::{Context, Result, bail, ensure};
use barenet::Weights;
use barenet_data::Task;
use barenet_data::disk::folder_of;
use barenet_data::reading;
use barenet_model::interchange::chain::Chain;
use barenet_model::interchange::{Layer, Network, Notes, names, npz, safetensors};
use barenet_model::number::Number;
use barenet_model::onnx::read::from_onnx;
use barenet_model::tflite::integers::{self, Integers};
use barenet_model::tflite::{is_tflite, read::from_tflite};
use barenet_model::weights::to_safetensors;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What somebody says of a file that does not say it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// What the network answers.
    pub task: Option<Task>,
    /// Names of its classes, in the order of its scores.
    pub class_names: Option<Vec<String>>,
    /// Other names of arrays: that of the file, and ours.
    pub map: Vec<(String, String)>,
}

/// A network that was read, and what is known of it.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The network.
    pub network: Network,
    /// What it answers.
    pub task: Task,
    /// Names of its classes.
    pub class_names: Vec<String>,
    /// Whether `barenet export` wrote the file, which then says what the network was trained on.
    pub is_ours: bool,
    /// The file, if the run keeps it for its integers.
    pub kept: Option<Kept>,
    /// The settings, and the line that says what it was trained on.
    text: String,
}

/// An int8 file of TFLite, which a run keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    bytes: Vec<u8>,
    /// Why its integers cannot be exported, if they cannot.
    pub problem: Option<String>,
}

impl Kept {
    /// The file, if its network is of integers.
    fn of(bytes: &[u8]) -> Option<Self> {
        integers::are_in(bytes).then(|| Self {
            bytes: bytes.to_vec(),
            problem: Integers::read(bytes).err().map(|error| format!("{error:#}")),
        })
    }
}

/// Reads a file of a network.
///
/// # Errors
///
/// Naming the file and the array or the node, if it is damaged, or no network of affine layers, batch norm and ReLU.
pub fn read(path: &Path, said: &Said) -> Result<Imported> {
    let bytes = reading::read(path).with_context(|| path.display().to_string())?;
    of_bytes(&bytes, path, said).with_context(|| path.display().to_string())
}

/// The share of data that calibrates, and the share that tests, where no file is named for it.
const FRACTION: f64 = 0.2;

/// Whether bytes begin as a zip archive does.
fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK")
}

/// Whether bytes begin as a safetensors file does: a length, and JSON.
fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

fn of_bytes(bytes: &[u8], path: &Path, said: &Said) -> Result<Imported> {
    ensure!(!bytes.is_empty(), "the file is empty");
    let has_arrays = is_zip(bytes) || is_safetensors(bytes);
    ensure!(
        said.map.is_empty() || has_arrays,
        "--map names arrays, and this is no safetensors and no npz file"
    );
    let (chain, notes, class_names) = if is_tflite(bytes) {
        (from_tflite(bytes)?, Notes::new(), Vec::new())
    } else if !has_arrays {
        let read = from_onnx(bytes, Some(folder_of(path)));
        let read = read.map_err(|error| unknown::told(error, bytes, path))?;
        (read.chain, read.notes, read.class_names)
    } else {
        let (mut arrays, notes) =
            if is_zip(bytes) { npz::read(bytes)? } else { safetensors::read(bytes)? };
        for (from, to) in &said.map {
            let found = arrays.iter_mut().find(|array| array.name == *from);
            let found = found
                .with_context(|| format!("--map: there is no array \"{}\"", from.escape_debug()))?;
            found.name.clone_from(to);
        }
        (names::from_arrays(&arrays)?, notes, Vec::new())
    };
    let mut imported = match notes.get(CONFIG) {
        Some(text) if notes.get("producer").is_some_and(|name| name == "barenet") => {
            ours(chain.network, text, path)
        }
        _ => other(chain, class_names, said, Kept::of(bytes)),
    }?;
    let Network { layers, scales, .. } = &mut imported.network;
    if imported.task == Task::Regress && scales.target_factor.is_empty() {
        // The answers are values as they are.
        let width = layers.last().map_or(0, Layer::fan_out);
        (scales.target_offset, scales.target_factor) = (vec![0.0; width], vec![1.0; width]);
    }
    Ok(imported)
}

/// A network whose file says what it was trained on.
fn ours(mut network: Network, text: &str, path: &Path) -> Result<Imported> {
    let trained_on = TrainedOn::parse(text).context("its texts say no data that trained it")?;
    let settings = Settings::stored(text, path)?;
    ensure!(
        settings.local.is_none(),
        "its settings have locally connected layers, and its arrays none"
    );
    let task = task_of(&settings, Some(&trained_on));
    if task == Task::Reconstruct {
        // The answers were brought to the units of the inputs.
        network.scales.target_offset.clear();
        network.scales.target_factor.clear();
    }
    if task == Task::Classify {
        ensure_classes(&trained_on.class_names, &network)?;
    }
    let dtype = if network.is_f64 { Dtype::F64 } else { Dtype::F32 };
    let is_same = settings.dtype.is_none_or(|found| found == dtype.into())
        && settings.batchnorm.unwrap_or(false) == network.has_batchnorm()
        // The file that a run kept is not in this one.
        && trained_on.file().is_none();
    let text = if is_same {
        text.to_owned()
    } else {
        // Batch norm that was folded is no longer there.
        let batchnorm = Some(network.has_batchnorm());
        let changed = Settings { batchnorm, dtype: Some(dtype.into()), ..settings };
        trained_on.clone().keeping(None).append_to(&changed.to_toml())?
    };
    let class_names = trained_on.class_names;
    Ok(Imported { network, task, class_names, is_ours: true, kept: None, text })
}

fn ensure_classes(class_names: &[String], network: &Network) -> Result<()> {
    let (names, scores) = (class_names.len(), network.layers.last().map_or(0, Layer::fan_out));
    ensure!(names == scores, "{names} classes are named, and the network has {scores} scores");
    Ok(())
}

/// Refuses names that answers could not be told apart by.
fn ensure_distinct(class_names: &[String]) -> Result<()> {
    let mut seen = HashSet::new();
    let wrong = class_names.iter().find(|name| name.is_empty() || !seen.insert(name.as_str()));
    match wrong {
        None => Ok(()),
        Some(name) if name.is_empty() => bail!("a class has no name; --classes names them all"),
        Some(name) => {
            bail!("two classes are called {}; --classes names each of them", name.escape_debug())
        }
    }
}

/// A network of another program.
fn other(
    chain: Chain,
    class_names: Vec<String>,
    said: &Said,
    kept: Option<Kept>,
) -> Result<Imported> {
    let Chain { mut network, is_classifier } = chain;
    let dims = network.dims();
    let (&inputs, &outputs) = dims.first().zip(dims.last()).context("it has no layer")?;
    let default = if is_classifier || outputs > 1 { Task::Classify } else { Task::Regress };
    let task = said.task.unwrap_or(default);
    if task != Task::Regress {
        network.fold_targets();
    }
    if task == Task::Classify && outputs == 1 {
        // The logit of the second of two classes.
        network.layers.last_mut().into_iter().for_each(Layer::into_two_classes);
    }
    let outputs = network.layers.last().map_or(0, Layer::fan_out);
    let class_names = match (task, &said.class_names) {
        (Task::Classify, Some(names)) => names.clone(),
        (Task::Classify, None) if class_names.len() == outputs => class_names,
        (Task::Classify, None) => (0..outputs).map(|class| class.to_string()).collect(),
        (_, Some(_)) => bail!("--classes names classes, and the task is another"),
        _ => Vec::new(),
    };
    if task == Task::Classify {
        ensure_classes(&class_names, &network)?;
        ensure_distinct(&class_names)?;
    }
    ensure!(
        task != Task::Reconstruct || inputs == outputs,
        "it takes {inputs} inputs and gives {outputs} numbers: it cannot give its inputs back"
    );
    let hidden = dims.get(1..dims.len() - 1).unwrap_or_default().to_vec();
    let dtype = if network.is_f64 { Dtype::F64 } else { Dtype::F32 };
    let loss = if task == Task::Classify { "softmax" } else { "mse" };
    let settings = Settings {
        hidden: Some(hidden),
        batchnorm: Some(network.has_batchnorm()),
        loss: Name::from_name(loss),
        dtype: Some(dtype.into()),
        // Of data that somebody names, as much as of a table calibrates and measures.
        val_fraction: Some(FRACTION),
        test_fraction: Some(FRACTION),
        task: (task != Task::Classify).then(|| task.into()),
        ..Settings::default()
    };
    let config = Config::new(settings, inputs, outputs)?;
    let names = match task {
        Task::Classify => vec!["class".to_owned()],
        Task::Regress => (1..=outputs).map(|number| format!("value {number}")).collect(),
        Task::Reconstruct => Vec::new(),
    };
    let trained_on = TrainedOn::imported(task, inputs, names, class_names.clone())
        .keeping(kept.as_ref().map(|kept| &*kept.bytes));
    let text = trained_on.append_to(&config.to_toml())?;
    Ok(Imported { network, task, class_names, is_ours: false, kept, text })
}

impl Imported {
    /// Writes it as a run: into the folder `out`, or the first of `runs/NAME`, `runs/NAME-2`, … that is free. Returns the
    /// folder.
    ///
    /// # Errors
    ///
    /// If the network does not go with its settings, the folder holds another run, or a file cannot be written.
    pub fn write(&self, out: Option<&Path>, name: &str) -> Result<PathBuf> {
        let dims = self.network.dims();
        let (&inputs, &outputs) = dims.first().zip(dims.last()).context("it has no layer")?;
        let settings = Settings::stored(&self.text, Path::new(CONFIG))?;
        let config = Config::of_stored(Settings { local: None, ..settings }, inputs, outputs)?;
        let arch = config.arch();
        let wanted = self.network.arch(&dims)?;
        ensure!(
            arch.dims() == wanted.dims()
                && self.network.has_batchnorm() == config.values().batchnorm,
            "its layers are {wanted}, and its settings say {arch}"
        );
        let bytes = match config.dtype() {
            Dtype::F32 => self.bytes::<f32>(&config)?,
            Dtype::F64 => self.bytes::<f64>(&config)?,
        };
        let folder = RunFolder::create(out, name, false)?;
        if let Some(kept) = &self.kept {
            folder.write(IMPORTED_FILE, &kept.bytes)?;
        }
        if let Err(error) = folder.write(BEST, &bytes) {
            // No run, and nothing of one.
            folder.remove(IMPORTED_FILE)?;
            return Err(error);
        }
        folder.write(CONFIG_FILE, config.to_toml().as_bytes())?;
        Ok(folder.path().to_owned())
    }

    fn bytes<T: Number>(&self, config: &Config) -> Result<Vec<u8>> {
        let file = self.network.weights::<T>()?;
        let arch = config.arch();
        let weights = Weights::new(&arch, &file.params, &file.running)?;
        to_safetensors(&arch, weights, &file.scales, &self.text)
    }
}
