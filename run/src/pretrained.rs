//! Weights to start a new run from: those of another run, with its architecture and its scalings.
//!
//! The scalings stay as they were, as the weights were trained behind them: with others a network would begin as if it
//! knew nothing. What else training takes is that of a new run.

use crate::combined::Written;
use crate::config::Config;
use crate::interchange::task_of;
use crate::settings::{Dtype, Name, Settings, SettingsError};
use crate::started_from::StartedFrom;
use crate::trained_on::{TrainedOn, fingerprint_of_file};
use crate::trained_run::TrainedRun;
use anyhow::{Context, Result, bail, ensure};
use barenet::{FullyConnectedNet, Scaling, Weights, fold};
use barenet_data::{DataSet, Task};
use barenet_model::number::Number;
use barenet_model::weights::{WeightsFile, from_safetensors, sizes};
use std::path::PathBuf;

/// Weights to start a new run from.
#[derive(Clone, Debug)]
pub struct Pretrained {
    /// How messages name them.
    name: String,
    sha256: String,
    file: PathBuf,
    bytes: Vec<u8>,
    settings: Settings,
    trained_on: Option<TrainedOn>,
}

/// Whether a setting is given, and is another than that of the network.
fn is_other<S: PartialEq>(given: &Option<S>, own: &Option<S>) -> bool {
    given.is_some() && given != own
}

/// How many times smaller the learning rate is once batch norm is folded.
const SMALLER: f64 = 100.0;

/// How weights go on that have just had batch norm folded into them, where nothing is given: by the rule that they were trained with,
/// in small steps. Nothing holds the sizes of layers together any longer, and steps of the size that batch norm allows would undo
/// what was learnt.
fn gentle(own: &Settings, given: &Settings) -> Settings {
    if given.preset.is_some() || is_other(&given.update_rule, &own.update_rule) {
        return Settings::default();
    }
    let learning_rate = own.learning_rate.map(|rate| rate / SMALLER);
    Settings { update_rule: own.update_rule, learning_rate, ..Settings::default() }
}

impl Pretrained {
    /// The best weights of a run, which messages call `name`.
    #[must_use]
    pub fn new(run: &TrainedRun, name: String) -> Self {
        Self {
            name,
            sha256: fingerprint_of_file(run.bytes()),
            file: run.file(),
            bytes: run.bytes().to_vec(),
            settings: run.settings().clone(),
            trained_on: run.trained_on().cloned(),
        }
    }

    /// How messages name them.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, of which it is known that they were imported from a file with these bytes.
    #[must_use]
    pub fn of_file(self, bytes: &[u8]) -> Self {
        Self { sha256: fingerprint_of_file(bytes), ..self }
    }

    /// What files of a run say of them.
    pub(crate) fn started_from(&self) -> StartedFrom {
        StartedFrom { name: self.name.clone(), sha256: self.sha256.clone() }
    }

    /// What they were trained on, by which data are read.
    #[must_use]
    pub const fn trained_on(&self) -> Option<&TrainedOn> {
        self.trained_on.as_ref()
    }

    /// Whether they stand for the integers of a file, which a new run does not keep.
    #[must_use]
    pub fn are_of_integers(&self) -> bool {
        self.trained_on.as_ref().is_some_and(|trained_on| trained_on.file().is_some())
    }

