//! Kernels, by name.

use core::fmt;

/// Makes [`Kernel`] of a table. A row has the kernel's name, what that stands for, and what a build needs to
/// have it. The first that a build has and a machine can run is used unless another is asked for.
macro_rules! kernels {
    ($($(#[doc = $doc:literal])+ $(#[cfg($cfg:meta)])? $kernel:ident = $name:literal, $summary:literal;)+) => {
        /// A way to multiply matrices.
        ///
        /// With AVX2 and FMA, or NEON, some products are this crate's own even where a library was chosen: those of few
        /// rows and those with a transposed right operand, for which the libraries are slow, and those whose rows
        /// are read where they are multiplied ([`Rows`](barenet::Rows)), for which a library would copy the other operand again
        /// and again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Kernel {
            $($(#[doc = $doc])+ $(#[cfg($cfg)])? $kernel,)+
        }

        impl Kernel {
            /// The kernels of this build, the fastest first: of those that this CPU has the instructions of, the first is
            /// the [default](Kernel::default).
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
    /// [`Amx`](super::Amx): the matrix unit of Intel's servers, on Linux. Where it cannot be used, [`Backend`](super::Backend)
    /// multiplies as with `Simd`.
    #[cfg(target_arch = "x86_64")]
    Amx = "amx", "AMX, the matrix unit of Intel's servers since Sapphire Rapids; Linux on x86-64 only";
    /// [`Simd`](super::Simd): this crate's own kernels, on x86-64 and aarch64.
    #[cfg(own_kernels)]
    Simd = "simd", "barenet's own kernels for AVX-512, AVX2 and NEON; x86-64 and aarch64 only";
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

    /// Whether this CPU has the instructions that the kernel is made of. Without, the portable one computes its products.
    ///
    /// ```
    /// use barenet_blas::Kernel;
    /// assert!(Kernel::Portable.is_for_this_cpu());
    /// assert!(Kernel::default().is_for_this_cpu());
    /// ```
    #[must_use]
    pub fn is_for_this_cpu(self) -> bool {
        match self {
            #[cfg(own_kernels)]
            Self::Simd => super::Simd::new().describe().is_some(),
            _ => self.obstacle().is_none(),
        }
    }

    /// The kernels of this build that this machine can run.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kernel| kernel.obstacle().is_none())
    }

    /// Why this machine cannot run the kernel, if it cannot: only AMX is refused, for the others there is always a way.
    ///
    /// ```
    /// use barenet_blas::Kernel;
    /// assert_eq!(Kernel::Portable.obstacle(), None);
    /// ```
    #[must_use]
    pub fn obstacle(self) -> Option<&'static str> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx => super::Amx::detect().err().map(super::amx::NoAmx::reason),
            _ => None,
        }
    }

    /// The first of this build for which there are the instructions.
    fn first(is_for_cpu: impl Fn(Self) -> bool) -> Self {
        Self::ALL.iter().copied().find(|&kernel| is_for_cpu(kernel)).unwrap_or(Self::Portable)
    }
}

impl Default for Kernel {
    /// OpenBLAS, if the build has it, otherwise this crate's own kernels, AMX first, if the CPU has the instructions; otherwise
    /// matrixmultiply, if the build has that, and the portable kernel if not.
    fn default() -> Self {
        Self::first(Self::is_for_this_cpu)
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "openblas")]
            Self::OpenBlas => f.write_str(&super::OpenBlas::new().describe()),
            #[cfg(own_kernels)]
            Self::Simd => {
                let isa = super::Simd::new().describe().unwrap_or("portable");
                write!(f, "{} ({isa}", self.name())?;
                // A CPU without AMX is nothing to mention.
                #[cfg(target_arch = "x86_64")]
                if let Err(no_amx) = super::Amx::detect()
                    && no_amx != super::amx::NoAmx::Cpu
                {
                    write!(f, "; {}", no_amx.reason())?;
                }
                f.write_str(")")
            }
            _ => f.write_str(self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_fastest_kernel_for_which_the_cpu_has_the_instructions() {
        assert_eq!(Kernel::first(|_| true), Kernel::ALL[0]);
        assert_eq!(Kernel::first(|kernel| kernel == Kernel::Portable), Kernel::Portable);
    }

    #[cfg(all(feature = "matrixmultiply", own_kernels))]
    #[test]
    fn a_cpu_without_avx2_takes_matrixmultiply() {
        let default = Kernel::first(|kernel| !["amx", "simd"].contains(&kernel.name()));
        if cfg!(feature = "openblas") {
            assert_eq!(default.name(), "openblas");
        } else {
            assert_eq!(default, Kernel::MatrixMultiply);
        }
    }
}
