//! Sizes and numbers at the end of what their types hold: an error, or the right result, and never a panic.
//! The tests run with overflow checks.

use barenet::layers::{affine_forward, affine_relu_forward};
use barenet::quant::Observer;
use barenet::{
    Activation, Arch, Compact, Dataset, Epilogue, Error, Float, FullyConnectedNet, Gemm, GemmArgs,
    Label, LayerSpec, Mat, MatMut, Op, Portable, Progress, Rng, Rows, Sample, Solver,
    SolverBuffers, SolverConfig, Target, Targets, TrainState, UpdateRule, Weights, layer_grads,
    layer_params, layer_running, layer_running_mut,
};
use barenet_blas::{Backend, Kernel};

const SIZES: [usize; 10] = [
    0,
    1,
    3,
    1 << 31,
    1 << 32,
    (1 << 60) + 1,
    1 << 62,
    usize::MAX / 2,
    usize::MAX / 2 + 2,
    usize::MAX,
];

/// A length as it would be without an end.
fn saturated(len: u128) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// Calls `f` with each of [`SIZES`] in each place.
fn for_sizes<const N: usize>(mut f: impl FnMut([usize; N])) {
    for code in 0..SIZES.len().pow(N as u32) {
        f(core::array::from_fn(|i| SIZES[code / SIZES.len().pow(i as u32) % SIZES.len()]));
    }
}

#[test]
fn lengths_that_overflow_are_the_largest_number() {
    for_sizes(|[batch]| {
        let wide = |x: usize| x as u128;
        for batchnorm in [false, true] {
            let arch = Arch::new(&[4, 7, 3, 9, 2]);
            let arch = if batchnorm { arch.with_batchnorm() } else { arch };
            let norm = if batchnorm { wide(batch) * 19 + 19 } else { 0 };
            let caches = wide(batch) * 19 + norm;
            assert_eq!(arch.cache_len(batch), saturated(caches), "{batch}");
            let train = caches + 2 * 9 * wide(batch);
            assert_eq!(arch.train_workspace_len(batch), saturated(train), "{batch}");
            assert_eq!(arch.infer_workspace_len(batch), saturated(wide(batch) * 12), "{batch}");
        }
    });
    for_sizes(|[fan_in, fan_out, batch]| {
        for (hidden, batchnorm) in [(false, false), (true, false), (true, true), (false, true)] {
            let (params_start, running_start) = (batch, fan_in);
            let activation = if hidden { Activation::Relu } else { Activation::Identity };
            let layer =
                LayerSpec { fan_in, fan_out, activation, batchnorm, params_start, running_start };
            let (d, m, n) = (fan_in as u128, fan_out as u128, batch as u128);
            let vectors = if batchnorm { 2 * m } else { 0 };
            // What is larger than 2¹²⁸ is larger than any length, too.
            let params = (d * m).checked_add(m + vectors).map_or(usize::MAX, saturated);
            assert_eq!(layer.params_len(), params, "{layer:?}");
            assert_eq!(layer.running_len(), saturated(vectors), "{layer:?}");
            let norm = if batchnorm { n * m + m } else { 0 };
            let cache = if hidden { (n * m).checked_add(norm) } else { Some(0) };
            assert_eq!(layer.cache_len(batch), cache.map_or(usize::MAX, saturated), "{layer:?}");
            // Views of a layer that is nowhere: none, or without elements.
            let mut numbers = [0.0_f32; 8];
            let len = numbers.len();
            let params = layer_params(&layer, &numbers).map(|params| params.w.data().len());
            assert!(params.is_none_or(|found| found <= len), "{layer:?}");
            let _may_be_none = layer_running(&layer, &numbers);
            let _may_be_none = layer_grads(&layer, &mut numbers);
            let _may_be_none = layer_running_mut(&layer, &mut numbers);
        }
    });
}

/// Rows that are said to be there.
#[derive(Clone, Copy, Debug)]
struct Claimed(usize, usize);

