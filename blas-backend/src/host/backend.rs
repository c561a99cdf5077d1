//! A kernel and a team of threads, chosen at run time.

#[cfg(target_arch = "x86_64")]
use crate::host::bf16::Bf16Kernels;
use crate::host::isa::run_vectorized;
use crate::host::kernel::Kernel;
use crate::host::precision::Precision;
#[cfg(any(feature = "matrixmultiply", feature = "openblas"))]
use crate::host::prefer_own::PreferOwn;
use crate::host::subnormal::{CAN_FLUSH, Subnormals};
use crate::host::team::{Team, cpus};
#[cfg(any(own_kernels, feature = "matrixmultiply", feature = "openblas"))]
use crate::host::tile;
use barenet::{Epilogue, Float, Gemm, GemmArgs, Machine, Pass, Portable, Rows};
use std::io;

/// A kernel with a team of threads.
///
/// ```
/// use barenet::{Mat, MatMut, matmul};
/// use barenet_blas::{Backend, Kernel};
/// let backend = Backend::new(Kernel::default(), 2);
/// let (a, mut c) = ([1.0_f32, 2.0], [0.0]);
/// let a = Mat::new(&a, 1, 2)?;
/// backend.install(|| matmul(&backend, a, a.t(), 0.0, MatMut::new(&mut c, 1, 1)?))?;
/// assert_eq!(c, [5.0]);
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// It computes int8 networks too, with the bits that they have on a microcontroller:
///
/// ```
/// use barenet::Arch;
/// use barenet::quant::{Channel, QuantNet};
/// use barenet_blas::{Backend, Kernel};
///
/// let arch = Arch::try_new(&[4, 8, 3])?;
/// let weights = vec![0x0102_0304; arch.quant_weights_len()];
/// let channels = vec![Channel::new(0, 1 << 30, -3); arch.quant_channels_len()];
/// let net = QuantNet::try_new(arch, &weights, &channels)?;
///
/// let backend = Backend::new(Kernel::default(), 0);
/// let images = [7; 100 * 4];
/// let mut workspace = vec![0; 100 * arch.quant_workspace_len()];
/// let mut scores = vec![0; 100 * 3];
/// backend.install(|| net.scores_of_batch(&backend, &images, &mut workspace, &mut scores))?;
/// assert_eq!(scores[..3], scores[297..]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Backend {
    kernel: Kernel,
    precision: Precision,
    /// `None` for one thread.
    team: Option<Team>,
    /// Why there are fewer threads than were asked for.
    refusal: Option<io::Error>,
}

impl Backend {
    /// Makes a team of `threads` threads, the calling one included, but at most one for each CPU,
    /// which is also what 0 means: more would only wait for each other. Where the operating system
    /// starts fewer, those do the work, to the same bits; [`Self::refusal`] says why.
    #[must_use]
    pub fn new(kernel: Kernel, threads: usize) -> Self {
        let threads = if threads == 0 { cpus() } else { threads.min(cpus()) };
        Self::of(kernel, Team::new(threads))
    }

    /// Makes a team of exactly `threads` threads, at least one, however many CPUs there are: for
    /// tests that the number of threads does not change results.
    ///
    /// # Errors
    ///
    /// If the operating system refuses to start the threads.
    pub fn with_threads(kernel: Kernel, threads: usize) -> io::Result<Self> {
        let backend = Self::of(kernel, Team::new(threads));
        match backend.refusal {
            Some(error) => Err(error),
            None => Ok(backend),
        }
    }

    fn of(kernel: Kernel, (team, refusal): (Team, Option<io::Error>)) -> Self {
        #[cfg(feature = "openblas")]
        let _single_threaded = super::OpenBlas::new();
        let precision = Precision::F32;
        Self { kernel, precision, team: Some(team).filter(|team| team.size() > 1), refusal }
    }

