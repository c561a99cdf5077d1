//! A complete and checked configuration, made of [`Settings`].

mod check;
mod effect;

pub use effect::ignored;

use crate::settings::{
    Dtype, GemmName, InitName, LossName, SamplingName, ScheduleName, Settings, SettingsError,
    UpdateRuleName,
};
use barenet::layers::BatchNormConfig;
use barenet::{
    Arch, Float, FullyConnectedNet, Init, Loss, Sampling, Schedule, SolverConfig, UpdateRule,
};
use barenet_blas::Kernel;
use barenet_data::DataSet;
use barenet_data::samples::{Sizes, Split};
use clap::ValueEnum;

/// A configuration in which every setting has a value that can be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// All settings that the run depends on, as they are written to `config.toml`.
    settings: Settings,
    /// Layer sizes, inputs and classes included.
    dims: Vec<usize>,
    kernel: Kernel,
}

/// The value of a setting that [`Config::new`] has completed.
macro_rules! value {
    ($config:expr, $field:ident) => {
        $config.settings.$field.unwrap_or_default()
    };
}

/// The learning rate of a run that names none, on images of 0 to 255 minus their mean: with weights
/// that start as [`InitName::He`] has them, every rule learns with it, in networks of one to five hidden
/// layers, on CIFAR-10 and on the built-in images. Batch norm makes the size of inputs and weights not
/// matter, and steps may be larger.
const fn default_learning_rate(rule: UpdateRuleName, batchnorm: bool) -> f64 {
    match (rule, batchnorm) {
        (UpdateRuleName::Sgd, false) => 3e-4,
        (UpdateRuleName::Sgd, true) => 1e-2,
        (
            UpdateRuleName::SgdMomentum | UpdateRuleName::Nesterov | UpdateRuleName::RmsProp,
            false,
        ) => 1e-4,
        (UpdateRuleName::Adam | UpdateRuleName::AdamW, false) => 3e-4,
        (_, true) => 1e-3,
    }
}

impl Config {
    /// Completes and checks settings for images of `input_dim` numbers in `num_classes` classes.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first setting out of its range.
    pub fn new(
        settings: Settings,
        input_dim: usize,
        num_classes: usize,
    ) -> Result<Self, SettingsError> {
        let rule = settings.update_rule.unwrap_or(UpdateRuleName::Sgd);
        let init = settings.init.unwrap_or(match settings.weight_scale {
            Some(_) => InitName::Gaussian,
            None => InitName::He,
        });
        let batchnorm = settings.batchnorm.unwrap_or(false);
        let schedule = settings.schedule.unwrap_or(match settings.lr_decay {
            Some(_) => ScheduleName::Decay,
            None => ScheduleName::Constant,
        });
        let default = Kernel::ALL.first().map(|kernel| kernel.name());
        let default = default.and_then(|name| GemmName::from_str(name, false).ok());
        let defaults = Settings {
            hidden: Some(vec![100]),
            reg: Some(0.0),
            init: Some(init),
            weight_scale: Some(1e-3),
            batchnorm: Some(batchnorm),
            keep_prob: Some(1.0),
            loss: Some(LossName::Softmax),
            update_rule: Some(rule),
            learning_rate: Some(default_learning_rate(rule, batchnorm)),
            momentum: Some(0.9),
            decay_rate: Some(0.99),
            beta1: Some(0.9),
            beta2: Some(0.999),
            epsilon: Some(1e-8),
            weight_decay: Some(0.01),
            schedule: Some(schedule),
            lr_decay: Some(1.0),
            lr_step_size: Some(1),
            lr_gamma: Some(0.1),
            lr_warmup: Some(0),
            lr_min_factor: Some(0.0),
            batch_size: Some(100),
            num_epochs: Some(10),
            sampling: Some(SamplingName::Shuffled),
            print_every: Some(10),
            num_train_samples: Some(1000),
            val_size: Some(1000),
            test_size: Some(1000),
            seed: Some(0),
            dtype: Some(Dtype::F32),
            gemm: default,
            threads: Some(0),
            ..Settings::default()
        };
        let settings = settings.overlay(defaults);
        check::check(&settings)?;

        let name = settings.gemm.map_or("portable", GemmName::name);
        let kernel = Kernel::from_name(name);
        let kernel = kernel.ok_or_else(|| {
            SettingsError::new(format!(
                "gemm: this build has no {name}; build it with `cargo build --release --features {name}`"
            ))
        })?;

        let hidden = settings.hidden.iter().flatten().copied();
        let dims: Vec<_> = [input_dim].into_iter().chain(hidden).chain([num_classes]).collect();
        Arch::try_new(&dims).map_err(|e| SettingsError::new(format!("hidden: {e}")))?;
        Ok(Self { settings, dims, kernel })
    }