impl<T: Float> Rows<T> for Claimed {
    fn shape(&self) -> (usize, usize) {
        (self.0, self.1)
    }

    fn read(&self, _row: usize, _start: usize, out: &mut [T]) {
        out.fill(T::ONE);
    }
}

#[test]
fn a_batch_that_no_memory_holds_is_refused() {
    for batchnorm in [false, true] {
        let arch = Arch::new(&[2, 5, 3]);
        let arch = if batchnorm { arch.with_batchnorm() } else { arch };
        let net = FullyConnectedNet::new(arch);
        let mut params = vec![0.0; arch.num_params()];
        let (mut running, mut grads) = (vec![1.0; arch.num_running()], params.clone());
        for rows in SIZES.into_iter().skip(3) {
            let (x, mut workspace) = (Claimed(rows, 2), [0.0; 64]);
            let weights = Weights::new(&arch, &params, &running).unwrap();
            let error = net.scores(&Portable, weights, x, &mut workspace).unwrap_err();
            assert!(matches!(error, Error::BufferTooSmall { .. }), "{rows}: {error}");
            let error = net.features(&Portable, weights, x, 1, &mut workspace).unwrap_err();
            assert!(matches!(error, Error::BufferTooSmall { .. }), "{rows}: {error}");
            let mut state =
                TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace)
                    .unwrap();
            let error = net
                .loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(&[0]))
                .unwrap_err();
            assert!(matches!(error, Error::Shape(e) if e.what == "y"), "{rows}: {error}");
        }
    }
}

/// Two numbers; samples and labels as they are said to be.
struct Said {
    len: usize,
    label: fn(usize) -> Label,
}

impl Dataset<f32> for Said {
    fn len(&self) -> usize {
        self.len
    }

    fn input_dim(&self) -> usize {
        2
    }

    fn target(&self, index: usize) -> Target {
        Target::Class((self.label)(index))
    }

    fn read(&self, sample: Sample, _start: usize, x: &mut [f32]) {
        x.fill(sample.index as f32);
    }
}

/// The memory of a run of a small network.
struct Memory {
    params: [Vec<f32>; 3],
    indices: Vec<usize>,
    y: Vec<Label>,
    workspace: Vec<f32>,
}

const ARCH: Arch<'static> = Arch::new(&[2, 3, 2]);

impl Memory {
    fn new() -> Self {
        let params = core::array::from_fn(|_| vec![0.1; ARCH.num_params()]);
        Self { params, indices: vec![0; 8], y: vec![0; 8], workspace: vec![0.0; 1024] }
    }

    fn buffers(&mut self) -> SolverBuffers<'_, f32> {
        let [params, grads, best_params] = &mut self.params;
        SolverBuffers {
            params,
            running: &mut [],
            grads,
            update_state: &mut [],
            best_params,
            best_running: &mut [],
            indices: &mut self.indices,
            y: &mut self.y,
            workspace: &mut self.workspace,
            average: Default::default(),
            history: Default::default(),
        }
    }
}

/// Starts a run, or resumes it, and does a few pieces of work.
fn train(
    config: SolverConfig<f32>,
    progress: Option<Progress<f32>>,
    [train, val]: [&Said; 2],
) -> Result<usize, Error> {
    let net = FullyConnectedNet::new(ARCH);
    let (mut memory, gemm) = (Memory::new(), Portable);
    let buffers = memory.buffers();
    let mut solver = match progress {
        None => Solver::new(net, config, &gemm, train, val, buffers)?,
        Some(at) => Solver::resume(net, config, &gemm, train, val, buffers, at)?,
    };
    let mut done = 0;
    while done < 4 && solver.advance()?.is_some() {
        done += 1;
    }
    let _finite = solver.learning_rate();
    Ok(done)
}

const FINE: Said = Said { len: 4, label: |index| index as Label % 2 };

