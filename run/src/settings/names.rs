//! Settings and flags that are one of a few names.

use super::declare::Value;
use barenet::{DecayOn, Float, Init, Loss, Metric, Sampling, Schedule, UpdateRule};
use barenet_blas::{Kernel, Precision};
use barenet_data::augment::Flip;
use barenet_data::scale::Scale;
use barenet_data::split::Part;
use barenet_data::table::Missing;
use barenet_data::{FormatName, Task, Version};
use barenet_model::interchange::arrays::Layout;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type whose kinds of values have names in flags and files.
pub trait Named: Copy + PartialEq + 'static {
    /// The names that a setting can have.
    const NAMES: &'static [&'static str];

    /// A value of that name, with some constants, if it has any.
    fn from_name(name: &str) -> Option<Self>;

    /// The name of a value, whatever its constants.
    fn name(self) -> &'static str;

    /// Its meaning, in a line.
    fn meaning(self) -> &'static str;
}

/// The name of a kind of `T`, and nothing of its constants: these are settings of their own.
///
/// ```
/// use barenet::Init;
/// use barenet_run::settings::Name;
/// let name = Name::from(Init::Gaussian { weight_scale: 0.5 });
/// assert_eq!(name.name(), "gaussian");
/// assert_eq!(Name::<Init>::from_name("gaussian"), Some(name));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Name<T>(T);

impl<T: Named> From<T> for Name<T> {
    fn from(value: T) -> Self {
        Self(T::from_name(value.name()).unwrap_or(value))
    }
}

impl<T: Named> Name<T> {
    /// One of [`Named::NAMES`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        T::from_name(name).map(Self)
    }

    /// Every name.
    pub fn all() -> impl Iterator<Item = Self> {
        T::NAMES.iter().filter_map(|name| Self::from_name(name))
    }

    /// The name as it is written in flags and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

impl<T: Copy> Name<T> {
    /// A value of that name.
    #[must_use]
    pub const fn value(self) -> T {
        self.0
    }
}

impl<T: Named> Value for Name<T> {
    fn choices() -> Vec<(&'static str, &'static str)> {
        Self::all().map(|name| (name.name(), name.0.meaning())).collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| format!("there is no {text}"))
    }
}

impl<T: Named> Serialize for Name<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de, T: Named> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| D::Error::unknown_variant(&text, T::NAMES))
    }
}

/// Names the variants of an enum. One that is not named does not compile. A constant is 0 unless it is said.
macro_rules! named {
    ($($type:ident {
        $($variant:ident $({ $($constant:ident $(= $value:literal)?),+ })? = $name:literal, $meaning:literal;)+
    })+) => {$(
        impl Named for $type {
            const NAMES: &'static [&'static str] = &[$($name),+];

            fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant { $($($constant: named!(@value $($value)?)),+)? }),)+
                    _ => None,
                }
            }

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)+
                }
            }

            fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $meaning,)+
                }
            }
        }
    )+};
    (@value $value:literal) => { $value };
    (@value) => { Default::default() };
}

/// The number type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

/// How often the loss of a sample counts, by its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassWeights {
    /// Once.
    None,
    /// N / (C·n) times, of N training samples in C classes, n of them in its class: every class counts as much.
    Balanced,
}

/// How the learning rate follows the size of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LrScale {
    /// Not at all.
    None,
    /// A batch n times as large is trained with n times the rate: Goyal et al., 2017.
    Linear,
    /// With √n times the rate: the noise of its gradient is as much smaller.
    Sqrt,
}

impl LrScale {
    /// The factor for batches n times as large.
    ///
    /// ```
    /// use barenet_run::settings::LrScale;
    /// let factors = [LrScale::None, LrScale::Linear, LrScale::Sqrt].map(|scale| scale.factor(4.0));
    /// assert_eq!(factors, [1.0, 4.0, 2.0]);
    /// ```
    #[must_use]
    pub fn factor(self, n: f64) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Linear => n,
            Self::Sqrt => n.sqrt(),
        }
    }
}

