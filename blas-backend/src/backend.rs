//! A kernel and a team of threads, chosen at run time.

#[cfg(any(target_arch = "x86_64", feature = "matrixmultiply", feature = "openblas"))]
use crate::made_rows;
#[cfg(any(feature = "matrixmultiply", feature = "openblas"))]
use crate::own_first::OwnFirst;
use crate::subnormal::{CAN_FLUSH, Subnormals};
use crate::team::{Team, cpus};
#[cfg(any(target_arch = "x86_64", feature = "matrixmultiply", feature = "openblas"))]
use crate::tile::Product;
use crate::vectorized::vectorized;
use barenet::{Epilogue, Float, Gemm, GemmArgs, Machine, Mat, MatMut, Pass, Portable, Rows};
use core::cell::RefCell;
use core::fmt;
use std::io;

/// What multiplies matrices.
///
/// On x86-64 with AVX2 and FMA, some products are this crate's own even where a library was chosen: those of few
/// rows and those with a transposed right operand, for which the libraries are slow, and those whose rows
/// are made where they are multiplied ([`Rows`]), for which a library would copy the other operand again
/// and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kernel {
    /// [`Portable`]: safe Rust, the same bits as on a microcontroller. Its products use one thread.
    Portable,
    /// [`Simd`](crate::Simd): this crate's own kernels, on x86-64.
    #[cfg(target_arch = "x86_64")]
    Simd,
    /// [`MatrixMultiply`](crate::MatrixMultiply): the feature `matrixmultiply`.
    #[cfg(feature = "matrixmultiply")]
    MatrixMultiply,
    /// [`OpenBlas`](crate::OpenBlas): the feature `openblas`.
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
            Self::OpenBlas => f.write_str(&crate::OpenBlas::new().describe()),
            #[cfg(target_arch = "x86_64")]
            Self::Simd => {
                let isa = crate::Simd::new().describe().unwrap_or("portable");
                write!(f, "{} ({isa})", self.name())
            }
            _ => f.write_str(self.name()),
        }
    }
}

/// A kernel with a team of threads.
///
/// ```
/// use barenet::{Mat, MatMut, matmul};
/// use barenet_blas::{Backend, Kernel};
/// let backend = Backend::new(Kernel::ALL[0], 2)?;
/// let (a, mut c) = ([1.0_f32, 2.0], [0.0]);
/// let a = Mat::new(&a, 1, 2)?;
/// backend.install(|| matmul(&backend, a, a.t(), 0.0, MatMut::new(&mut c, 1, 1)?))?;
/// assert_eq!(c, [5.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Backend {
    kernel: Kernel,
    /// `None` for one thread.
    team: Option<Team>,
    /// Why there are fewer threads than were asked for.
    refusal: Option<io::Error>,
}

impl Backend {
    /// Makes a team of `threads` threads, the calling one included, but at most one for each CPU,
    /// which is also what 0 means: more would only wait for each other. Where the operating system
    /// starts fewer, those do the work, to the same bits; [`Self::refusal`] says why.
    ///
    /// # Errors
    ///
    /// None: the calling thread is always there.
    pub fn new(kernel: Kernel, threads: usize) -> io::Result<Self> {
        let threads = if threads == 0 { cpus() } else { threads.min(cpus()) };
        Ok(Self::of(kernel, Team::new(threads)))
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
        let _single_threaded = crate::OpenBlas::new();
        Self { kernel, team: Some(team).filter(|team| team.size() > 1), refusal }
    }

    /// What multiplies.
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
    /// assert!(Backend::new(Kernel::ALL[0], 1)?.refusal().is_none());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub const fn refusal(&self) -> Option<&io::Error> {
        self.refusal.as_ref()
    }

    /// Runs `work` on this thread as one of the team, which then stays awake between its products.
    /// Without, every product enters the team and leaves it, which costs a little. While one thread
    /// is in the team, what others multiply with this backend runs on those threads alone.
    ///
    /// `work` takes subnormal numbers for 0, on x86-64, unless the kernel is the portable one.
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
        vectorized(pass)
    }

    fn flushes_subnormals(&self) -> bool {
        self.flushes()
    }
}