#[test]
fn a_run_of_any_length_can_be_started() {
    let small = SolverConfig { batch_size: 2, ..SolverConfig::new(UpdateRule::Sgd) };
    for_sizes(|[num_epochs, print_every, samples]| {
        let num_val_samples = Some(samples).filter(|&samples| samples > 0);
        let config = SolverConfig { num_epochs, print_every, num_val_samples, ..small };
        let found = train(config, None, [&FINE; 2]);
        assert_eq!(found.is_ok(), num_epochs > 0, "{config:?}: {found:?}");
        for (iteration, num_checks) in [(usize::MAX, usize::MAX), (usize::MAX - 1, 0), (3, 1)] {
            let progress = Progress { iteration, num_checks, ..Progress::default() };
            let found = train(config, Some(progress), [&FINE; 2]);
            assert_eq!(found.is_ok(), num_epochs > 0, "{config:?}: {found:?}");
        }
    });
    for_sizes(|[batch_size, eval_batch_size]| {
        let config = SolverConfig { batch_size, eval_batch_size, ..small };
        let fits = (1..=8).contains(&batch_size) && (1..=32).contains(&eval_batch_size);
        assert_eq!(train(config, None, [&FINE; 2]).is_ok(), fits, "{config:?}");
        let lens = (config.iterations_per_epoch(usize::MAX), config.num_iterations(usize::MAX));
        assert!(lens.0 >= 1 && lens.1 >= lens.0);
    });
    let huge = Said { len: usize::MAX, ..FINE };
    let config = SolverConfig { num_val_samples: Some(3), num_train_samples: Some(3), ..small };
    assert_eq!(train(config, None, [&huge; 2]), Ok(4));
}

#[test]
fn a_label_that_names_no_class_is_refused_wherever_it_is() {
    let config = SolverConfig { batch_size: 2, ..SolverConfig::new(UpdateRule::Sgd) };
    let bad = |label| Said { len: 4, label };
    let (first, last) = (bad(|_| 2), bad(|index| if index == 3 { u32::MAX } else { 1 }));
    let refused = |result| matches!(result, Err(Error::InvalidLabel { num_classes: 2, .. }));
    for data in [[&first, &FINE], [&FINE, &first], [&last, &FINE], [&FINE, &last]] {
        assert!(refused(train(config, None, data)));
    }
    // The index is that of the sample, not of its place in a batch.
    let error = train(config, None, [&FINE, &last]).unwrap_err();
    assert_eq!(error, Error::InvalidLabel { index: 3, label: u32::MAX, num_classes: 2 });
    let net = FullyConnectedNet::new(ARCH);
    let params = vec![0.1; ARCH.num_params()];
    let weights = Weights::new(&ARCH, &params, &[]).unwrap();
    let accuracy =
        |data: &Said| barenet::evaluate(&net, &Portable, weights, data, 3, &mut [0.0; 32]);
    assert_eq!(accuracy(&FINE), Ok(0.5));
    assert_eq!(accuracy(&last), Err(error));
}

/// Calls a function with every backend of the build. Of the kernels that [`Backend`] runs, it stands for all.
macro_rules! for_backends {
    ($f:ident) => {{
        $f::<f32>(&Portable);
        $f::<f32>(&Compact);
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        $f::<f32>(&barenet_blas::Simd::new());
        for kernel in Kernel::available() {
            for threads in [1, 2] {
                let backend = Backend::with_threads(kernel, threads).unwrap();
                $f::<f32>(&backend);
                $f::<f64>(&backend);
            }
        }
    }};
}

/// Numbers that are said to have another shape than they have.
#[derive(Clone, Copy)]
struct Lying<'a, T>((usize, usize), Mat<'a, T>);

impl<T: Float> Rows<T> for Lying<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.0
    }

    fn read(&self, _row: usize, _start: usize, out: &mut [T]) {
        out.fill(T::ONE);
    }

    fn stored(&self) -> Option<Mat<'_, T>> {
        Some(self.1)
    }
}

/// Adds a bias, and doubles.
#[derive(Clone, Copy)]
struct Doubled<'a, T>(&'a [T]);