/// The number type of an exported network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportDtype {
    /// 32-bit floating point.
    F32,
    /// 8-bit integers, with no floating point from the pixels to the class.
    Int8,
}

named! {
    Init {
        Gaussian { weight_scale } = "gaussian", "Normal with standard deviation `weight_scale`";
        He = "he", "Normal with standard deviation sqrt(2 / fan_in)";
        Xavier = "xavier", "Normal with standard deviation sqrt(2 / (fan_in + fan_out))";
    }
    Loss {
        Softmax = "softmax", "Softmax cross-entropy";
        Svm = "svm", "Multiclass hinge loss";
        Mse = "mse", "Mean squared error";
        Mae = "mae", "Mean absolute error";
        Huber { delta = 1.0 } = "huber", "Squares of small errors, and of large ones the distance";
    }
    Metric {
        Accuracy = "accuracy", "Share of the samples whose class has the highest score";
        LogLoss = "log-loss", "Mean of -ln of the probability of the right class";
        Mse = "mse", "Mean squared error";
        Mae = "mae", "Mean absolute error";
        BalancedAccuracy = "balanced-accuracy", "Mean recall of the classes";
        F1 = "f1", "Mean F1 of the classes";
        Auc = "auc", "Area under the ROC curve, of classes, and of anomalies where there are labels";
        R2 = "r2", "Coefficient of determination";
    }
    ClassWeights {
        None = "none", "Every sample counts as much";
        Balanced = "balanced", "Every class counts as much, however many samples it has";
    }
    Schedule {
        Constant = "constant", "It does not";
        Decay { lr_decay } = "decay", "By the factor `lr_decay` after every epoch";
        Step { step_size, gamma } = "step",
            "By the factor `lr_gamma` after every `lr_step_size` epochs";
        Cosine { warmup, min_factor } = "cosine", "Linear warm-up, then half a cosine";
        Linear { warmup, min_factor } = "linear", "Linear warm-up, then linearly down";
        OneCycle { warmup } = "one-cycle", "Up along half a cosine, then down along another, to almost 0";
    }
    LrScale {
        None = "none", "It does not";
        Linear = "linear", "n times the rate for batches n times as large";
        Sqrt = "sqrt", "The root of n times the rate for batches n times as large";
    }
    DecayOn {
        All = "all", "Every W, b, gamma and beta";
        Weights = "weights", "Every W";
    }
    Sampling {
        WithReplacement = "with_replacement", "Drawn from all training samples, as the course does";
        Shuffled = "shuffled", "Every epoch goes through all of them in a new order";
    }
    Precision {
        F32 = "f32", "As exact as f32 is";
        Bf16x3 = "bf16x3", "An error of 2^-16 of each product, where the CPU has AMX";
        Bf16 = "bf16", "An error of 2^-8 of each product, where the CPU multiplies bf16";
    }
    Dtype {
        F32 = "f32", "Single precision";
        F64 = "f64", "Double precision";
    }
    Part {
        Train = "train", "The samples that train";
        Val = "val", "The samples that validate";
        Test = "test", "The samples that test";
    }
    Version {
        Binary = "binary", "Records of bytes";
        Python = "python", "Pickled dicts";
    }
    Task {
        Classify = "classify", "Classes";
        Regress = "regress", "Numbers";
        Reconstruct = "reconstruct", "The inputs themselves: an autoencoder, which finds what is unlike them";
    }
    FormatName {
        Csv = "csv", "A table: CSV or TSV";
        Numpy = "numpy", "Arrays of numpy: .npz, .npy, or a folder of them";
        Idx = "idx", "IDX, as MNIST is: a folder, or a file of images";
        Pictures = "pictures", "A folder of PNG, JPEG or BMP files for each class";
        Recordings = "recordings", "A folder of CSV files for each class, rows in time";
        Cifar10 = "cifar10", "CIFAR-10: a folder or an archive of the binary or the python version";
        Cifar100 = "cifar100", "CIFAR-100: a folder or an archive of the binary version";
    }
    Missing {
        Refuse = "error", "They are an error";
        Drop = "drop", "Their rows are left out";
        Mean = "mean", "They count as the mean of their column";
    }
    Scale {
        Standard = "standard", "To mean 0 and standard deviation 1";
        MinMax = "minmax", "To 0..1";
        MeanImage = "mean-image", "Their mean is subtracted, as CS231n does";
        Channels = "channels", "Each colour of pictures to mean 0 and standard deviation 1 over all pixels";
        None = "none", "Not at all";
    }
    Flip {
        None = "none", "None";
        Random = "random", "Each with probability 1/2";
        Alternating = "alternating", "Each in every other epoch; which half begins is random";
    }
    ExportDtype {
        F32 = "f32", "32-bit floating point";
        Int8 = "int8", "8-bit integers, with no floating point from the pixels to the class";
    }
    Layout {
        Barenet = "barenet", "W1, b1 and so on, W is [in, out]";
        Pytorch = "pytorch", "0.weight, 0.bias and so on of an nn.Sequential, weights are [out, in]";
    }
}

