//! Kernels, by name.

use core::fmt;

/// Makes [`Kernel`] of a table. A row has the kernel's name, what that stands for, and what a build needs to
/// have it. The first that a build has is used unless another is asked for.
macro_rules! kernels {
    ($($(#[doc = $doc:literal])+ $(#[cfg($cfg:meta)])? $kernel:ident = $name:literal, $summary:literal;)+) => {
        /// A way to multiply matrices.
        ///
        /// On x86-64 with AVX2 and FMA, some products are this crate's own even where a library was chosen: those of few
        /// rows and those with a transposed right operand, for which the libraries are slow, and those whose rows
        /// are read where they are multiplied ([`Rows`](barenet::Rows)), for which a library would copy the other operand again
        /// and again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Kernel {
            $($(#[doc = $doc])+ $(#[cfg($cfg)])? $kernel,)+
        }

        impl Kernel {
            /// The kernels of this build, the one that is used unless another is asked for first: OpenBLAS, if
            /// the build has it, otherwise the one that is fastest here.
            pub const ALL: &'static [Self] = &[$($(#[cfg($cfg)])? Self::$kernel,)+];

            /// The names of all kernels, those included that this build has not.
            pub const NAMES: [&'static str; [$($name),+].len()] = [$($name),+];

            /// The name, as it is given on a command line.
            ///
            /// ```
            /// use barenet_blas::Kernel;
            /// assert!(Kernel::ALL.contains(&Kernel::Portable));
            /// assert_eq!(Kernel::Portable.name(), "portable");
            /// ```
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($(#[cfg($cfg)])? Self::$kernel => $name,)+ }
            }

            /// The kernel of a name in a few words, whether this build has it or not.
            #[must_use]
            pub fn summary(name: &str) -> Option<&'static str> {
                match name {
                    $($name => Some($summary),)+
                    _ => None,
                }
            }
        }
    };
}

kernels! {
    /// [`OpenBlas`](super::OpenBlas): the feature `openblas`.
    #[cfg(feature = "openblas")]
    OpenBlas = "openblas", "OpenBLAS (build with --features openblas)";
    /// [`Simd`](super::Simd): this crate's own kernels, on x86-64.
    #[cfg(target_arch = "x86_64")]
    Simd = "simd", "barenet's own kernels for AVX2 and AVX-512; x86-64 only";
    /// [`MatrixMultiply`](super::MatrixMultiply): the feature `matrixmultiply`.
    #[cfg(feature = "matrixmultiply")]
    MatrixMultiply = "matrixmultiply", "The matrixmultiply crate";
    /// [`Portable`](barenet::Portable): safe Rust, the same bits as on a microcontroller. Its products use one thread.
    Portable = "portable", "Safe Rust, the same bits as on a microcontroller";
}

impl Kernel {
    /// The kernel of a name, if this build has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kernel| kernel.name() == name)
    }
}

impl Default for Kernel {
    /// The first of this build.
    fn default() -> Self {
        Self::ALL.first().copied().unwrap_or(Self::Portable)
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "openblas")]
            Self::OpenBlas => f.write_str(&super::OpenBlas::new().describe()),
            #[cfg(target_arch = "x86_64")]
            Self::Simd => {
                let isa = super::Simd::new().describe().unwrap_or("portable");
                write!(f, "{} ({isa})", self.name())
            }
            _ => f.write_str(self.name()),
        }
    }
}