impl<T: Float> Epilogue<T> for Doubled<'_, T> {
    fn bias(&self) -> Option<&[T]> {
        Some(self.0)
    }

    fn split_rows(self, _rows: usize) -> (Self, Self) {
        (self, self)
    }

    fn split_columns(self, columns: usize) -> (Self, Self) {
        let (left, right) = self.0.split_at(columns);
        (Self(left), Self(right))
    }

    fn after(&mut self, _row: usize, c: &mut [T]) {
        for c in c {
            *c += *c;
        }
    }
}

fn op<T>(data: &[T], rows: usize, cols: usize, transposed: bool) -> Option<Op<Mat<'_, T>>> {
    if transposed {
        Mat::new(data, cols, rows).ok().map(Mat::t)
    } else {
        Mat::new(data, rows, cols).ok().map(Into::into)
    }
}

/// Every method with shapes without elements, whatever the other sizes are.
fn multiply_nothing<T: Float>(gemm: &impl Gemm<T>) {
    for_sizes(|[m, k, n]| {
        if [m, k, n].iter().all(|&size| size > 0) {
            return;
        }
        // What is there is 3 × 3 at most.
        let some = [T::ONE; 9];
        let at = |rows: usize, cols: usize| {
            rows.checked_mul(cols).and_then(|len| some.get(..len)).unwrap_or_default()
        };
        let bias = some.get(..n).unwrap_or_default();
        for (ta, tb) in [(false, false), (true, false), (false, true), (true, true)] {
            for beta in [T::ZERO, T::ONE, T::from_f64(0.5)] {
                let (Some(a), Some(b)) = (op(at(m, k), m, k, ta), op(at(k, n), k, n, tb)) else {
                    continue;
                };
                let run = |multiply: &dyn Fn(GemmArgs<'_, T>)| {
                    let mut c = at(m, n).to_vec();
                    let Ok(c_mat) = MatMut::new(&mut c, m, n) else { return Vec::new() };
                    multiply(GemmArgs::new(a, b, beta, c_mat).unwrap());
                    c
                };
                let plain = run(&|args| gemm.gemm(args));
                assert!(plain.iter().all(|&c| c == beta), "{m}, {k}, {n}: {plain:?}");
                let then = run(&|args| gemm.product(args, Doubled(bias)));
                let two = T::from_f64(2.0);
                assert!(then.iter().all(|&c| c == two), "{m}, {k}, {n}: {then:?}");
            }
        }
        let Ok(w) = Mat::new(at(k, n), k, n) else { return };
        let mut c = at(m, n).to_vec();
        let x = Claimed(m, k);
        if let Ok(out) = MatMut::new(&mut c, m, n) {
            gemm.product(GemmArgs::new(Op::new(x), w, T::ZERO, out).unwrap(), Doubled(bias));
        }
        if let (Ok(x), Ok(out)) = (Mat::new(at(m, k), m, k), MatMut::new(&mut c, m, n)) {
            let result = affine_relu_forward(gemm, x, w, bias, out);
            assert_eq!(result.is_ok(), bias.len() == n, "{m}, {k}, {n}");
        }
        let mut dw = at(k, n).to_vec();
        if let (Ok(dout), Ok(dw)) = (Mat::new(at(m, n), m, n), MatMut::new(&mut dw, k, n)) {
            gemm.product(GemmArgs::new(Op::transposed(x), dout, T::ZERO, dw).unwrap(), ());
        }
    });
}

