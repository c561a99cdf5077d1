//! A complete and checked configuration, made of [`Settings`].

mod data;
mod effect;
mod local;
mod metric;
mod parts;
mod pictures;
mod qat;
mod solver;

pub(crate) use effect::effective;
pub use effect::ignored;
pub use parts::ignored_of_parts;

use crate::settings::{Dtype, Name, Settings, SettingsError, StoredError, Values, check_fold};
use barenet::layers::BatchNormConfig;
use barenet::{Arch, Float, FullyConnectedNet, Init, LocalLayers, Loss, Metric, Picture, Window};
use barenet_blas::{Kernel, Precision};
use barenet_data::{DataSet, PictureLayout};

/// Images scored at once: scoring is the same work for any number of rows, and many at once are faster.
pub(crate) const EVAL_BATCH: usize = 250;

/// A configuration in which every setting has a value that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    values: Values,
    /// Sizes of the affine layers, their inputs and the classes included.
    dims: Vec<usize>,
    /// The locally connected layers before them.
    windows: Vec<Window>,
    picture: Picture,
    kernel: Kernel,
    /// The epoch after which its training ends, if that is before the last.
    ends_after: Option<usize>,
}

impl Config {
    /// Completes and checks settings for images of `input_dim` numbers in `num_classes` classes.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first setting out of its range, and for locally connected layers, which take
    /// [pictures](Self::for_pictures).
    pub fn new(
        settings: Settings,
        input_dim: usize,
        num_classes: usize,
    ) -> Result<Self, SettingsError> {
        Self::with_pictures(settings, input_dim, None, num_classes)
    }

    /// The same of settings that a file of a run or of a network holds, whose fault it is if they contradict each other.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), but no [`SettingsError`].
    pub(crate) fn of_stored(
        settings: Settings,
        input_dim: usize,
        num_classes: usize,
    ) -> anyhow::Result<Self> {
        Self::new(settings, input_dim, num_classes)
            .map_err(|error| StoredError(format!("used: {error}")).into())
    }

    /// Completes and checks settings for data.
    ///
    /// # Errors
    ///
    /// Those of [`Self::for_pictures`], or where the samples are no pictures those of [`Self::new`].
    pub fn for_data(
        settings: Settings,
        data: &DataSet,
        num_outputs: usize,
    ) -> Result<Self, SettingsError> {
        Self::with_pictures(settings, data.input_dim(), data.pictures(), num_outputs)
    }

    /// Completes and checks settings for pictures in `num_classes` classes.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first setting out of its range, and for windows that do not fit into the pictures.
    pub fn for_pictures(
        settings: Settings,
        layout: PictureLayout,
        num_classes: usize,
    ) -> Result<Self, SettingsError> {
        Self::with_pictures(settings, layout.len(), Some(layout), num_classes)
    }

    fn with_pictures(
        settings: Settings,
        input_dim: usize,
        layout: Option<PictureLayout>,
        num_classes: usize,
    ) -> Result<Self, SettingsError> {
        let values = Values::complete(settings)?;
        if !values.hidden.is_empty() && values.is_gaussian() && values.weight_scale == 0.0 {
            return Err(SettingsError::new(
                "weight_scale must be above 0 where there are hidden layers, found 0.0",
            ));
        }
        effect::check_batch_of_one(&values)?;
        effect::check_shards(&values)?;
        check_fold(values.fold, values.folds)?;
        effect::check_scaled_rate(&values)?;

        let name = values.gemm.name();
        let kernel = Kernel::from_name(name);
        let kernel = kernel.ok_or_else(|| {
            SettingsError::new(format!(
                "gemm: this build has no {name}; build it with `cargo build --release --features {name}`"
            ))
        })?;
        if let Some(obstacle) = kernel.obstacle() {
            return Err(SettingsError::new(format!(
                "gemm: {obstacle}; take another kernel than {name}"
            )));
        }

        let (loss, metric) = (values.loss, values.metric);
        if let Some(metric) = metric
            && !metric.value().is_of(loss.value())
        {
            let (metric, loss) = (metric.name(), loss.name());
            return Err(SettingsError::new(format!(
                "metric {metric} is none of the loss {loss}: classes have accuracy, log-loss, balanced-accuracy, f1 \
                 and auc, numbers mse, mae and r2"
            )));
        }
        if values.label_smoothing > 0.0 && loss.value() != Loss::Softmax {
            let loss = loss.name();
            return Err(SettingsError::new(format!(
                "label_smoothing is for the loss softmax, and this run has the loss {loss}: leave it out"
            )));
        }
        if values.mixup > 0.0 && loss.value() == Loss::Svm {
            return Err(SettingsError::new(
                "mixup is for the loss softmax and those of numbers, and this run has the loss svm: leave it out",
            ));
        }
        let (windows, picture, num_inputs) = match &values.local {
            None => (Vec::new(), LocalLayers::NONE.picture, input_dim),
            Some(locals) => local::of(locals, layout)?,
        };
        let dims = [&[num_inputs], &values.hidden[..], &[num_classes]].concat();
        let arch = Arch::try_new(&dims);
        let arch = arch
            .map_err(|e| SettingsError::new(format!("hidden: {e}")))?
            .try_with_local(LocalLayers { picture, windows: &windows })
            .map_err(|e| SettingsError::new(format!("local: {e}")))?;
        qat::check(&values, arch.num_layers())?;
        effect::check_whiten(&values, &arch)?;
        let rule = values.update_rule.rule::<f64>();
        rule.check_arch(&arch).map_err(|e| SettingsError::new(e.to_string()))?;
        Ok(Self { values, dims, windows, picture, kernel, ends_after: None })
    }

