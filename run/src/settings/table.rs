//! Every setting: name, type, default, range, flag and help, each in one place.

use super::SettingsError;
use super::declare::{
    Numbers, Range, Row, Sizes, Value, check, complete, given, option, settings, value_of,
};
use super::local::{Limits, Locals};
use super::names::{ClassWeights, Dtype, KernelName, LrScale, Name, RuleName};
use super::picture_size::PictureSize;
use barenet::{
    DecayOn, Float, Init, Loss, MIN_EPSILON, Metric, Sampling, Schedule, UpdateRule, Warmup,
};
use barenet_blas::{Kernel, Precision};
use barenet_data::augment::Flip;
use barenet_data::mixup::Mixup;
use barenet_data::scale::Scale;
use barenet_data::table::Missing;
use barenet_data::{FormatName, ImageSize, Task};
use serde::{Deserialize, Serialize};

/// Limits with which no size that is computed from several settings overflows.
const SIZES: Sizes = Sizes(1000, 1 << 24);
const LOCAL: Limits = Limits { layers: 100, number: 1 << 16 };
const MAX_FOLDS: usize = 1000;
const MAX_WINDOW: usize = 1 << 20;
const MAX_BATCH: usize = 1 << 20;
const MAX_EPOCHS: usize = 1 << 24;

const ABOVE_0: Numbers = Numbers("above 0", |x| x > 0.0);
const AT_LEAST_0: Numbers = Numbers("at least 0", |x| x >= 0.0);
const MIXUP: Numbers = Numbers("in 0..=100", |x| (0.0..=Mixup::MAX_ALPHA).contains(&x));
const BELOW_1: Numbers = Numbers("in 0..1", |x| (0.0..1.0).contains(&x));
const FROM_0_TO_1: Numbers = Numbers("from 0 to 1", |x| (0.0..=1.0).contains(&x));
const PERCENTILE: Numbers = Numbers("from 0 to 100", |x| (0.0..=100.0).contains(&x));
const SHARE: Numbers = Numbers("above 0 and below 1", |x| x > 0.0 && x < 1.0);
/// Smaller ones are 0 in training, where the processor rounds them down.
const NORMAL: Numbers = Numbers("at least 1.2e-38", |x| x >= 1.2e-38);
/// Beyond it the inputs' own variances have no say.
const WHITEN: Numbers = Numbers("0, or from 1e-6 to 100", |x| {
    x == 0.0 || (f64::from(MIN_EPSILON as f32)..=100.0).contains(&x)
});
const PROBABILITY: Numbers = Numbers("above 0 and at most 1", |x| x > 0.0 && x <= 1.0);

/// The learning rate of a run that names none, on images of 0 to 255 minus their mean: with weights
/// that start as [`Init::He`] has them, every rule learns with it, in networks of one to five hidden
/// layers, on CIFAR-10 and on the built-in images. Batch norm makes the size of inputs and weights not
/// matter, and steps may be larger.
fn default_learning_rate(rule: RuleName, batchnorm: bool) -> f64 {
    use UpdateRule::{Adam, AdamW, Muon, Nesterov, RmsProp, Sgd, SgdMomentum};
    match (rule.value(), batchnorm) {
        (Sgd | Muon { .. }, true) => 1e-2,
        (
            SgdMomentum { .. } | Nesterov { .. } | RmsProp { .. } | Adam { .. } | AdamW { .. },
            true,
        ) => 1e-3,
        (Sgd | Adam { .. } | AdamW { .. }, false) => 3e-4,
        (SgdMomentum { .. } | Nesterov { .. } | RmsProp { .. }, false) => 1e-4,
        (Muon { .. }, false) => 3e-3,
    }
}

/// The default of a constant of an update rule: the rule's own. Of a rule that has none so called it is 0, and
/// no effect.
fn default_constant(rule: RuleName, name: &str) -> f64 {
    rule.rule::<f64>().constant_mut(name).copied().unwrap_or_default()
}

