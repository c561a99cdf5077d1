//! A complete and checked configuration, made of [`Settings`].

use crate::settings::{
    Dtype, GemmName, InitName, LossName, SamplingName, ScheduleName, Settings, SettingsError,
    UpdateRuleName,
};
use barenet::layers::BatchNormConfig;
use barenet::optim::AdamConfig;
use barenet::{
    Arch, Float, FullyConnectedNet, Init, Loss, Sampling, Schedule, SolverConfig, UpdateRule,
};
use barenet_blas::Kernel;
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

/// What no setting may exceed, so that no size computed from several can overflow.
const MAX_LAYERS: usize = 1000;
const MAX_LAYER_SIZE: usize = 1 << 24;
const MAX_BATCH: usize = 1 << 20;

/// The value of a setting that [`Config::new`] has completed.
macro_rules! value {
    ($config:expr, $field:ident) => {
        $config.settings.$field.unwrap_or_default()
    };
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
        let is_adam = matches!(rule, UpdateRuleName::Adam | UpdateRuleName::AdamW);
        let schedule = settings.schedule.unwrap_or(match settings.lr_decay {
            Some(_) => ScheduleName::Decay,
            None => ScheduleName::Constant,
        });
        let fastest = Kernel::ALL.first().map(|kernel| kernel.name());
        let fastest = fastest.and_then(|name| GemmName::from_str(name, false).ok());
        let defaults = Settings {
            hidden: Some(vec![100]),
            reg: Some(0.0),
            init: Some(InitName::Gaussian),
            weight_scale: Some(1e-3),
            batchnorm: Some(false),
            keep_prob: Some(1.0),
            loss: Some(LossName::Softmax),
            update_rule: Some(rule),
            learning_rate: Some(if is_adam { 1e-3 } else { 1e-2 }),
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
            gemm: fastest,
            threads: Some(0),
            ..Settings::default()
        };
        let settings = settings.overlay(defaults);
        check(&settings)?;

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
        Settings { threads: None, ..self.settings.clone() }.to_toml()
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
            ..config.settings.clone()
        };
        what_matters(self) == what_matters(other)
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
            loss: match self.settings.loss {
                Some(LossName::Svm) => Loss::Svm,
                _ => Loss::Softmax,
            },
        }
    }

    /// How weights start.
    #[must_use]
    pub fn init(&self) -> Init {
        match self.settings.init {
            Some(InitName::He) => Init::He,
            Some(InitName::Xavier) => Init::Xavier,
            _ => Init::Gaussian { weight_scale: value!(self, weight_scale) },
        }
    }

    /// The options of the Solver.
    #[must_use]
    pub fn solver<T: Float>(&self) -> SolverConfig<T> {
        SolverConfig {
            learning_rate: T::from_f64(value!(self, learning_rate)),
            schedule: self.schedule(),
            sampling: match self.settings.sampling {
                Some(SamplingName::WithReplacement) => Sampling::WithReplacement,
                _ => Sampling::Shuffled,
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
        let (momentum, epsilon) =
            (T::from_f64(value!(self, momentum)), T::from_f64(value!(self, epsilon)));
        let adam = AdamConfig {
            beta1: T::from_f64(value!(self, beta1)),
            beta2: T::from_f64(value!(self, beta2)),
            epsilon,
            weight_decay: T::ZERO,
        };
        match self.settings.update_rule.unwrap_or(UpdateRuleName::Sgd) {
            UpdateRuleName::Sgd => UpdateRule::Sgd,
            UpdateRuleName::SgdMomentum => UpdateRule::SgdMomentum { momentum },
            UpdateRuleName::Nesterov => UpdateRule::Nesterov { momentum },
            UpdateRuleName::RmsProp => {
                UpdateRule::RmsProp { decay_rate: T::from_f64(value!(self, decay_rate)), epsilon }
            }
            UpdateRuleName::Adam => UpdateRule::Adam(adam),
            UpdateRuleName::AdamW => UpdateRule::AdamW(AdamConfig {
                weight_decay: T::from_f64(value!(self, weight_decay)),
                ..adam
            }),
        }
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

fn check(settings: &Settings) -> Result<(), SettingsError> {
    let error = |name: &str, range: &str, found: String| {
        Err(SettingsError::new(format!("{name} must be {range}, found {found}")))
    };
    let hidden = settings.hidden.as_deref().unwrap_or_default();
    if hidden.len() > MAX_LAYERS {
        return error("hidden", &format!("at most {MAX_LAYERS} layers"), hidden.len().to_string());
    }
    if let Some(size) = hidden.iter().find(|&&size| size == 0 || size > MAX_LAYER_SIZE) {
        return error("hidden", &format!("sizes from 1 to {MAX_LAYER_SIZE}"), size.to_string());
    }
    for (name, value, max) in [
        ("batch_size", settings.batch_size, MAX_BATCH),
        ("num_epochs", settings.num_epochs, 1 << 24),
        ("num_train_samples", settings.num_train_samples, usize::MAX),
        ("train_size", settings.train_size, usize::MAX),
        ("val_size", settings.val_size, usize::MAX),
        ("test_size", settings.test_size, usize::MAX),
        ("lr_step_size", settings.lr_step_size, usize::MAX),
    ] {
        match value {
            Some(0) => return error(name, "at least 1", "0".to_owned()),
            Some(value) if value > max => {
                return error(name, &format!("at most {max}"), value.to_string());
            }
            _ => {}
        }
    }
    if settings.threads.is_some_and(|threads| threads > 1024) {
        return error("threads", "at most 1024", value_text(settings.threads));
    }
    for (name, value, range, fits) in [
        ("learning_rate", settings.learning_rate, "above 0", (|x| x > 0.0) as fn(f64) -> bool),
        ("reg", settings.reg, "at least 0", |x| x >= 0.0),
        ("weight_scale", settings.weight_scale, "at least 0", |x| x >= 0.0),
        ("keep_prob", settings.keep_prob, "above 0 and at most 1", |x| x > 0.0 && x <= 1.0),
        ("momentum", settings.momentum, "in 0..1", |x| (0.0..1.0).contains(&x)),
        ("decay_rate", settings.decay_rate, "in 0..1", |x| (0.0..1.0).contains(&x)),
        ("beta1", settings.beta1, "in 0..1", |x| (0.0..1.0).contains(&x)),
        ("beta2", settings.beta2, "in 0..1", |x| (0.0..1.0).contains(&x)),
        ("epsilon", settings.epsilon, "at least 0", |x| x >= 0.0),
        ("weight_decay", settings.weight_decay, "at least 0", |x| x >= 0.0),
        ("lr_decay", settings.lr_decay, "above 0", |x| x > 0.0),
        ("lr_gamma", settings.lr_gamma, "above 0", |x| x > 0.0),
        ("lr_min_factor", settings.lr_min_factor, "from 0 to 1", |x| (0.0..=1.0).contains(&x)),
    ] {
        let Some(value) = value else { continue };
        let as_f32 = f64::from(value as f32);
        let is_f32 = settings.dtype != Some(Dtype::F64);
        if !(value.is_finite() && fits(value)) {
            return error(name, range, format!("{value:?}"));
        } else if is_f32 && !(as_f32.is_finite() && fits(as_f32)) {
            return error(name, range, format!("{value:?}, which is {as_f32:?} in f32"));
        }
    }
    Ok(())
}

fn value_text(value: Option<usize>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: Settings) -> String {
        Config::new(settings, 3072, 10).unwrap_err().to_string()
    }

    #[test]
    fn a_size_of_zero_is_refused_by_name() {
        let message = refused(Settings { batch_size: Some(0), ..Settings::default() });
        assert_eq!(message, "batch_size must be at least 1, found 0");
        let message = refused(Settings { hidden: Some(vec![5, 0]), ..Settings::default() });
        assert!(message.starts_with("hidden must be sizes from 1"), "{message}");
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let message = refused(Settings { learning_rate: Some(bad), ..Settings::default() });
            assert!(message.starts_with("learning_rate must be above 0"), "{message}");
        }
    }

    #[test]
    fn numbers_that_are_out_of_range_in_the_number_type_of_the_run_are_refused() {
        for (rate, problem) in [
            (1e-50, "learning_rate must be above 0, found 1e-50, which is 0.0 in f32"),
            (1e50, "learning_rate must be above 0, found 1e50, which is inf in f32"),
        ] {
            let settings = Settings { learning_rate: Some(rate), ..Settings::default() };
            assert_eq!(refused(settings.clone()), problem);
            let settings = Settings { dtype: Some(Dtype::F64), ..settings };
            assert!(Config::new(settings, 3072, 10).is_ok());
        }
        let settings = Settings { momentum: Some(0.999_999_999_9), ..Settings::default() };
        assert!(refused(settings).ends_with("found 0.9999999999, which is 1.0 in f32"));
    }

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
            Settings { learning_rate: Some(0.01), ..Settings::default() },
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
