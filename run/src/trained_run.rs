//! A run that was trained: its best weights, opened and measured on images.

use crate::backend::start_backend;
use crate::checkpoint::store;
use crate::config::{Config, ignored_of_parts};
use crate::figures::{Figures, figures};
use crate::inspection::{Inspection, inspect};
use crate::patience;
use crate::run_folder::{BEST, RunFolder, SUMMARY};
use crate::settings::{Dtype, Name, Settings, SettingsError, Values};
use crate::shell::resume_command;
use crate::summary::Summary;
use crate::trained_on::check::{Checked, check};
use crate::trained_on::{IMPORTED, TrainedOn};
use crate::trainer::{self, is_non_finite};
use anyhow::{Context, Error, Result, anyhow, bail, ensure};
use barenet::{FullyConnectedNet, Loss, Weights};
use barenet_blas::{Backend, Precision};
use barenet_data::augment::{Augmentation, test_views};
use barenet_data::split::{Part, Split};
use barenet_data::{DataSet, Origin, SampleForm, Task};
use barenet_model::number::Number;
use barenet_model::scales::Scales;
use barenet_model::weights::{WeightsFile, from_safetensors, read_config, sizes};
use std::path::{Path, PathBuf};

/// A run that was trained, and the file of its best weights.
#[derive(Debug)]
pub struct TrainedRun {
    folder: RunFolder,
    bytes: Vec<u8>,
    /// Text beside the weights: settings, and the images that they were trained on.
    text: String,
    settings: Settings,
    trained_on: Option<TrainedOn>,
}

/// A [`TrainedRun`] and images to measure it on.
#[derive(Debug)]
pub struct OnImages<'a> {
    /// The run.
    pub run: &'a TrainedRun,
    /// The images.
    pub data: &'a DataSet,
    /// Which of them trained, validate and test.
    pub split: Split,
    /// The settings of the run, and of how it is measured.
    pub config: Config,
    /// Whether they are the images of the run.
    pub checked: Checked,
    /// Views of each picture over which figures are averaged.
    views: Vec<Augmentation>,
}

impl TrainedRun {
    /// Opens the folder of a run.
    ///
    /// # Errors
    ///
    /// If it is not one, or its weights cannot be read.
    pub fn open(path: &Path) -> Result<Self> {
        Self::in_folder(RunFolder::open(path)?)
    }

    /// Opens the folder of a run that was imported from a file just now: messages name that file, as nobody knows the folder.
    ///
    /// # Errors
    ///
    /// Those of [`Self::open`].
    pub fn open_import(path: &Path, file: &Path) -> Result<Self> {
        Self::in_folder(RunFolder::open(path)?.shown_as(file))
    }

    fn in_folder(folder: RunFolder) -> Result<Self> {
        let file = folder.file(BEST);
        let bytes = folder.read(BEST)?;
        let text = read_config(&bytes, &file).map_err(|error| advise(error, &folder))?;
        // Where it was trained says nothing about where it is measured.
        let settings = Settings::stored(&text, &file)?;
        let settings = Settings { gemm: None, precision: None, threads: None, ..settings };
        let trained_on = TrainedOn::read(&text, &folder)?;
        Ok(Self { folder, bytes, text, settings, trained_on })
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same with another precision of products.
    #[must_use]
    pub fn with_precision(mut self, precision: Option<Name<Precision>>) -> Self {
        self.settings.precision = precision;
        self
    }

    /// Whether it was trained on pictures, those of the course among them.
    #[must_use]
    pub fn is_of_pictures(&self) -> bool {
        let form = self.trained_on().and_then(TrainedOn::form_of_answers);
        matches!(form, Some(SampleForm::Pictures(_)))
    }

    /// What it was trained on; an earlier version's run says nothing of it.
    #[must_use]
    pub const fn trained_on(&self) -> Option<&TrainedOn> {
        self.trained_on.as_ref()
    }

    /// The folder.
    #[must_use]
    pub const fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The file of the weights.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.file(BEST)
    }

