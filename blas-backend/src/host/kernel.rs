//! Kernels, by name.

use core::fmt;

/// A way to multiply matrices.
///
/// On x86-64 with AVX2 and FMA, some products are this crate's own even where a library was chosen: those of few
/// rows and those with a transposed right operand, for which the libraries are slow, and those whose rows
/// are read where they are multiplied ([`Rows`](barenet::Rows)), for which a library would copy the other operand again
/// and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kernel {
    /// [`Portable`](barenet::Portable): safe Rust, the same bits as on a microcontroller. Its products use one thread.
    Portable,
    /// [`Simd`](super::Simd): this crate's own kernels, on x86-64.
    #[cfg(target_arch = "x86_64")]
    Simd,
    /// [`MatrixMultiply`](super::MatrixMultiply): the feature `matrixmultiply`.
    #[cfg(feature = "matrixmultiply")]
    MatrixMultiply,
    /// [`OpenBlas`](super::OpenBlas): the feature `openblas`.
    #[cfg(feature = "openblas")]
    OpenBlas,
}

impl Kernel {
    /// The kernels of this build, the one that is used unless another is asked for first: OpenBLAS, if
    /// the build has it, otherwise the one that is fastest here.
    pub const ALL: &'static [Self] = &[
        #[cfg(feature = "openblas")]
        Self::OpenBlas,
        #[cfg(target_arch = "x86_64")]
        Self::Simd,
        #[cfg(feature = "matrixmultiply")]
        Self::MatrixMultiply,
        Self::Portable,
    ];

    /// The name, as it is given on a command line.
    ///
    /// ```
    /// use barenet_blas::Kernel;
    /// assert!(Kernel::ALL.contains(&Kernel::Portable));
    /// assert_eq!(Kernel::Portable.name(), "portable");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Simd => "simd",
            #[cfg(feature = "matrixmultiply")]
            Self::MatrixMultiply => "matrixmultiply",
            #[cfg(feature = "openblas")]
            Self::OpenBlas => "openblas",
        }
    }

    /// The kernel of a name, if this build has it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kernel| kernel.name() == name)
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