    /// Puts settings that somebody wrote over those of the network and of how its data are read.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if one of them contradicts the network.
    pub fn under(&self, written: Written) -> Result<Written, SettingsError> {
        let (own, given) = (&self.settings, &written.settings);
        let takes_classes =
            |settings: &Settings| settings.loss.is_none_or(|loss| loss.value().takes_classes());
        let dtype = |settings: &Settings| settings.dtype.map(Name::value);
        let task = task_of(own, self.trained_on.as_ref());
        // What is not known of the data of another program is to be said.
        let trained_on = self.trained_on.as_ref();
        let has_columns = trained_on.is_some_and(|it| it.encoding().is_some());
        let has_form = trained_on.is_some_and(|it| it.form().is_some());
        // Weights that are to be rounded begin with batch norm folded into them.
        let is_folded = given.qat == Some(true);
        let has_batchnorm = own.batchnorm.unwrap_or(false) && !is_folded;
        let (layers, reading, answers) =
            ("keeps its layers", "reads its data as those were read", "answers what it answered");
        let contradictions = [
            ("hidden", is_other(&given.hidden, &own.hidden), layers),
            ("local", is_other(&given.local, &own.local), layers),
            ("batchnorm", given.batchnorm.is_some_and(|found| found != has_batchnorm), layers),
            (
                "dtype",
                dtype(given).is_some_and(|found| found != dtype(own).unwrap_or(Dtype::F32)),
                "keeps its number type",
            ),
            (
                "scale",
                is_other(&given.scale, &own.scale),
                "keeps its scaling, which the weights go with",
            ),
            ("task", given.task.is_some_and(|found| found.value() != task), answers),
            ("loss", given.loss.is_some() && takes_classes(given) != takes_classes(own), answers),
            ("folds", given.folds.is_some(), "has weights that have seen what a fold leaves out"),
            ("target", has_columns && is_other(&given.target, &own.target), reading),
            ("group", has_columns && is_other(&given.group, &own.group), reading),
            ("image_size", has_form && is_other(&given.image_size, &own.image_size), reading),
            ("window", has_form && is_other(&given.window, &own.window), reading),
            ("stride", has_form && is_other(&given.stride, &own.stride), reading),
        ];
        if let Some((name, _, why)) = contradictions.into_iter().find(|(_, is_one, _)| *is_one) {
            return Err(SettingsError::new(format!(
                "{name}: a run that starts from {} {why}; leave it out, or train without --from",
                self.name
            )));
        }
        let network = Settings {
            hidden: own.hidden.clone(),
            local: own.local.clone(),
            batchnorm: if is_folded { Some(false) } else { own.batchnorm },
            dtype: own.dtype,
            scale: own.scale,
            loss: own.loss,
            huber_delta: own.huber_delta,
            format: own.format,
            task: own.task,
            target: own.target.clone(),
            ignore: own.ignore.clone(),
            text: own.text.clone(),
            header: own.header,
            group: own.group.clone(),
            missing: own.missing,
            image_size: own.image_size,
            window: own.window,
            stride: own.stride,
            normal: own.normal.clone(),
            ..if is_folded && own.batchnorm == Some(true) {
                gentle(own, given)
            } else {
                Settings::default()
            }
        };
        Ok(written.over_settings(network))
    }

    /// Refuses data for which the network has not the inputs and the outputs, and says where classes have other names.
    ///
    /// # Errors
    ///
    /// Naming both.
    pub(crate) fn check(&self, data: &DataSet) -> Result<()> {
        let (inputs, outputs) =
            sizes(&self.bytes, &self.file).with_context(|| format!("{}: damaged", self.name))?;
        let (given, wanted) = (data.input_dim(), data.output_dim());
        ensure!(
            (given, wanted) == (inputs, outputs),
            "{}: its network takes {inputs} inputs and has {outputs} outputs, and {} would take {given} and \
             {wanted}; name data like those that trained it with --data, or train without --from",
            self.name,
            data.source
        );
        let names = self.trained_on.as_ref().map_or(&[][..], |trained_on| &trained_on.class_names);
        let are_scores = data.task == Task::Classify;
        if are_scores && !names.is_empty() && names != data.class_names {
            log::warn!(
                "{}: its classes are {}, and those of {} are {}: they are taken for each other in this order",
                self.name,
                names.join(", "),
                data.source,
                data.class_names.join(", ")
            );
        }
        Ok(())
    }

    /// The weights and the scalings, for the network of a new run.
    ///
    /// # Errors
    ///
    /// If they are damaged or another network's.
    pub(crate) fn weights<T: Number>(&self, config: &Config) -> Result<WeightsFile<T>> {
        let arch = config.arch();
        let is_folded = config.values().qat && self.settings.batchnorm == Some(true);
        let arch = if is_folded { arch.with_batchnorm() } else { arch };
        match from_safetensors(&self.bytes, &arch, &self.file) {
            Ok(file) if is_folded => folded(&FullyConnectedNet { arch, ..config.net() }, file),
            Ok(file) => Ok(file),
            Err(error) => bail!("{}: {error:#}", self.name),
        }
    }
}

/// The same function without batch norm, as it is measured: by the running statistics.
fn folded<T: Number>(
    net: &FullyConnectedNet<'_, T>,
    file: WeightsFile<T>,
) -> Result<WeightsFile<T>> {
    let mut params = vec![T::ZERO; net.arch.without_batchnorm().num_params()];
    let weights = Weights::new(&net.arch, &file.params, &file.running)?;
    fold(net, weights, Scaling::NONE, Scaling::NONE, &mut params)?;
    Ok(WeightsFile { params, running: Vec::new(), ..file })
}