    /// The summary of a run that came to its end. `data` are the images that a command to resume it names.
    ///
    /// # Errors
    ///
    /// If it did not.
    pub fn finished(&self, data: Option<&Path>) -> Result<Summary> {
        let folder = &self.folder;
        if folder.is_imported() {
            return Ok(self.summary_of_import());
        }
        let run = folder.path().display();
        let resume = resume_command(folder.path(), data);
        ensure!(
            folder.file(SUMMARY).exists(),
            "{run}: this run was never finished: {SUMMARY} is missing; `{resume}` resumes it"
        );
        let summary = Summary::read(folder)?;
        if let Some(iteration) = summary.diverged_at {
            bail!(
                "{run}: this run was never finished: its loss was not a finite number at iteration \
                 {iteration}; train it again with a lower --learning-rate"
            );
        }
        // A run that is being made longer still has the summary of before.
        let Values { num_epochs: epochs, patience, .. } = Values::complete(self.settings.clone())?;
        let done = summary.epochs;
        ensure!(
            done >= epochs
                || summary.ended_after == Some(done)
                || patience::is_over(patience, done, summary.measured.best_epoch),
            "{run}: this run was never finished: its summary is of {done} of {epochs} epochs; `{resume}` \
             resumes it"
        );
        Ok(summary)
    }

    /// A summary of a network that another program trained: no figure is known.
    fn summary_of_import(&self) -> Summary {
        let name = self.folder.own_name().unwrap_or("imported");
        let data = self.trained_on.as_ref().map_or(IMPORTED, |trained_on| &trained_on.data);
        let loss = self.settings.loss.map_or(Loss::Softmax, Name::value);
        Summary::without_figures(name, data, loss.metric())
    }

    /// The text beside the weights: the settings, and what it was trained on.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the file of the weights.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The inputs and the outputs of its network; none if the weights are damaged.
    #[must_use]
    pub fn sizes(&self) -> Option<(usize, usize)> {
        sizes(&self.bytes, &self.file())
    }

    /// The configuration of its network, for which no data are needed.
    ///
    /// # Errors
    ///
    /// If the weights are damaged, or its settings contradict each other.
    pub(crate) fn config_without_data(&self) -> Result<Config> {
        let damaged = || format!("{}: damaged", self.file().display());
        let (inputs, outputs) = self.sizes().with_context(damaged)?;
        Config::of_stored(self.settings.clone(), inputs, outputs)
    }

    /// The weights, for a network of its settings.
    ///
    /// # Errors
    ///
    /// If they are damaged or another network's.
    pub fn weights<T: Number>(&self, net: &FullyConnectedNet<'_, T>) -> Result<WeightsFile<T>> {
        let weights = from_safetensors(&self.bytes, &net.arch, &self.file());
        weights.map_err(|error| advise(error, &self.folder))
    }

    /// Puts the run beside images, with some settings changed.
    ///
    /// # Errors
    ///
    /// If a setting cannot be used, or the images are not those of the run and no `other_data` are allowed.
    pub fn on_images<'a>(
        &'a self,
        data: &'a DataSet,
        changes: Settings,
        other_data: bool,
    ) -> Result<OnImages<'a>> {
        ignored_of_parts(&changes, data).iter().for_each(|line| log::warn!("{line}"));
        let settings = changes.clone().overlay(self.settings.clone());
        let mut config = Config::for_data(settings, data, data.output_dim())?;
        config.fit_test(&changes, data);
        let checked = check(&self.text, &self.folder, data, other_data)?;
        let split = config.split(data)?;
        Ok(OnImages { run: self, data, split, config, checked, views: Vec::new() })
    }
}

