//! Subnormal numbers, with which many CPUs take a hundred times as long, count as 0 in training: in weights,
//! activations and gradients, in every backend, with the same bits on any number of threads. The caller's own
//! arithmetic stays as it was.

use barenet::{
    Arch, Float, FullyConnectedNet, Gemm, Label, Machine, Mat, Portable, Rng, Targets, TrainState,
    UpdateRule,
};
use barenet_blas::{Backend, Kernel};
use std::hint::black_box;

/// Whether a number is subnormal.
fn is_subnormal<T: Float>(x: &T) -> bool {
    let least = if T::NAME == "float32" { f32::MIN_POSITIVE.into() } else { f64::MIN_POSITIVE };
    let x = x.to_f64().abs();
    x != 0.0 && x < least
}

/// Numbers of all sizes around the smallest normal one, of which many are subnormal.
fn around_the_smallest<T: Float>(seed: u64, len: usize) -> Vec<T> {
    let mut rng = Rng::seed(seed);
    let (middle, spread) = if T::NAME == "float32" { (-126.0, 22.0) } else { (-1022.0, 50.0) };
    (0..len)
        .map(|_| {
            let sign = if rng.below(2) == 0 { 1.0 } else { -1.0 };
            let exponent: f64 = middle + spread * (2.0 * rng.uniform() - 1.0);
            // In two steps: 2^-1070 is no factor that an f64 could hold exactly.
            T::from_f64(sign * (exponent / 2.0).exp2() * (exponent / 2.0).exp2())
        })
        .collect()
}

const BATCH: usize = 100;

/// A network in training.
struct Step<'a, T> {
    net: FullyConnectedNet<'a, T>,
    params: Vec<T>,
    running: Vec<T>,
    grads: Vec<T>,
    state: Vec<T>,
    x: Vec<T>,
}

impl<'a, T: Float> Step<'a, T> {
    fn new(dims: &'a [usize], batchnorm: bool, seed: u64) -> Self {
        let arch = Arch::new(dims);
        let arch = if batchnorm { arch.with_batchnorm() } else { arch };
        let net =
            FullyConnectedNet { reg: T::from_f64(0.01), ..FullyConnectedNet::with_arch(arch) };
        let mut x = vec![T::ZERO; BATCH * dims[0]];
        Rng::seed(9).fill_normal(1.0, &mut x);
        Self {
            net,
            params: around_the_smallest(seed, arch.num_params()),
            running: vec![T::ZERO; arch.num_running()],
            grads: vec![T::ZERO; arch.num_params()],
            state: vec![T::ZERO; arch.num_params()],
            x,
        }
    }

    /// Loss, gradients, and an update with momentum.
    fn run(&mut self, gemm: &impl Gemm<T>) -> T {
        let arch = self.net.arch;
        let mut workspace = vec![T::from_f64(f64::NAN); arch.train_workspace_len(BATCH)];
        let classes = arch.num_classes() as Label;
        let y: Vec<Label> = (0..BATCH as Label).map(|n| n % classes).collect();
        let (params, running, grads) = (&mut self.params, &mut self.running, &mut self.grads);
        let mut state = TrainState::new(&arch, params, running, grads, &mut workspace).unwrap();
        let x = Mat::new(&self.x, BATCH, arch.input_dim()).unwrap();
        let loss = self.net.loss(gemm, Rng::seed(3), &mut state, x, Targets::Classes(&y)).unwrap();
        let rule = UpdateRule::SgdMomentum { momentum: T::from_f64(0.9) };
        let rate = T::from_f64(1e-3);
        rule.update(gemm, rate, 1, &mut self.params, &self.grads, &mut self.state).unwrap();
        loss
    }

    fn bits(&self) -> Vec<u64> {
        [&self.params, &self.grads, &self.running, &self.state]
            .into_iter()
            .flatten()
            .map(|x| x.to_f64().to_bits())
            .collect()
    }
}

/// Layers of all kinds of products, with rows of no whole vectors.
const DIMS: [usize; 5] = [70, 100, 33, 9, 4];

/// Weights that are subnormal give what zeros give, and nothing that a step writes is subnormal.
fn counts_subnormal_numbers_as_zero<T: Float>(gemm: &impl Gemm<T>, name: &str) {
    for batchnorm in [false, true] {
        let mut step = Step::<T>::new(&DIMS, batchnorm, 1);
        assert!(step.params.iter().any(is_subnormal));
        let mut zeros = Step::<T>::new(&DIMS, batchnorm, 1);
        for param in &mut zeros.params {
            if is_subnormal(param) {
                *param = T::ZERO;
            }
        }
        let (loss, expected) = (step.run(gemm), zeros.run(gemm));
        assert_eq!(loss, expected, "{name}");
        assert!(loss.is_finite() && loss > T::ZERO);
        assert!(!step.grads.iter().any(is_subnormal), "{name} {batchnorm}");
        assert!(!step.state.iter().any(is_subnormal), "{name} {batchnorm}");
        assert!(!step.running.iter().any(is_subnormal), "{name} {batchnorm}");
        // −0 becomes 0 where a subnormal number is replaced beside it.
        let same = |(a, b): (&T, &T)| a == b;
        assert!(step.grads.iter().zip(&zeros.grads).all(same), "{name} {batchnorm}");
        step.run(gemm);
        assert!(!step.grads.iter().any(is_subnormal), "{name} {batchnorm}");
    }
}

