//! Settings that are one of a few names.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

macro_rules! name_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
        pub enum $name {
            $(
                $(#[$vdoc])*
                #[value(name = $text)]
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
    /// What is minimised.
    LossName {
        /// Softmax cross-entropy
        Softmax = "softmax",
        /// Multiclass hinge loss
        Svm = "svm",
    }
}
name_enum! {
    /// How gradients change the weights.
    UpdateRuleName {
        /// Stochastic gradient descent
        Sgd = "sgd",
        /// SGD with momentum
        SgdMomentum = "sgd_momentum",
        /// SGD with Nesterov momentum
        Nesterov = "nesterov",
        /// RMSProp
        RmsProp = "rmsprop",
        /// Adam
        Adam = "adam",
        /// Adam with decoupled weight decay
        AdamW = "adamw",
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
    /// What multiplies matrices.
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