settings! { |given, values|
    "" {
        /// Start from this experiment of the course (see `barenet presets`)
        preset: String, "NAME";
    }
    "Network" {
        /// Sizes of the hidden layers, such as 100 or 100,100,50
        hidden: Vec<usize>, "N,.." = vec![100], in SIZES;
        /// Locally connected layers of pictures, before the hidden ones: units at windows of a size, stride and padding, such as 12@4/2+1,24@4/2+1 [default: none]
        local: Locals, "U@S/T+P,..", in LOCAL;
        /// Strength of the L2 regularisation 0.5*reg*|W|^2
        reg: f64, "X" = 0.0, in AT_LEAST_0;
        /// How weights start
        init: Name<Init>, "KIND" = match given.weight_scale {
            Some(weight_scale) => Init::Gaussian { weight_scale }.into(),
            None => Init::He.into(),
        };
        /// Standard deviation of the first weights, with --init gaussian
        weight_scale: f64, "X" = 1e-3, in AT_LEAST_0,
            needs "init gaussian" if values.is_gaussian();
        /// Batch normalisation after every hidden layer
        batchnorm: bool, "BOOL" = false,
            needs "a hidden or a locally connected layer"
                if !values.hidden.is_empty() || values.local.is_some();
        /// How likely dropout keeps a value; 1 for no dropout
        keep_prob: f64, "P" = 1.0, in PROBABILITY,
            needs "a hidden layer" if !values.hidden.is_empty();
        /// Loss that is minimised
        loss: Name<Loss>, "KIND" = Loss::Softmax.into();
        /// Share of the right class that all classes get in the training loss, 0 to below 1 (loss softmax)
        label_smoothing: f64, "X" = 0.0, in BELOW_1,
            needs "loss softmax" if values.loss.value() == Loss::Softmax;
        /// Error from which on the Huber loss is a distance, in deviations of the targets (loss huber)
        huber_delta: f64, "X" = 1.0, in NORMAL,
            needs "loss huber" if matches!(values.loss.value(), Loss::Huber { .. });
        /// How often samples count in the loss, by their class [default: none]
        class_weights: Name<ClassWeights>, "HOW",
            needs "loss softmax or svm" if values.loss.value().takes_classes();
        /// Metric by which the best weights are chosen [default: log-loss of one's own classes, otherwise that of the loss]
        metric: Name<Metric>, "METRIC";
    }
    "Training" {
        /// How gradients change the weights
        update_rule: RuleName, "RULE" = RuleName::SGD;
        /// Learning rate at the start
        learning_rate: f64, "X", alias "lr" = default_learning_rate(update_rule, batchnorm),
            in ABOVE_0;
        /// Share of the velocity that stays (sgd_momentum, nesterov), or of the momentum (muon)
        momentum: f64, "X" = default_constant(update_rule, "momentum"),
            in BELOW_1;
        /// Learning rate of b, batch norm and the last layer, which go by AdamW, as a factor of the learning rate (muon)
        adamw_lr_factor: f64, "X" = default_constant(update_rule, "adamw_lr_factor"),
            in AT_LEAST_0;
        /// Share of the mean square that stays (rmsprop)
        decay_rate: f64, "X" = default_constant(update_rule, "decay_rate"),
            in BELOW_1;
        /// Decay of the first moment (adam, adamw, muon)
        beta1: f64, "X" = default_constant(update_rule, "beta1"),
            in BELOW_1;
        /// Decay of the second moment (adam, adamw, muon)
        beta2: f64, "X" = default_constant(update_rule, "beta2"),
            in BELOW_1;
        /// Added to the root (rmsprop, adam, adamw, muon)
        epsilon: f64, "X" = default_constant(update_rule, "epsilon"),
            in AT_LEAST_0;
        /// Decay of the weights themselves (adamw, muon)
        weight_decay: f64, "X" = default_constant(update_rule, "weight_decay"),
            in AT_LEAST_0;
        /// What weight_decay acts on (adamw, muon)
        decay_on: Name<DecayOn>, "WHAT" = DecayOn::All.into(),
            needs "update_rule adamw or muon" if values.update_rule.has("weight_decay");
        /// Norm to which larger gradients of all parameters together are scaled down [default: none]
        clip_norm: f64, "X", in ABOVE_0;
        /// Trains the first layer as if its inputs were whitened; E, such as 0.1, is the share of their mean variance that is added to each before [default: 0, not at all]
        whiten: f64, "E", in WHITEN;
        /// Samples in a batch
        batch_size: usize, "N" = 100, in 1..=MAX_BATCH;
        /// How the learning rate follows batch_size, from that of lr_batch_size on
        lr_scale: Name<LrScale>, "HOW" = LrScale::None.into();
        /// Samples in the batches that learning_rate is for (lr_scale) [default: those of the preset or file]
        lr_batch_size: usize, "N" = 100, in 1..=MAX_BATCH,
            needs "lr_scale linear or sqrt" if values.lr_scale.value() != LrScale::None;
        /// Pieces of a batch that are computed as if alone, here or on several ranks; the bits of a run depend on it
        shards: usize, "N" = 1, in 1..=MAX_BATCH;
        /// Whether batch norm is over the whole batch, not over each shard of it
        sync_batchnorm: bool, "BOOL" = true,
            needs "batchnorm and shards above 1" if values.batchnorm && values.shards > 1;
        /// Epochs to train
        num_epochs: usize, "N", flag "epochs" = 10, in 1..=MAX_EPOCHS;
        /// Epochs without a better metric on the validation data after which training ends; 0 for never
        patience: usize, "N" = 0, in 0..=MAX_EPOCHS;
        /// How the learning rate changes
        schedule: Name<Schedule>, "KIND" = match given.lr_decay {
            Some(lr_decay) => Schedule::Decay { lr_decay }.into(),
            None => Schedule::Constant.into(),
        };
        /// Factor after every epoch (schedule decay)
        lr_decay: f64, "X" = 1.0, in ABOVE_0,
            needs "schedule decay" if matches!(values.schedule.value(), Schedule::Decay { .. });
        /// Epochs between two changes (schedule step)
        lr_step_size: usize, "N" = 1, in 1..=usize::MAX,
            needs "schedule step, and more epochs than it" if values.has_steps();
        /// Factor at each change (schedule step)
        lr_gamma: f64, "X" = 0.1, in ABOVE_0,
            needs "schedule step, and more epochs than lr_step_size" if values.has_steps();
        /// Iterations in which the learning rate rises (schedules cosine, linear and one-cycle)
        lr_warmup: usize, "N" = 0,
            needs "schedule cosine, linear or one-cycle, and no lr_warmup_epochs"
                if values.has_warmup() && values.lr_warmup_epochs == 0.0;
        /// Warm-up in epochs, in place of lr_warmup [default: 0; one-cycle: 0.3 of the run]
        lr_warmup_epochs: f64, "X" = match (schedule.value(), given.lr_warmup) {
            (Schedule::OneCycle { .. }, None) => 3.0 * f64::from_usize(num_epochs) / 10.0,
            _ => 0.0,
        }, in AT_LEAST_0,
            needs "schedule cosine, linear or one-cycle" if values.has_warmup();
        /// Share of the learning rate at the end, 0 to 1 (schedules cosine and linear)
        lr_min_factor: f64, "X" = 0.0, in FROM_0_TO_1,
            needs "schedule cosine or linear" if values.has_min_factor();
        /// Train weights rounded as int8 has them, so that an export loses little
        qat: bool, "BOOL" = false;
        /// Bits of each weight, 4 or 8, or those of each layer, such as 8,4,4 (qat)
        bits: Vec<usize>, "N,.." = vec![4],
            needs "qat" if values.qat;
        /// Decay of the moving average of the weights, which is checked and kept; 0 for none
        ema_decay: f64, "X" = 0.0, in BELOW_1;
        /// How batches are chosen
        sampling: Name<Sampling>, "KIND" = Sampling::Shuffled.into();
        /// Print the loss every N iterations; 0 for never
        print_every: usize, "N" = 10;
        /// Training samples on which the metric is checked
        num_train_samples: usize, "N" = 1000, in 1..=usize::MAX;
    }
    "Data" {
        /// Format of the data [default: found out by their content]
        format: Name<FormatName>, "NAME";
        /// What is learnt of a table: classes, numbers, or to give the inputs back [default: found out]
        task: Name<Task>, "TASK";
        /// Columns of a table that are learnt, by name or number from 1 [default: the last]
        target: String, "COLUMN,..";
        /// Columns of a table that are left out
        ignore: String, "COLUMN,..";
        /// Columns of a table taken as text although they look like numbers
        text: String, "COLUMN,..";
        /// Whether the first row of a table names the columns [default: found out]
        header: bool, "BOOL";
        /// Column of a table whose equal values stay in one part; of arrays, one of them [default there: groups]
        group: String, "COLUMN";
        /// What is done about missing cells of a table or a recording [default: error]
        missing: Name<Missing>, "HOW";
        /// Size that pictures are made, N or WIDTHxHEIGHT [default: their own, if it is one]
        image_size: PictureSize, "SIZE";
        /// Rows of a window of a recording
        window: usize, "N", in 1..=MAX_WINDOW;
        /// Rows from one window of a recording to the next [default: half a window]
        stride: usize, "N", in 1..=MAX_WINDOW;
        /// Class that an autoencoder learns, of samples in classes [default: the most frequent]
        normal: String, "CLASS";
        /// Percentile of the normal validation samples' anomaly scores, above which a sample is an anomaly
        anomaly_percentile: f64, "P" = 99.0, in PERCENTILE,
            needs "task reconstruct" if values.is_reconstruction();
        /// How inputs are scaled [default: mean-image for CIFAR and the built-in images, otherwise standard]
        scale: Name<Scale>, "HOW";
        /// Which pictures an epoch of training flips, left to right [default: none]
        flip: Name<Flip>, "HOW";
        /// Pixels by which pictures are shifted at most in training, mirrored at the edges [default: 0]
        shift: usize, "N", in 0..=ImageSize::MAX_SIDE;
        /// Side of the square that is cut out of each picture in training, in pixels [default: 0]
        cutout: usize, "N", in 0..=ImageSize::MAX_SIDE;
        /// α of mixup, which mixes each sample with another in training, in shares from Beta(α, α); 0 for none
        mixup: f64, "A" = 0.0, in MIXUP,
            needs "loss softmax, or one of numbers" if values.loss.value() != Loss::Svm;
        /// Share of the samples drawn to validate, in place of the last val_size
        val_fraction: f64, "SHARE", in SHARE;
        /// Share of the samples drawn to test, where there is no test set
        test_fraction: f64, "SHARE", in SHARE,
            needs "no folds, of which one tests" if values.folds.is_none();
        /// Test on one of so many folds; train as often, each time with another, unless --fold says with which
        folds: usize, "K", in 2..=MAX_FOLDS;
        /// The fold that tests, from 1 on
        fold: usize, "N", in 1..=MAX_FOLDS;
        /// Training samples, from the first on [default: all but the validation samples]
        train_size: usize, "N", in 1..=usize::MAX;
        /// Validation samples: the last of the training set, where no share of it is drawn
        val_size: usize, "N" = 1000, in 1..=usize::MAX,
            needs "no val_fraction, and data of one's own have one: say with --val-fraction how many validate"
                if values.val_fraction.is_none();
        /// Test samples, from the first on
        test_size: usize, "N" = 1000, in 1..=usize::MAX;
    }
    "Machine" {
        /// Everything random follows from it
        seed: u64, "N" = 0;
        /// Number type
        dtype: Name<Dtype>, "TYPE" = Dtype::F32.into();
        /// Kernel that multiplies matrices [default: the first of these that the build has and the CPU can run]
        gemm: Name<KernelName>, "KERNEL" = Kernel::default().into();
        /// How exact products in f32 are, at least [default: f32]
        precision: Name<Precision>, "PRECISION",
            needs "dtype f32 and gemm amx or simd" if values.has_precisions();
        /// Threads; 0 for one for each CPU
        threads: usize, "N" = 0, in 0..=1024;
    }
}