#[test]
fn weights_that_are_subnormal_count_as_zero_in_every_backend() {
    counts_subnormal_numbers_as_zero::<f32>(&Portable, "portable");
    counts_subnormal_numbers_as_zero::<f64>(&Portable, "portable");
    if !cpu_flushes() {
        return;
    }
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    counts_subnormal_numbers_as_zero::<f32>(&barenet_blas::Simd::new(), "simd");
    for kernel in Kernel::available() {
        for threads in [1, 2] {
            let backend = Backend::with_threads(kernel, threads).unwrap();
            counts_subnormal_numbers_as_zero::<f32>(&backend, kernel.name());
            counts_subnormal_numbers_as_zero::<f64>(&backend, kernel.name());
        }
    }
}

fn has_the_same_bits_on_any_number_of_threads<T: Float>(kernel: Kernel) {
    // Wide enough that products and passes are divided.
    let dims = [300, 200, 10];
    for batchnorm in [false, true] {
        let run = |threads: usize, is_installed: bool| {
            let backend = Backend::with_threads(kernel, threads).unwrap();
            let mut step = Step::<T>::new(&dims, batchnorm, 5);
            step.x = around_the_smallest(6, step.x.len());
            let mut steps = || {
                for _ in 0..2 {
                    step.run(&backend);
                }
            };
            if is_installed {
                backend.install(&mut steps);
            } else {
                steps();
            }
            step.bits()
        };
        for is_installed in [false, true] {
            let expected = run(1, is_installed);
            for threads in [2, 3] {
                assert!(run(threads, is_installed) == expected, "{kernel} {threads} {batchnorm}");
            }
        }
    }
}

#[test]
fn subnormal_numbers_have_the_same_bits_on_any_number_of_threads() {
    for kernel in Kernel::available() {
        has_the_same_bits_on_any_number_of_threads::<f32>(kernel);
        has_the_same_bits_on_any_number_of_threads::<f64>(kernel);
    }
}

fn subnormal_product() -> f32 {
    black_box(1e-20_f32) * black_box(1e-20_f32)
}

/// Whether the CPU takes subnormal numbers for 0 where it is told to: valgrind's does not.
fn cpu_flushes() -> bool {
    cfg!(any(target_arch = "x86_64", target_arch = "aarch64"))
        && std::env::var_os("BARENET_SMALL_PRODUCTS").is_none()
}

#[test]
fn the_arithmetic_of_the_caller_is_as_before() {
    let is_kept = || subnormal_product() > 0.0;
    let product_is_kept = |backend: &Backend| {
        let mut c = [0.0_f32];
        let a = Mat::new(&[1e-20_f32], 1, 1).unwrap();
        let c_mat = barenet::MatMut::new(&mut c, 1, 1).unwrap();
        barenet::matmul(backend, a, a, 0.0, c_mat).unwrap();
        // Told by its bits: compared, a subnormal number may count as 0.
        c[0].to_bits() > 0
    };
    for threads in [1, 2] {
        let portable = Backend::with_threads(Kernel::Portable, threads).unwrap();
        for kernel in Kernel::available() {
            let backend = Backend::with_threads(kernel, threads).unwrap();
            let inside = backend.install(|| {
                // Portable products have the bits of a microcontroller, wherever they are computed.
                assert!(product_is_kept(&portable), "{kernel}");
                assert!(portable.install(is_kept), "{kernel}");
                subnormal_product()
            });
            assert!(is_kept(), "{kernel}");
            if kernel == Kernel::Portable {
                assert!(inside > 0.0 && product_is_kept(&backend));
            } else if cpu_flushes() {
                assert_eq!(inside, 0.0, "{kernel}");
                assert!(!product_is_kept(&backend), "{kernel}");
                let (mut left, mut right) = (1.0, 1.0);
                Machine::join(
                    &backend,
                    || left = subnormal_product(),
                    || right = subnormal_product(),
                );
                assert_eq!((left, right), (0.0, 0.0), "{kernel}");
            }
            assert!(is_kept(), "{kernel}");
            // Also if the work ends by a panic.
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                backend.install(|| std::panic::resume_unwind(Box::new("stop")))
            }));
            assert!(result.is_err() && is_kept(), "{kernel}");
        }
    }
}
