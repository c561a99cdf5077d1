//! Settings that are one of a few names.

use super::declare::Value;
use barenet::{Float, UpdateRule};
use barenet_blas::Kernel;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

macro_rules! name_enum {
    ($(#[$doc:meta])* $name:ident { $(#[doc = $vdoc:literal] $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $(
                #[doc = $vdoc]
                #[serde(rename = $text)]
                $variant,
            )+
        }

        impl $name {
            /// The name as it is written in flags and files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl Value for $name {
            fn choices() -> Vec<(&'static str, &'static str)> {
                vec![$(($text, $vdoc)),+]
            }

            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(format!("there is no {text}")),
                }
            }
        }
    };
}

name_enum! {
    /// How weights start.
    InitName {
        /// Normal with standard deviation `weight_scale`
        Gaussian = "gaussian",
        /// Normal with standard deviation sqrt(2 / fan_in)
        He = "he",
        /// Normal with standard deviation sqrt(2 / (fan_in + fan_out))
        Xavier = "xavier",
    }
}
name_enum! {
    /// Loss that is minimised.
    LossName {
        /// Softmax cross-entropy
        Softmax = "softmax",
        /// Multiclass hinge loss
        Svm = "svm",
    }
}
name_enum! {
    /// How the learning rate changes.
    ScheduleName {
        /// It does not
        Constant = "constant",
        /// By the factor `lr_decay` after every epoch
        Decay = "decay",
        /// By the factor `lr_gamma` after every `lr_step_size` epochs
        Step = "step",
        /// Linear warm-up, then half a cosine
        Cosine = "cosine",
    }
}
name_enum! {
    /// How batches are chosen.
    SamplingName {
        /// Drawn from all training images, as the course does
        WithReplacement = "with_replacement",
        /// Every epoch goes through all of them in a new order
        Shuffled = "shuffled",
    }
}
name_enum! {
    /// The number type.
    Dtype {
        /// Single precision
        F32 = "f32",
        /// Double precision
        F64 = "f64",
    }
}
name_enum! {
    /// Kernel that multiplies matrices.
    GemmName {
        /// Safe Rust, the same bits as on a microcontroller
        Portable = "portable",
        /// barenet's own kernels for AVX2 and AVX-512; x86-64 only
        Simd = "simd",
        /// The matrixmultiply crate
        MatrixMultiply = "matrixmultiply",
        /// OpenBLAS (build with --features openblas)
        OpenBlas = "openblas",
    }
}

impl Default for GemmName {
    /// The first of this build.
    fn default() -> Self {
        let name = Kernel::ALL.first().map_or("portable", |kernel| kernel.name());
        Self::parse(name).unwrap_or(Self::Portable)
    }
}

/// The name of an update rule: one of [`UpdateRule::NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RuleName(&'static str);

impl RuleName {
    /// Plain stochastic gradient descent.
    pub const SGD: Self = Self("sgd");

    /// The rule of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|rule| rule.0 == name)
    }

    /// Every rule.
    pub fn all() -> impl Iterator<Item = Self> {
        UpdateRule::<f64>::NAMES.into_iter().map(Self)
    }

    /// The name as it is written in flags and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The rule with its default constants.
    #[must_use]
    pub fn rule<T: Float>(self) -> UpdateRule<T> {
        UpdateRule::from_name(self.0).unwrap_or(UpdateRule::Sgd)
    }

    /// Whether the rule has a constant of that name.
    #[must_use]
    pub fn has(self, constant: &str) -> bool {
        self.rule::<f64>().constant_mut(constant).is_some()
    }
}

impl Value for RuleName {
    fn choices() -> Vec<(&'static str, &'static str)> {
        Self::all().map(|rule| (rule.0, rule.rule::<f64>().summary())).collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        Self::from_name(text).ok_or_else(|| format!("there is no {text}"))
    }
}

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| D::Error::unknown_variant(&text, &UpdateRule::<f64>::NAMES))
    }
}