    /// The settings, completed.
    #[must_use]
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// The same, whose training ends after an epoch before its last one. All else is as in the whole run, its schedule
    /// among it: resumed from there, it has the bits of a run that never stopped.
    #[must_use]
    pub fn ending_after(mut self, epoch: Option<usize>) -> Self {
        self.ends_after = epoch.filter(|&epoch| epoch < self.values.num_epochs);
        self
    }

    /// The epoch after which its training ends at the latest.
    #[must_use]
    pub fn last_epoch(&self) -> usize {
        self.ends_after.unwrap_or(self.values.num_epochs)
    }

    /// How exact products in `f32` are, at least.
    #[must_use]
    pub fn precision(&self) -> Precision {
        self.values.precision.map_or(Precision::F32, Name::value)
    }

    /// Everything that the results of a run depend on, as the text of a TOML file. The number of
    /// threads is not among it: it changes no bit.
    #[must_use]
    pub fn to_toml(&self) -> String {
        Settings { threads: None, ..effective(&self.values) }.to_toml()
    }

    /// Whether two runs differ in nothing but chance, rounding, and what is printed of them or measured
    /// afterwards, so that the figures of one can be held against those of the other.
    #[must_use]
    pub fn is_same_experiment(&self, other: &Self) -> bool {
        let what_matters = |config: &Self| Settings {
            preset: None,
            seed: None,
            dtype: None,
            gemm: None,
            precision: None,
            threads: None,
            print_every: None,
            test_size: None,
            ..effective(&config.values)
        };
        what_matters(self) == what_matters(other)
    }

    /// The kernel that multiplies matrices.
    #[must_use]
    pub const fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The number type.
    #[must_use]
    pub const fn dtype(&self) -> Dtype {
        self.values.dtype.value()
    }

    /// The architecture.
    #[must_use]
    pub const fn arch(&self) -> Arch<'_> {
        let arch = Arch::new(self.dims.as_slice());
        let arch = if self.values.batchnorm { arch.with_batchnorm() } else { arch };
        let windows = self.windows.as_slice();
        match arch.try_with_local(LocalLayers { picture: self.picture, windows }) {
            Ok(arch) => arch,
            // It was checked.
            Err(_) => arch,
        }
    }

    /// The network, for inference.
    #[must_use]
    pub fn net<T: Float>(&self) -> FullyConnectedNet<'_, T> {
        self.net_with(&[])
    }

    /// The network, with [weights of the classes](Self::class_weights) for training and measuring.
    #[must_use]
    pub fn net_with<'a, T: Float>(&'a self, class_weights: &'a [T]) -> FullyConnectedNet<'a, T> {
        FullyConnectedNet {
            class_weights,
            metric: self.values.metric.map(Name::value),
            arch: self.arch(),
            reg: T::from_f64(self.values.reg),
            batchnorm: BatchNormConfig::default(),
            keep_prob: T::from_f64(self.values.keep_prob),
            loss: match self.values.loss.value() {
                Loss::Huber { .. } => Loss::Huber { delta: self.values.huber_delta },
                loss => loss,
            },
        }
    }

    /// The metric of the runs.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        match self.values.metric {
            Some(metric) => metric.value(),
            None => self.values.loss.value().metric(),
        }
    }

    /// Percentile of the anomaly scores that validate from which on a sample is an anomaly.
    #[must_use]
    pub const fn anomaly_percentile(&self) -> f64 {
        self.values.anomaly_percentile
    }

    /// How weights start.
    #[must_use]
    pub const fn init(&self) -> Init {
        match self.values.init.value() {
            Init::He => Init::He,
            Init::Xavier => Init::Xavier,
            Init::Gaussian { .. } => Init::Gaussian { weight_scale: self.values.weight_scale },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::RuleName;

    #[test]
    fn muon_is_refused_where_it_has_no_matrix() {
        let muon = |hidden: &[usize]| {
            let update_rule = RuleName::from_name("muon");
            let settings =
                Settings { update_rule, hidden: Some(hidden.to_vec()), ..Settings::default() };
            Config::new(settings, 3072, 10).map(|_| ()).map_err(|e| e.to_string())
        };
        for hidden in [&[][..], &[1]] {
            let message = muon(hidden).unwrap_err();
            assert!(message.starts_with("update_rule muon takes a hidden"), "{message}");
        }
        assert_eq!(muon(&[2]), Ok(()));
    }

    #[test]
    fn an_experiment_is_the_same_with_another_seed_and_another_one_with_other_epochs() {
        let config = |settings| Config::new(settings, 3072, 10).unwrap();
        let plain = config(Settings::default());
        for same in [
            Settings { seed: Some(7), threads: Some(3), ..Settings::default() },
            Settings {
                dtype: Some(Dtype::F64.into()),
                print_every: Some(1),
                ..Settings::default()
            },
            Settings {
                gemm: Some(Kernel::Portable.into()),
                test_size: Some(9),
                ..Settings::default()
            },
            Settings { learning_rate: Some(3e-4), ..Settings::default() },
        ] {
            assert!(plain.is_same_experiment(&config(same.clone())), "{same:?}");
        }
        for other in [
            Settings { num_epochs: Some(1), ..Settings::default() },
            Settings { train_size: Some(49_000), ..Settings::default() },
            Settings { val_size: Some(999), ..Settings::default() },
            Settings { num_train_samples: Some(999), ..Settings::default() },
            Settings { learning_rate: Some(0.02), ..Settings::default() },
        ] {
            assert!(!plain.is_same_experiment(&config(other.clone())), "{other:?}");
        }
    }

    #[test]
    fn a_completed_configuration_completes_to_itself() {
        let config = Config::new(Settings::default(), 3072, 10).unwrap();
        assert_eq!(Config::new(config.values().to_settings(), 3072, 10), Ok(config));
    }
}
