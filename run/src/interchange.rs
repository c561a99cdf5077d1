//! A trained run as a file of other programs.

use crate::folder::Folder;
use crate::settings::{Dtype, Settings};
use crate::summary::Summary;
use crate::trained_on::TrainedOn;
use crate::trained_run::TrainedRun;
use anyhow::{Context, Result, ensure};
use barenet_data::Task;
use barenet_data::disk::folder_of;
use barenet_model::export::model::Model;
use barenet_model::interchange::arrays::{Layout, to_arrays};
use barenet_model::interchange::{NO_LOCAL, Network, Notes, npz, safetensors};
use barenet_model::onnx::{self, Head, Input};
use std::path::Path;

/// A network for other programs, and what is known of it.
#[derive(Clone, Debug)]
pub struct Interchange {
    /// The network, as it was trained.
    pub network: Network,
    /// What it answers.
    pub task: Task,
    /// Whether its inputs are pixels, 0 to 255.
    pub is_pixels: bool,
    /// Names of classes, columns and targets, the settings, and what it was trained on.
    pub notes: Notes,
}

/// A file of arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrayFile {
    /// Safetensors.
    Safetensors,
    /// A zip archive of numpy's arrays.
    Npz,
}

/// The note that has the settings and what the network was trained on, as a weights file has them.
pub(crate) const CONFIG: &str = "config";

impl Interchange {
    /// The network of a run.
    ///
    /// # Errors
    ///
    /// If its weights cannot be used, or no such file can have it.
    pub fn new(run: &TrainedRun) -> Result<Self> {
        let network = network(run).with_context(|| run.file().display().to_string())?;
        let trained_on = run.trained_on();
        let task = task_of(run.settings(), trained_on);
        let is_pixels = trained_on.is_none_or(TrainedOn::is_of_pixels);
        let mut notes = Notes::from([
            (CONFIG.to_owned(), run.text().to_owned()),
            ("producer".to_owned(), "barenet".to_owned()),
            ("task".to_owned(), crate::settings::Name::from(task).name().to_owned()),
        ]);
        let mut list = |name: &str, names: &[String]| -> Result<()> {
            if !names.is_empty() {
                notes.insert(name.to_owned(), serde_json::to_string(names)?);
            }
            Ok(())
        };
        if let Some(trained_on) = trained_on {
            if task == Task::Classify {
                list("class_names", &trained_on.class_names)?;
            }
            let (inputs, targets) = trained_on.column_names();
            list("input_names", &inputs)?;
            list("target_names", &targets)?;
        }
        let summary = Summary::read(run.folder()).ok();
        if let Some(threshold) = summary.and_then(|summary| summary.anomaly_threshold) {
            notes.insert("anomaly_threshold".to_owned(), threshold.to_string());
        }
        Ok(Self { network, task, is_pixels, notes })
    }

    /// The same network without scalings: it takes features as they are, and gives values in the units of the targets.
    ///
    /// # Errors
    ///
    /// If a number becomes too large.
    pub fn without_scaling(&self) -> Result<Self> {
        let mut scaled = self.network.clone();
        if self.task == Task::Reconstruct {
            scaled.scales.target_offset = scaled.scales.offset.clone();
            scaled.scales.target_factor = scaled.scales.factor.clone();
        }
        let network = scaled.without_scaling()?;
        network.check_finite().context("with the scaling folded into them")?;
        Ok(Self { network, ..self.clone() })
    }

    /// The bytes of a file of arrays.
    ///
    /// # Errors
    ///
    /// If it is too large for the format.
    pub fn array_file(&self, file: ArrayFile, layout: Layout) -> Result<Vec<u8>> {
        let arrays = to_arrays(&self.network, layout);
        let mut notes = self.notes.clone();
        let scaling = if self.network.scales.offset.is_empty() {
            "none: the first layer takes inputs as they are, the last one gives values as they are"
        } else {
            "inputs are (x - mean_image) * input_factor, values are score / target_factor + target_offset"
        };
        notes.insert("scaling".to_owned(), scaling.to_owned());
        match file {
            ArrayFile::Safetensors => safetensors::write(&arrays, &notes),
            ArrayFile::Npz => npz::write(&arrays, &notes),
        }
    }

    /// The bytes of an ONNX file in `f32`, with its batch norm as nodes or in the weights.
    ///
    /// # Errors
    ///
    /// If a number is too large for `f32`.
    pub fn onnx_file(&self, keep_batchnorm: bool) -> Result<Vec<u8>> {
        let head = match self.task {
            Task::Classify => Head::Classes,
            Task::Regress => Head::Values,
            Task::Reconstruct => Head::Reconstruction,
        };
        let input = if self.is_pixels { Input::Pixels } else { Input::Features };
        if keep_batchnorm {
            return onnx::write::to_onnx(&self.network, head, input, &self.notes);
        }
        let folded = self.network.without_batchnorm()?;
        onnx::write::to_onnx(&folded, head, input, &self.notes)
    }

    /// The bytes of an ONNX file of an exported int8 network.
    ///
    /// # Errors
    ///
    /// If it is not int8.
    pub fn int8_onnx_file(&self, model: &Model) -> Result<Vec<u8>> {
        onnx::int8::to_onnx(model, &self.notes)
    }
}

/// The network of a run.
fn network(run: &TrainedRun) -> Result<Network> {
    ensure!(run.settings().local.is_none(), NO_LOCAL);
    let config = run.config_without_data()?;
    Ok(match config.dtype() {
        Dtype::F32 => Network::new(&config.arch(), &run.weights(&config.net::<f32>())?)?,
        Dtype::F64 => Network::new(&config.arch(), &run.weights(&config.net::<f64>())?)?,
    })
}

/// What a run answers.
pub(crate) fn task_of(settings: &Settings, trained_on: Option<&TrainedOn>) -> Task {
    let is_of_classes = settings.loss.is_none_or(|loss| loss.value().takes_classes());
    let default = if is_of_classes { Task::Classify } else { Task::Reconstruct };
    let known = trained_on.and_then(TrainedOn::task);
    known.or(settings.task.map(|task| task.value())).unwrap_or(default)
}

/// Refuses a place for a file where there is something; a file is replaced with `force`.
///
/// # Errors
///
/// Naming the place.
pub fn check_file(path: &Path, force: bool) -> Result<()> {
    let shown = path.display();
    ensure!(!path.is_dir(), "{shown}: is a folder; name a file with --out");
    ensure!(
        force || !path.exists(),
        "{shown}: is there already; choose another --out, or --force to replace it"
    );
    Ok(())
}

/// Writes a file, whole or not at all; one that is there is replaced only with `force`.
///
/// # Errors
///
/// Naming the file, if it is there or cannot be written.
pub fn write_file(path: &Path, bytes: &[u8], force: bool) -> Result<()> {
    check_file(path, force)?;
    let shown = path.display();
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{shown}: is no name of a file"))?;
    let parent = folder_of(path);
    let folder = Folder::open(parent)
        .with_context(|| format!("{shown}: {} is no folder; make it first", parent.display()))?;
    folder.write(name, bytes)
}