/// Every method with lengths that do not fit: nothing is written, by no backend.
fn multiply_what_does_not_fit<T: Float>(gemm: &impl Gemm<T>) {
    let (seven, some) = (T::from_f64(7.0), [T::ONE; 64]);
    let untouched = |c: &[T]| assert!(c.iter().all(|&c| c == seven), "{c:?}");
    // Few rows and many: kernels of their own.
    for m in [1, 2, 5, 30] {
        let x = vec![T::ONE; m * 4];
        let x = Mat::new(&x, m, 4).unwrap();
        let w = Mat::new(&some[..12], 4, 3).unwrap();
        for bias in [0, 1, 2, 4, 9, 64] {
            let mut c = vec![seven; m * 3];
            let bias = &some[..bias];
            let args = GemmArgs::new(x, w, T::ZERO, MatMut::new(&mut c, m, 3).unwrap());
            gemm.product(args.unwrap(), Doubled(bias));
            untouched(&c);
            for affine in [affine_forward, affine_relu_forward] {
                affine(gemm, x, w, bias, MatMut::new(&mut c, m, 3).unwrap()).unwrap_err();
                untouched(&c);
            }
            let out = MatMut::new(&mut c, m, 3).unwrap();
            let args = GemmArgs::new(Op::new(Claimed(m, 4)), w, T::ZERO, out).unwrap();
            gemm.product(args, Doubled(bias));
            untouched(&c);
        }
        for (rows, inputs) in [(m, 3), (m + 1, 4), (m, 5), (0, 0), (usize::MAX, usize::MAX)] {
            let mut c = vec![seven; m * 3];
            let out = MatMut::new(&mut c, m, 3).unwrap();
            let args = GemmArgs::new(Op::new(Claimed(rows, inputs)), w, T::ZERO, out);
            args.unwrap_err();
            // Rows that say one thing before the product and have stored another.
            let out = MatMut::new(&mut c, m, 3).unwrap();
            let stored = x.data().get(..rows.saturating_mul(inputs)).unwrap_or_default();
            let stored = Mat::new(stored, rows, inputs).unwrap_or(Mat::new(&[], 0, 0).unwrap());
            if stored.shape() != (m, 4) {
                let args = GemmArgs::new(Op::new(Lying((m, 4), stored)), w, T::ZERO, out);
                gemm.product(args.unwrap(), ());
                untouched(&c);
            }
            let mut dw = [seven; 12];
            let dout = Mat::new(&some[..3], 1, 3).unwrap();
            let a = Op::transposed(Claimed(rows + usize::from(rows == 1), inputs));
            GemmArgs::new(a, dout, T::ZERO, MatMut::new(&mut dw, 4, 3).unwrap()).unwrap_err();
            let Some(other) = rows.checked_mul(inputs).and_then(|len| x.data().get(..len)) else {
                continue;
            };
            let other = Mat::new(other, rows, inputs).unwrap();
            let out = MatMut::new(&mut c, m, 3).unwrap();
            affine_relu_forward(gemm, other, w, &some[..3], out).unwrap_err();
            untouched(&c);
        }
    }
}

#[test]
fn products_without_elements_are_computed_by_every_backend() {
    for_backends!(multiply_nothing);
}

#[test]
fn lengths_that_do_not_fit_write_nothing_in_any_backend() {
    for_backends!(multiply_what_does_not_fit);
}

#[test]
fn a_team_that_cannot_be_is_an_error() {
    for threads in SIZES.into_iter().skip(3) {
        assert!(Backend::with_threads(Kernel::Portable, threads).is_err());
    }
}

#[test]
fn an_observer_counts_the_smallest_and_the_largest_numbers() {
    let numbers = [5e-324, 1e-322, 1e-310, f64::MIN_POSITIVE, 1e-300, 1.0, 1e300, f64::MAX];
    for &first in &numbers {
        for &second in &numbers {
            let mut observer = Observer::new();
            for value in [first, -second] {
                observer.observe(Mat::new(&[value], 1, 1).unwrap());
            }
            assert_eq!(observer.max(), first.max(second));
            assert!(observer.is_finite() && observer.samples() == 2);
            for steps in [0, 1, 255, u32::MAX] {
                let clip = observer.clip(steps);
                assert!((0.0..=observer.max()).contains(&clip), "{first} {second}: {clip}");
            }
        }
    }
    let mut observer = Observer::new();
    observer.observe(Mat::new(&[f32::from_bits(1), 1e-40], 2, 1).unwrap());
    assert_eq!(observer.max(), 1e-40_f32.into());
}