impl Values {
    /// The update rule with its constants: the settings that are called as they are.
    #[must_use]
    pub fn rule<T: Float>(&self) -> UpdateRule<T> {
        let mut rule = self.update_rule.rule();
        for (name, value) in self.to_settings().reals() {
            if let Some(constant) = rule.constant_mut(name) {
                *constant = T::from_f64(value);
            }
        }
        rule
    }

    /// The learning rate at the start, for batches of this size.
    #[must_use]
    pub fn scaled_learning_rate(&self) -> f64 {
        let n = f64::from_usize(self.batch_size) / f64::from_usize(self.lr_batch_size);
        self.learning_rate * self.lr_scale.value().factor(n)
    }

    /// The warm-up of the schedule.
    pub(crate) fn warmup(&self) -> Warmup {
        if self.lr_warmup_epochs > 0.0 {
            Warmup::Epochs(self.lr_warmup_epochs)
        } else {
            Warmup::Iterations(self.lr_warmup)
        }
    }

    /// Whether weights start as `weight_scale` says.
    #[must_use]
    pub const fn is_gaussian(&self) -> bool {
        matches!(self.init.value(), Init::Gaussian { .. })
    }

    fn has_precisions(&self) -> bool {
        self.dtype.value() == Dtype::F32 && ["amx", "simd"].contains(&self.gemm.name())
    }