impl OnImages<'_> {
    /// The same, whose [figures](Self::figures) are of the mean over [ten views](test_views) of each picture.
    ///
    /// # Errors
    ///
    /// If the samples are no pictures with classes.
    pub fn with_tta(self) -> Result<Self> {
        let views = views_of(self.data)?;
        Ok(Self { views, ..self })
    }

    /// The same with other images in the place of these, as many and in the same order.
    pub(crate) fn on<'b>(&'b self, data: &'b DataSet) -> OnImages<'b> {
        let Self { run, split, config, checked, views, .. } = self;
        let (split, config, checked) = (split.clone(), config.clone(), checked.clone());
        OnImages { run, data, split, config, checked, views: views.clone() }
    }

    /// The metric of the run on one part of the images, each as it is.
    ///
    /// # Errors
    ///
    /// If the weights cannot be used, or there is not enough memory.
    pub fn measure(&self, part: Part) -> Result<f64> {
        match self.config.dtype() {
            Dtype::F32 => self.measure_as::<f32>(part),
            Dtype::F64 => self.measure_as::<f64>(part),
        }
    }

    /// Figures beside the metric, on one part.
    ///
    /// # Errors
    ///
    /// Those of [`Self::measure`].
    pub fn figures(&self, part: Part) -> Result<Figures> {
        match self.config.dtype() {
            Dtype::F32 => self.figures_as::<f32>(part),
            Dtype::F64 => self.figures_as::<f64>(part),
        }
    }

    fn figures_as<T: Number>(&self, part: Part) -> Result<Figures> {
        let net = self.config.net::<T>();
        self.with_weights(&net, |weights, scales, backend| {
            figures(&net, weights, self.samples(part), scales, &self.views, backend)
        })
    }

    /// Figures on one part, with the samples that say most.
    ///
    /// # Errors
    ///
    /// Those of [`Self::measure`], and if scores are not finite.
    pub fn inspect(&self, part: Part) -> Result<Inspection> {
        match self.config.dtype() {
            Dtype::F32 => self.inspect_as::<f32>(part),
            Dtype::F64 => self.inspect_as::<f64>(part),
        }
    }

    fn inspect_as<T: Number>(&self, part: Part) -> Result<Inspection> {
        let net = self.config.net::<T>();
        self.with_weights(&net, |weights, scales, backend| {
            inspect(&net, weights, self.samples(part), scales, backend)
        })
    }

    /// What there is to know of a part before it is measured: inputs that were the same in all samples that trained, and are
    /// something else here.
    #[must_use]
    pub fn caution(&self, part: Part) -> Option<String> {
        let trained_on = self.checked.trained_on.as_ref()?;
        let DataSet { val, test, places, source, .. } = self.data;
        let origin = match part {
            Part::Val if !val.is_empty() => &places.val,
            Part::Test if !test.is_empty() => &places.test,
            Part::Train | Part::Val | Part::Test => &places.train,
        };
        let place = match origin {
            Origin::Lines { file, .. } => file.clone(),
            _ => source.to_string(),
        };
        let samples = (self.data.records(part), self.split.index(part));
        trained_on.changed(samples, (&place, source.kind.samples))
    }

    /// How many images a part has.
    #[must_use]
    pub fn num_images(&self, part: Part) -> usize {
        self.split.index(part).len()
    }

    fn measure_as<T: Number>(&self, part: Part) -> Result<f64> {
        let class_weights = self.config.class_weights(self.data, &self.split);
        let net = self.config.net_with::<T>(&class_weights);
        self.with_weights(&net, |weights, scales, backend| {
            trainer::evaluate(&net, weights, self.samples(part), scales, backend)
        })
    }

    /// What is computed with the weights of a network, their scalings and a backend.
    fn with_weights<T: Number, R>(
        &self,
        net: &FullyConnectedNet<'_, T>,
        compute: impl FnOnce(Weights<'_, T>, &Scales<T>, &Backend) -> Result<R>,
    ) -> Result<R> {
        let file = self.weights(net)?;
        let weights = Weights::new(&net.arch, &file.params, &file.running)?;
        compute(weights, &file.scales, &start_backend(&self.config))
            .with_context(|| format!("{}: cannot be measured", self.run.file().display()))
    }

    /// The samples of a part.
    const fn samples(&self, part: Part) -> (&DataSet, &Split, Part) {
        (self.data, &self.split, part)
    }

    /// The weights, for the network of [`Config::net`].
    ///
    /// # Errors
    ///
    /// If they are damaged or another network's.
    pub fn weights<T: Number>(&self, net: &FullyConnectedNet<'_, T>) -> Result<WeightsFile<T>> {
        let weights = self.run.weights(net);
        let file = self.run.file();
        if weights.is_err()
            && let Some((inputs, outputs)) = sizes(&self.run.bytes, &file)
            && let (given, wanted) = (self.data.input_dim(), self.data.output_dim())
            && (given, wanted) != (inputs, outputs)
        {
            bail!(
                "{}: its network takes {inputs} inputs and has {outputs} outputs, and {} would take {given} and \
                 {wanted}; name data like those that trained with --data",
                self.run.folder.path().display(),
                self.data.source
            );
        }
        weights
    }
}

/// The views of pictures whose answers are averaged.
///
/// # Errors
///
/// If the samples are no pictures with classes.
pub(crate) fn views_of(data: &DataSet) -> Result<Vec<Augmentation>, SettingsError> {
    if data.task != Task::Classify {
        return Err(SettingsError::new(
            "tta averages what views of a picture say of its class, and this run names none; leave it out",
        ));
    }
    test_views(data).map_err(|error| SettingsError::new(error.to_string()))
}

/// Adds advice about weights that cannot be used.
fn advise(error: Error, folder: &RunFolder) -> Error {
    // The checkpoint of a run that diverged has the same numbers.
    if is_non_finite(&error) || store::find(folder).is_err() {
        return error;
    }
    let resume = resume_command(folder.path(), None);
    anyhow!("{error:#}; its checkpoint is whole: `{resume}` writes it anew")
}