    /// The settings, completed.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Everything that the results of a run depend on, as the text of a TOML file. The number of
    /// threads is not among it: it changes no bit.
    #[must_use]
    pub fn to_toml(&self) -> String {
        Settings { threads: None, ..effect::effective(&self.settings) }.to_toml()
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
            threads: None,
            print_every: None,
            test_size: None,
            ..effect::effective(&config.settings)
        };
        what_matters(self) == what_matters(other)
    }

    /// Splits a data set as the settings say.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if it has fewer images than asked for.
    pub fn split(&self, data: &DataSet) -> Result<Split, SettingsError> {
        let Settings { train_size: train, val_size, test_size, .. } = self.settings;
        let sizes = Sizes { train, val: val_size.unwrap_or(1000), test: test_size.unwrap_or(1000) };
        Split::new(data, sizes).map_err(|error| SettingsError::new(error.to_string()))
    }

    /// What multiplies matrices.
    #[must_use]
    pub const fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The number type.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.settings.dtype.unwrap_or(Dtype::F32)
    }

    /// The architecture.
    #[must_use]
    pub fn arch(&self) -> Arch<'_> {
        let arch = Arch::new(&self.dims);
        if value!(self, batchnorm) { arch.with_batchnorm() } else { arch }
    }

    /// The network.
    #[must_use]
    pub fn net<T: Float>(&self) -> FullyConnectedNet<'_, T> {
        FullyConnectedNet {
            arch: self.arch(),
            reg: T::from_f64(value!(self, reg)),
            batchnorm: BatchNormConfig::default(),
            keep_prob: T::from_f64(value!(self, keep_prob)),
            loss: match self.settings.loss.unwrap_or(LossName::Softmax) {
                LossName::Softmax => Loss::Softmax,
                LossName::Svm => Loss::Svm,
            },
        }
    }

    /// How weights start.
    #[must_use]
    pub fn init(&self) -> Init {
        match self.settings.init.unwrap_or(InitName::He) {
            InitName::He => Init::He,
            InitName::Xavier => Init::Xavier,
            InitName::Gaussian => Init::Gaussian { weight_scale: value!(self, weight_scale) },
        }
    }

    /// The options of the Solver.
    #[must_use]
    pub fn solver<T: Float>(&self) -> SolverConfig<T> {
        SolverConfig {
            learning_rate: T::from_f64(value!(self, learning_rate)),
            schedule: self.schedule(),
            sampling: match self.settings.sampling.unwrap_or(SamplingName::Shuffled) {
                SamplingName::WithReplacement => Sampling::WithReplacement,
                SamplingName::Shuffled => Sampling::Shuffled,
            },
            batch_size: value!(self, batch_size),
            num_epochs: value!(self, num_epochs),
            print_every: value!(self, print_every),
            num_train_samples: self.settings.num_train_samples,
            seed: value!(self, seed),
            // Scoring is the same work for any number of rows; many at once are faster.
            eval_batch_size: value!(self, batch_size).max(250),
            ..SolverConfig::new(self.update_rule())
        }
    }

    fn update_rule<T: Float>(&self) -> UpdateRule<T> {
        let settings = &self.settings;
        let name = settings.update_rule.map_or("sgd", UpdateRuleName::name);
        let mut rule = UpdateRule::from_name(name).unwrap_or(UpdateRule::Sgd);
        for (name, value) in [
            ("momentum", settings.momentum),
            ("decay_rate", settings.decay_rate),
            ("beta1", settings.beta1),
            ("beta2", settings.beta2),
            ("epsilon", settings.epsilon),
            ("weight_decay", settings.weight_decay),
        ] {
            if let (Some(constant), Some(value)) = (rule.constant_mut(name), value) {
                *constant = T::from_f64(value);
            }
        }
        rule
    }

    fn schedule(&self) -> Schedule {
        match self.settings.schedule.unwrap_or(ScheduleName::Constant) {
            ScheduleName::Constant => Schedule::Constant,
            ScheduleName::Decay => Schedule::Decay { lr_decay: value!(self, lr_decay) },
            ScheduleName::Step => Schedule::Step {
                step_size: value!(self, lr_step_size),
                gamma: value!(self, lr_gamma),
            },
            ScheduleName::Cosine => Schedule::Cosine {
                warmup: value!(self, lr_warmup),
                min_factor: value!(self, lr_min_factor),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decay_alone_means_the_schedule_decay() {
        let settings = Settings { lr_decay: Some(0.9), ..Settings::default() };
        let config = Config::new(settings, 3072, 10).unwrap();
        assert_eq!(config.solver::<f32>().schedule, Schedule::Decay { lr_decay: 0.9 });
    }

    #[test]
    fn an_experiment_is_the_same_with_another_seed_and_another_one_with_other_epochs() {
        let config = |settings| Config::new(settings, 3072, 10).unwrap();
        let plain = config(Settings::default());
        for same in [
            Settings { seed: Some(7), threads: Some(3), ..Settings::default() },
            Settings { dtype: Some(Dtype::F64), print_every: Some(1), ..Settings::default() },
            Settings { gemm: Some(GemmName::Portable), test_size: Some(9), ..Settings::default() },
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
        assert_eq!(Config::new(config.settings().clone(), 3072, 10), Ok(config));
    }
}