    /// The same with another precision of products in `f32`, of kernels that have it: `Amx` and `Simd`.
    ///
    /// ```
    /// use barenet_blas::{Backend, Kernel, Precision};
    /// let backend = Backend::new(Kernel::default(), 1).with_precision(Precision::Bf16);
    /// assert_eq!(backend.precision(), Precision::Bf16);
    /// ```
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The precision that products in `f32` have at least.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// The kernel that multiplies.
    #[must_use]
    pub const fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// How many threads work.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.team.as_ref().map_or(1, Team::size)
    }

    /// Why the operating system started fewer threads than were asked for, if it did.
    ///
    /// ```
    /// use barenet_blas::{Backend, Kernel};
    /// assert!(Backend::new(Kernel::default(), 1).refusal().is_none());
    /// ```
    #[must_use]
    pub const fn refusal(&self) -> Option<&io::Error> {
        self.refusal.as_ref()
    }

    /// Runs `work` on this thread as one of the team, which then stays awake between its products.
    /// Without, every product enters the team and leaves it, which costs a little. While one thread
    /// is in the team, what others multiply with this backend runs on those threads alone.
    ///
    /// `work` takes subnormal numbers for 0, on x86-64 and aarch64, unless the kernel is the portable one.
    pub fn install<R>(&self, work: impl FnOnce() -> R) -> R {
        let work = || Subnormals::during(self.flushes(), work);
        match &self.team {
            Some(team) => team.install(work),
            None => work(),
        }
    }
}

impl Backend {
    /// Whether arithmetic takes subnormal numbers for 0, on all threads.
    const fn flushes(&self) -> bool {
        CAN_FLUSH && !matches!(self.kernel, Kernel::Portable)
    }

    /// Says so to this thread.
    fn subnormals(&self) -> Subnormals {
        Subnormals::set(self.flushes())
    }

    #[cfg(own_kernels)]
    fn simd<T: Float, X: Rows<T>>(&self, args: GemmArgs<'_, T, X>, epilogue: impl Epilogue<T>) {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernels) = Bf16Kernels::of_vectors(self.precision) {
            return kernels.product(self, args, epilogue);
        }
        match super::Simd::new().kernels() {
            Some(kernels) => tile::product(self, &kernels, args, epilogue),
            None => Portable.product(args, epilogue),
        }
    }
}

impl Machine for Backend {
    fn join(&self, a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
        // Whichever thread it is, and on one thread too.
        let (a, b) =
            (|| Subnormals::during(self.flushes(), a), || Subnormals::during(self.flushes(), b));
        match &self.team {
            Some(team) => team.join(a, b),
            None => {
                a();
                b();
            }
        }
    }

    fn num_threads(&self) -> usize {
        self.threads()
    }

    fn vectorized<P: Pass>(&self, pass: P) -> P::Output {
        let _subnormals = self.subnormals();
        run_vectorized(pass)
    }

    fn flushes_subnormals(&self) -> bool {
        self.flushes()
    }
}

impl<T: Float> Gemm<T> for Backend {
    fn gemm(&self, args: GemmArgs<'_, T>) {
        self.product(args, ());
    }

    fn product<X: Rows<T>>(&self, args: GemmArgs<'_, T, X>, epilogue: impl Epilogue<T>) {
        let _subnormals = self.subnormals();
        match self.kernel {
            Kernel::Portable => Portable.product(args, epilogue),
            #[cfg(target_arch = "x86_64")]
            Kernel::Amx => match super::Amx::new() {
                Some(amx) => match amx.with_precision(self.precision).kernels() {
                    Some(kernels) => kernels.product(self, args, epilogue),
                    None => Portable.product(args, epilogue),
                },
                None => self.simd(args, epilogue),
            },
            #[cfg(own_kernels)]
            Kernel::Simd => self.simd(args, epilogue),
            #[cfg(feature = "matrixmultiply")]
            Kernel::MatrixMultiply => {
                tile::product(self, &PreferOwn(super::MatrixMultiply), args, epilogue);
            }
            #[cfg(feature = "openblas")]
            Kernel::OpenBlas => {
                tile::product(self, &PreferOwn(super::OpenBlas::new()), args, epilogue);
            }
        }
    }
}