/// A kernel that multiplies matrices: one of [`Kernel::NAMES`], whether this build has it or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelName(&'static str);

impl Named for KernelName {
    const NAMES: &'static [&'static str] = &Kernel::NAMES;

    fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|&&found| found == name).map(|found| Self(found))
    }

    fn name(self) -> &'static str {
        self.0
    }

    fn meaning(self) -> &'static str {
        Kernel::summary(self.0).unwrap_or_default()
    }
}

impl From<Kernel> for Name<KernelName> {
    fn from(kernel: Kernel) -> Self {
        Self(KernelName(kernel.name()))
    }
}

impl Named for UpdateRule<f64> {
    const NAMES: &'static [&'static str] = &Self::NAMES;

    fn from_name(name: &str) -> Option<Self> {
        Self::from_name(name)
    }

    fn name(self) -> &'static str {
        Self::name(&self)
    }

    fn meaning(self) -> &'static str {
        self.summary()
    }
}

/// The name of an update rule.
pub type RuleName = Name<UpdateRule<f64>>;

impl RuleName {
    /// Plain stochastic gradient descent.
    pub const SGD: Self = Self(UpdateRule::Sgd);

    /// The rule with its default constants.
    #[must_use]
    pub fn rule<T: Float>(self) -> UpdateRule<T> {
        UpdateRule::from_name(self.name()).unwrap_or(UpdateRule::Sgd)
    }

    /// Whether the rule has a constant of that name.
    #[must_use]
    pub fn has(mut self, constant: &str) -> bool {
        self.0.constant_mut(constant).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_their_own<T: Named>() {
        let names: Vec<_> = Name::<T>::all().map(Name::name).collect();
        assert_eq!(names, T::NAMES);
        assert!(Name::<T>::all().all(|name| !name.value().meaning().is_empty()), "{names:?}");
    }

    #[test]
    fn every_name_names_a_value_of_that_name_and_has_a_meaning() {
        are_their_own::<Init>();
        are_their_own::<Loss>();
        are_their_own::<Schedule>();
        are_their_own::<DecayOn>();
        are_their_own::<Sampling>();
        are_their_own::<Dtype>();
        are_their_own::<KernelName>();
        are_their_own::<Part>();
        are_their_own::<Version>();
        are_their_own::<ExportDtype>();
        are_their_own::<Layout>();
        are_their_own::<Task>();
        are_their_own::<FormatName>();
        are_their_own::<Missing>();
        are_their_own::<Scale>();
        are_their_own::<Flip>();
        are_their_own::<UpdateRule<f64>>();
    }
}