    fn is_reconstruction(&self) -> bool {
        self.task.is_some_and(|task| task.value() == Task::Reconstruct)
    }

    pub(crate) const fn has_warmup(&self) -> bool {
        matches!(
            self.schedule.value(),
            Schedule::Cosine { .. } | Schedule::Linear { .. } | Schedule::OneCycle { .. }
        )
    }

    const fn has_min_factor(&self) -> bool {
        matches!(self.schedule.value(), Schedule::Cosine { .. } | Schedule::Linear { .. })
    }

    /// What is added to variances before inputs are whitened, if they are.
    pub(crate) fn whitening(&self) -> Option<f64> {
        self.whiten.filter(|&epsilon| epsilon > 0.0)
    }

    const fn has_steps(&self) -> bool {
        matches!(self.schedule.value(), Schedule::Step { .. })
            && self.lr_step_size < self.num_epochs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: Settings) -> String {
        Values::complete(settings).unwrap_err().to_string()
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
        for (bad, range) in [
            (0.0, "above 0, found 0.0"),
            (-1.0, "above 0, found -1.0"),
            (f64::NAN, "above 0, found NaN"),
            (f64::INFINITY, "a finite number, above 0, found inf"),
        ] {
            let message = refused(Settings { learning_rate: Some(bad), ..Settings::default() });
            assert_eq!(message, format!("learning_rate must be {range}"));
        }
        for (whiten, is_refused) in [(1e-6, false), (0.0, false), (100.0, false), (9e-7, true)] {
            let settings = Settings { whiten: Some(whiten), ..Settings::default() };
            assert_eq!(Values::complete(settings).is_err(), is_refused, "{whiten}");
        }
    }