/// A number type that all kernels multiply: `f32` and `f64`.
#[doc(hidden)]
pub trait Element: Float {
    /// Computes one product with a kernel, and what an epilogue does, on the threads of a backend.
    fn multiply(args: GemmArgs<'_, Self>, epilogue: impl Epilogue<Self>, backend: &Backend);

    /// Computes C ← x · b, or C ← xᵀ · b if `is_transposed`, and what an epilogue does.
    fn multiply_rows(
        x: (&impl Rows<Self>, bool),
        b: Mat<'_, Self>,
        c: MatMut<'_, Self>,
        epilogue: impl Epilogue<Self>,
        backend: &Backend,
    );

    /// Memory of this thread for numbers that are made. It holds anything, and may be too short.
    fn take_memory() -> Vec<Self>;

    /// Keeps it for the next time: after the first ones nothing is allocated.
    fn give_memory_back(memory: Vec<Self>);
}

macro_rules! impl_element {
    ($t:ty, $memory:ident) => {
        thread_local! {
            static $memory: RefCell<Vec<$t>> = const { RefCell::new(Vec::new()) };
        }

        impl Element for $t {
            fn multiply(
                args: GemmArgs<'_, Self>,
                epilogue: impl Epilogue<Self>,
                backend: &Backend,
            ) {
                match backend.kernel {
                    Kernel::Portable => Portable.gemm_then(args, epilogue),
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Simd => match crate::Simd::new().kernels() {
                        Some(kernels) => Product::new(args).run(&kernels, epilogue, backend),
                        None => Portable.gemm_then(args, epilogue),
                    },
                    #[cfg(feature = "matrixmultiply")]
                    Kernel::MatrixMultiply => {
                        let kernel = OwnFirst(&crate::MatrixMultiply);
                        Product::new(args).run(&kernel, epilogue, backend);
                    }
                    #[cfg(feature = "openblas")]
                    Kernel::OpenBlas => {
                        let library = crate::OpenBlas::new();
                        Product::new(args).run(&OwnFirst(&library), epilogue, backend);
                    }
                }
            }

            fn multiply_rows(
                x: (&impl Rows<Self>, bool),
                b: Mat<'_, Self>,
                c: MatMut<'_, Self>,
                epilogue: impl Epilogue<Self>,
                backend: &Backend,
            ) {
                let portable = |(x, is_transposed), b, c, epilogue| {
                    if is_transposed {
                        Portable.rows_transposed_product(x, b, c);
                    } else {
                        Portable.rows_product(x, b, c, epilogue);
                    }
                };
                if backend.kernel == Kernel::Portable {
                    return portable(x, b, c, epilogue);
                }
                // Not the libraries, which would copy b anew for each block that is made.
                #[cfg(target_arch = "x86_64")]
                if let Some(kernels) = crate::Simd::new().kernels() {
                    return made_rows::product(x, b, c, &kernels, epilogue, backend);
                }
                match backend.kernel {
                    #[cfg(feature = "matrixmultiply")]
                    Kernel::MatrixMultiply => {
                        made_rows::product(x, b, c, &crate::MatrixMultiply, epilogue, backend);
                    }
                    #[cfg(feature = "openblas")]
                    Kernel::OpenBlas => {
                        made_rows::product(x, b, c, &crate::OpenBlas::new(), epilogue, backend);
                    }
                    _ => portable(x, b, c, epilogue),
                }
            }

            fn take_memory() -> Vec<Self> {
                $memory.take()
            }

            fn give_memory_back(memory: Vec<Self>) {
                $memory.set(memory);
            }
        }
    };
}

impl_element!(f32, F32_MEMORY);
impl_element!(f64, F64_MEMORY);

impl<T: Element> Gemm<T> for Backend {
    fn gemm(&self, args: GemmArgs<'_, T>) {
        let _subnormals = self.subnormals();
        T::multiply(args, (), self);
    }

    fn gemm_then(&self, args: GemmArgs<'_, T>, epilogue: impl Epilogue<T>) {
        let _subnormals = self.subnormals();
        T::multiply(args, epilogue, self);
    }

    fn rows_product(
        &self,
        x: &impl Rows<T>,
        w: Mat<'_, T>,
        out: MatMut<'_, T>,
        epilogue: impl Epilogue<T>,
    ) {
        let _subnormals = self.subnormals();
        T::multiply_rows((x, false), w, out, epilogue, self);
    }

    fn rows_transposed_product(&self, x: &impl Rows<T>, dout: Mat<'_, T>, dw: MatMut<'_, T>) {
        let _subnormals = self.subnormals();
        T::multiply_rows((x, true), dout, dw, (), self);
    }
}