    #[test]
    fn numbers_that_are_out_of_range_in_the_number_type_of_the_run_are_refused() {
        for (rate, problem) in [
            (1e-50, "learning_rate must be above 0, found 1e-50, which is 0.0 in f32"),
            (
                1e50,
                "learning_rate must be a finite number, above 0, found 1e50, which is inf in f32",
            ),
        ] {
            let settings = Settings { learning_rate: Some(rate), ..Settings::default() };
            assert_eq!(refused(settings.clone()), problem);
            let settings = Settings { dtype: Some(Dtype::F64.into()), ..settings };
            assert!(Values::complete(settings).is_ok());
        }
        let settings = Settings { momentum: Some(0.999_999_999_9), ..Settings::default() };
        assert!(refused(settings).ends_with("found 0.9999999999, which is 1.0 in f32"));
    }

    #[test]
    fn a_huber_delta_that_is_0_in_training_is_refused() {
        for (delta, found) in [(1e-50, "1e-50"), (1e-42, "1e-42"), (0.0, "0.0")] {
            let settings = Settings { huber_delta: Some(delta), ..Settings::default() };
            let expected = format!("huber_delta must be at least 1.2e-38, found {found}");
            assert_eq!(refused(settings), expected);
        }
    }

    #[test]
    fn every_constant_of_an_update_rule_is_a_setting() {
        for rule in RuleName::all() {
            let text = format!("{:?}", rule.rule::<f64>());
            let fields = text.split(['{', ',']).filter_map(|part| part.split_once(':'));
            for (constant, _) in fields {
                assert!(SETTINGS.iter().any(|row| row.name == constant.trim()), "{constant}");
            }
        }
    }

    #[test]
    fn the_constants_of_an_update_rule_have_the_defaults_of_the_rule() {
        for rule in RuleName::all() {
            let settings = Settings { update_rule: Some(rule), ..Settings::default() };
            let values = Values::complete(settings).unwrap();
            assert_eq!(values.rule::<f64>(), rule.rule());
            // Not one number for all rules: one that has no velocity has no share of it.
            let momentum = match rule.name() {
                "muon" => 0.95,
                _ if rule.has("momentum") => 0.9,
                _ => 0.0,
            };
            assert_eq!(values.momentum, momentum);
        }
    }
}
