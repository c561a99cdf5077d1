//! Networks that are trained towards numbers: regression and autoencoders, with the promises of those for
//! classes.

use barenet::layers::{huber_loss, mae_loss, mse_loss};
use barenet::{
    Arch, Dataset, Error, Event, Float, FullyConnectedNet, History, Init, Loss, Mat, MatMut,
    Metric, Portable, Progress, Rng, Sample, Solver, SolverBuffers, SolverConfig, Target, Targets,
    TrainState, UpdateRule, Weights, evaluate,
};
use barenet_blas::{Backend, Kernel};
use barenet_tests::tolerance::{GOLDEN_F32, GOLDEN_F64};
use std::sync::Mutex;

/// Points whose numbers are functions of a hidden one, and a target that is one too.
#[derive(Clone, Copy)]
struct Curve {
    len: usize,
    seed: u64,
    target: Target,
}

const TRAIN: Curve = Curve { len: 200, seed: 1, target: Target::Values(2) };
const VAL: Curve = Curve { len: 50, seed: 2, ..TRAIN };
const DIM: usize = 6;

impl Curve {
    /// The hidden number, −1 to 1.
    fn hidden(&self, index: usize) -> f64 {
        2.0 * Rng::seed(self.seed).fork(index as u64).uniform() - 1.0
    }
}

impl<T: Float> Dataset<T> for Curve {
    fn len(&self) -> usize {
        self.len
    }

    fn input_dim(&self) -> usize {
        DIM
    }

    fn target(&self, _index: usize) -> Target {
        self.target
    }

    fn read(&self, sample: Sample, start: usize, x: &mut [T]) {
        let hidden = self.hidden(sample.index);
        for (x, column) in x.iter_mut().zip(start..) {
            *x = T::from_f64((hidden * (1.0 + column as f64) + column as f64).sin());
        }
    }

    fn read_target(&self, sample: Sample, start: usize, y: &mut [T]) {
        let hidden = self.hidden(sample.index);
        for (y, &target) in y.iter_mut().zip(&[hidden * hidden, 0.5 * hidden][start..]) {
            *y = T::from_f64(target);
        }
    }
}

/// The same points, with themselves as targets.
struct Itself(Curve);

impl<T: Float> Dataset<T> for Itself {
    fn len(&self) -> usize {
        self.0.len
    }

    fn input_dim(&self) -> usize {
        DIM
    }

    fn target(&self, _index: usize) -> Target {
        Target::Values(DIM)
    }

    fn read(&self, sample: Sample, start: usize, x: &mut [T]) {
        self.0.read(sample, start, x);
    }
}

/// The memory of a run, which starts as NaN.
#[derive(Clone)]
struct Run<T> {
    slices: [Vec<T>; 10],
    indices: Vec<usize>,
}

impl<T: Float> Run<T> {
    fn new(net: &FullyConnectedNet<'_, T>, config: &SolverConfig<T>) -> Self {
        let (params, running) = (net.arch.num_params(), net.arch.num_running());
        let checks = config.num_epochs + 1;
        let lens = [
            params,
            running,
            params,
            params * config.update_rule.state_per_param(),
            params,
            running,
            config.workspace_len(&net.arch),
            config.num_iterations(TRAIN.len),
            checks,
            checks,
        ];
        let slices = lens.map(|len| vec![T::from_f64(f64::NAN); len]);
        let mut run = Self { slices, indices: vec![0; config.batch_size] };
        net.init(Init::He, Rng::seed(3), &mut run.buffers().state(&net.arch).unwrap());
        run
    }

    fn buffers(&mut self) -> SolverBuffers<'_, T> {
        let [params, running, grads, update_state, best_params, best_running, workspace, rest @ ..] =
            &mut self.slices;
        let [loss, train, val] = rest;
        let history = History { loss, train, val };
        let indices = &mut self.indices;
        // Numbers need no labels.
        let y = &mut [];
        SolverBuffers {
            params,
            running,
            grads,
            update_state,
            best_params,
            best_running,
            indices,
            y,
            workspace,
            average: Default::default(),
            history,
        }
    }

    /// All that a checkpoint has, to the bit: not the gradients, not the workspace.
    fn bits(&self) -> Vec<u64> {
        let kept = self.slices.iter().enumerate().filter(|(at, _)| ![2, 6].contains(at));
        kept.flat_map(|(_, slice)| slice).map(|x| x.to_f64().to_bits()).collect()
    }
}

fn net<T: Float>(arch: Arch<'_>) -> FullyConnectedNet<'_, T> {
    FullyConnectedNet { loss: Loss::Mse, ..FullyConnectedNet::with_arch(arch) }
}

fn config<T: Float>() -> SolverConfig<T> {
    SolverConfig {
        learning_rate: T::from_f64(0.01),
        batch_size: 20,
        num_epochs: 30,
        eval_batch_size: 32,
        ..SolverConfig::new(UpdateRule::from_name("adam").unwrap())
    }
}

/// The losses of numbers.
const LOSSES: [Loss; 3] = [Loss::Mse, Loss::Mae, Loss::Huber { delta: 0.3 }];

const REGRESSION: Arch<'static> = Arch::new(&[DIM, 24, 16, 2]);
const AUTOENCODER: Arch<'static> = Arch::new(&[DIM, 24, 2, 24, DIM]);

/// Trains, and gives the metric of the validation data after each epoch.
fn val_of(net: FullyConnectedNet<'_, f64>, data: [&impl Dataset<f64>; 2]) -> (Vec<f64>, f64) {
    let mut run = Run::new(&net, &config());
    let mut solver =
        Solver::new(net, config(), &Portable, data[0], data[1], run.buffers()).unwrap();
    assert_eq!(solver.metric(), Metric::Mse);
    let (mut vals, mut lowest) = (Vec::new(), f64::INFINITY);
    solver
        .train(|event| {
            if let Event::Epoch { val, best, .. } = *event {
                assert_eq!(best, val < lowest, "lower is better");
                lowest = lowest.min(val);
                vals.push(val);
            }
        })
        .unwrap();
    assert_eq!(solver.progress().best_val, Some(lowest));
    let workspace = &mut vec![f64::NAN; net.arch.infer_workspace_len(7)];
    let found = evaluate(&net, &Portable, solver.best_weights(), data[1], 7, workspace).unwrap();
    (vals, (found - lowest).abs())
}

#[test]
fn a_regression_learns_its_numbers_with_and_without_batch_norm() {
    for arch in [REGRESSION, REGRESSION.with_batchnorm()] {
        let (vals, difference) = val_of(net(arch), [&TRAIN, &VAL]);
        // The targets' own mean square is 0.28.
        assert!(vals[0] > 0.1 && *vals.last().unwrap() < 0.01, "{vals:?}");
        assert!(difference < 1e-12, "the best weights have the best metric");
    }
}

#[test]
fn an_autoencoder_learns_to_give_its_input_again() {
    for arch in [AUTOENCODER, AUTOENCODER.with_batchnorm()] {
        let (vals, difference) = val_of(net(arch), [&Itself(TRAIN), &Itself(VAL)]);
        // Two numbers between, and a mean square of about 0.5.
        assert!(vals[0] > 0.4 && *vals.last().unwrap() < 0.2, "{vals:?}");
        assert!(difference < 1e-12, "the best weights have the best metric");
    }
}

#[test]
fn a_resumed_regression_equals_the_uninterrupted_one() {
    for loss in LOSSES {
        resume_after_every_event(loss);
    }
}

fn resume_after_every_event(loss: Loss) {
    let net = FullyConnectedNet { keep_prob: 0.9, loss, ..net::<f32>(REGRESSION.with_batchnorm()) };
    let config = SolverConfig { num_epochs: 3, ..config() };
    let mut run = Run::new(&net, &config);
    let mut stopped = Vec::new();
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
    while solver.advance().unwrap().is_some() {
        let b = solver.buffers();
        let saved: [&[f32]; 10] = [
            b.params,
            b.running,
            b.grads,
            b.update_state,
            b.best_params,
            b.best_running,
            b.workspace,
            b.history.loss,
            b.history.train,
            b.history.val,
        ];
        let run = Run { slices: saved.map(<[f32]>::to_vec), indices: b.indices.to_vec() };
        stopped.push((run, *solver.progress()));
    }
    for (mut saved, progress) in stopped {
        saved.slices[2].fill(f32::NAN);
        saved.slices[6].fill(f32::NAN);
        let buffers = saved.buffers();
        Solver::resume(net, config, &Portable, &TRAIN, &VAL, buffers, progress)
            .unwrap()
            .train(|_| {})
            .unwrap();
        assert!(saved.bits() == run.bits(), "{loss:?}: stopped after {} steps", progress.iteration);
    }
}

#[test]
fn an_autoencoder_has_the_same_bits_on_any_number_of_threads() {
    let arch = Arch::new(&[DIM, 300, 4, 260, DIM]).with_batchnorm();
    let config = SolverConfig { batch_size: 100, num_epochs: 2, ..config::<f32>() };
    for (kernel, loss) in Kernel::available().flat_map(|kernel| LOSSES.map(|loss| (kernel, loss))) {
        let bits = [1, 2, 3].map(|threads| {
            let backend = Backend::with_threads(kernel, threads).unwrap();
            let net = FullyConnectedNet { loss, ..net(arch) };
            let mut run = Run::new(&net, &config);
            let (train, val) = (Itself(TRAIN), Itself(VAL));
            let mut solver =
                Solver::new(net, config, &backend, &train, &val, run.buffers()).unwrap();
            backend.install(|| solver.train(|_| {})).unwrap();
            run.bits()
        });
        assert!(bits[0] == bits[1] && bits[0] == bits[2], "{kernel} {loss:?}");
    }
}

#[test]
fn what_does_not_fit_the_targets_is_refused_before_the_first_step() {
    let refused = |net: FullyConnectedNet<'_, f64>, train: Curve, val: Curve| {
        let (config, mut run) = (config(), Run::new(&net, &config()));
        let mut y = [0; 20];
        let buffers = SolverBuffers { y: &mut y, ..run.buffers() };
        Solver::new(net, config, &Portable, &train, &val, buffers).map(|_| ()).unwrap_err()
    };
    // Losses of classes with numbers, and the other way round.
    for loss in [Loss::Softmax, Loss::Svm] {
        let error = refused(FullyConnectedNet { loss, ..net(REGRESSION) }, TRAIN, VAL);
        assert!(error.to_string().contains("take the loss mse, mae or huber"), "{error}");
    }
    let classes = Curve { target: Target::Class(0), ..VAL };
    let error = refused(net(REGRESSION), TRAIN, classes);
    assert!(error.to_string().contains("for classes take softmax or svm"), "{error}");
    // Targets and samples of another length.
    let error = refused(net(REGRESSION), Curve { target: Target::Values(3), ..TRAIN }, VAL);
    assert_eq!(error.to_string(), "shape of target: expected (1, 2), found (1, 3)");
    let error = refused(net(Arch::new(&[DIM + 1, 5, 2])), TRAIN, VAL);
    assert_eq!(error.to_string(), "shape of train: expected (1, 7), found (1, 6)");
}

#[test]
fn targets_that_are_no_numbers_leave_the_best_weights_finite() {
    struct Missing;
    impl Dataset<f64> for Missing {
        fn len(&self) -> usize {
            10
        }
        fn input_dim(&self) -> usize {
            DIM
        }
        fn target(&self, _index: usize) -> Target {
            Target::Values(2)
        }
        fn read(&self, _sample: Sample, _start: usize, x: &mut [f64]) {
            x.fill(1.0);
        }
        fn read_target(&self, _sample: Sample, _start: usize, y: &mut [f64]) {
            y.fill(f64::NAN);
        }
    }
    let (net, config) = (net(REGRESSION), config());
    let mut run = Run::new(&net, &config);
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &Missing, run.buffers()).unwrap();
    let error = solver.train(|_| {}).unwrap_err();
    assert_eq!(error, Error::NonFinite { what: "squared errors" });
    assert_eq!(solver.progress().best_val, None);
    let mut run = Run::new(&net, &config);
    let mut solver = Solver::new(net, config, &Portable, &Missing, &TRAIN, run.buffers()).unwrap();
    assert_eq!(solver.advance(), Err(Error::NonFiniteLoss { iteration: 1 }));
}

#[test]
fn a_network_takes_its_input_as_its_target() {
    let net = net::<f64>(Arch::new(&[2, 3, 2]));
    let (mut params, mut grads) = ([0.0; 17], [f64::NAN; 17]);
    let mut workspace = [f64::NAN; 64];
    let mut state =
        TrainState::new(&net.arch, &mut params, &mut [], &mut grads, &mut workspace).unwrap();
    let x = Mat::new(&[1.0, 2.0, 3.0, 4.0], 2, 2).unwrap();
    // A network of zeros gives zeros: the mean square of the input.
    let loss = net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Values(&x)).unwrap();
    assert_eq!(loss, 7.5);
    let y = Mat::new(&[1.0, 2.0], 1, 2).unwrap();
    let error = net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Values(&y)).unwrap_err();
    assert_eq!(error.to_string(), "shape of y: expected (2, 2), found (1, 2)");
    let error =
        net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(&[])).unwrap_err();
    assert!(matches!(error, Error::Shape(e) if e.what == "y"), "{error}");
}

// ```python
// s = torch.linspace(-2, 3, 12, dtype=torch.float64).requires_grad_()
// y = torch.linspace(1, -1, 12, dtype=torch.float64) ** 2
// loss = torch.nn.MSELoss()(s, y)
// loss.backward()
// print(loss.item(), s.grad.tolist())  # PyTorch 2.15
// ```
const EXPECTED_LOSS: f64 = 2.594916103180566;
const EXPECTED: [f64; 12] = [
    -0.5,
    -0.36914600550964183,
    -0.24931129476584019,
    -0.14049586776859505,
    -0.04269972451790634,
    0.04407713498622588,
    0.11983471074380166,
    0.18457300275482094,
    0.23829201101928377,
    0.28099173553719003,
    0.31267217630853994,
    0.3333333333333333,
];

// The same with torch.nn.L1Loss() and torch.nn.HuberLoss(delta=0.75).
const EXPECTED_MAE: (f64, [f64; 12]) = (1.4077134986225897, {
    let one = 1.0 / 12.0;
    [-one, -one, -one, -one, -one, one, one, one, one, one, one, one]
});
const EXPECTED_HUBER: (f64, [f64; 12]) = (
    0.7945579124262915,
    [
        -0.0625,
        -0.0625,
        -0.0625,
        -0.0625,
        -0.02134986225895317,
        0.02203856749311294,
        0.05991735537190083,
        0.0625,
        0.0625,
        0.0625,
        0.0625,
        0.0625,
    ],
);

/// Compares a loss with PyTorch's.
fn check_golden<T: Float>(
    of: impl Fn(Mat<'_, T>, Mat<'_, T>, MatMut<'_, T>) -> Result<T, Error>,
    (expected_loss, expected): (f64, [f64; 12]),
    tolerance: f64,
) {
    let at = |i: i32| f64::from(i) / 11.0;
    let s: Vec<T> = (0..12).map(|i| T::from_f64(-2.0 + 5.0 * at(i))).collect();
    let y: Vec<T> = (0..12).map(|i| T::from_f64((1.0 - 2.0 * at(i)).powi(2))).collect();
    let mut d = [T::from_f64(f64::NAN); 12];
    let (s, y) = (Mat::new(&s, 4, 3).unwrap(), Mat::new(&y, 4, 3).unwrap());
    let loss = of(s, y, MatMut::new(&mut d, 4, 3).unwrap()).unwrap().to_f64();
    assert!((loss - expected_loss).abs() < tolerance, "{loss}");
    for (found, expected) in d.iter().zip(expected) {
        assert!((found.to_f64() - expected).abs() < tolerance, "{d:?}");
    }
}

#[test]
fn mse_loss_equals_pytorch() {
    check_golden::<f64>(mse_loss, (EXPECTED_LOSS, EXPECTED), GOLDEN_F64);
}

#[test]
fn mae_loss_equals_pytorch() {
    check_golden::<f64>(mae_loss, EXPECTED_MAE, GOLDEN_F64);
    check_golden::<f32>(mae_loss, EXPECTED_MAE, GOLDEN_F32);
}

#[test]
fn huber_loss_equals_pytorch() {
    check_golden::<f64>(|s, y, d| huber_loss(s, y, 0.75, d), EXPECTED_HUBER, GOLDEN_F64);
    check_golden::<f32>(|s, y, d| huber_loss(s, y, 0.75, d), EXPECTED_HUBER, GOLDEN_F32);
}

#[test]
fn the_metric_of_a_network_is_that_of_its_loss() {
    let y: Vec<f64> = (0..2 * VAL.len)
        .map(|i| {
            let mut y = [0.0];
            VAL.read_target(Sample::new(i / 2), i % 2, &mut y);
            y[0]
        })
        .collect();
    let (params, count) = (vec![0.0; REGRESSION.num_params()], y.len() as f64);
    let weights = Weights::new(&REGRESSION, &params, &[]).unwrap();
    // A network of zeros gives zeros.
    let mse = y.iter().map(|y| y * y).sum::<f64>() / count;
    let mae = y.iter().map(|y| y.abs()).sum::<f64>() / count;
    for (loss, expected) in [(Loss::Mse, mse), (Loss::Huber { delta: 0.1 }, mse), (Loss::Mae, mae)]
    {
        let net = FullyConnectedNet { loss, ..net(REGRESSION) };
        let workspace = &mut vec![f64::NAN; net.arch.infer_workspace_len(7)];
        let found = evaluate(&net, &Portable, weights, &VAL, 7, workspace).unwrap();
        assert!((found - expected).abs() < 1e-12, "{loss:?}: {found} and {expected}");
    }
}

/// Notes the random numbers that samples are read with.
struct Draws(Mutex<Vec<(usize, Option<Rng>)>>);

impl Dataset<f64> for Draws {
    fn len(&self) -> usize {
        6
    }
    fn input_dim(&self) -> usize {
        DIM
    }
    fn target(&self, _index: usize) -> Target {
        Target::Values(2)
    }
    fn read(&self, sample: Sample, _start: usize, x: &mut [f64]) {
        self.0.lock().unwrap().push((sample.index, sample.rng()));
        x.fill(0.0);
    }
    fn read_target(&self, sample: Sample, start: usize, y: &mut [f64]) {
        self.read(sample, start, y);
    }
}

/// Random numbers by which the samples of each epoch may be changed, and those of checks.
fn draws(seed: u64, resume_at: Option<usize>) -> Vec<Vec<(usize, Option<Rng>)>> {
    let (net, data) = (net(REGRESSION), Draws(Mutex::default()));
    let config = SolverConfig { batch_size: 3, num_epochs: 3, seed, ..config() };
    let mut run = Run::new(&net, &config);
    let buffers = run.buffers();
    let mut solver = match resume_at {
        None => Solver::new(net, config, &Portable, &data, &data, buffers).unwrap(),
        Some(epoch) => {
            let at = Progress {
                iteration: 2 * epoch,
                num_checks: epoch + 1,
                best_val: Some(0.0),
                best_epoch: 0,
            };
            for slice in [&mut *buffers.update_state, buffers.best_params] {
                slice.fill(0.0);
            }
            Solver::resume(net, config, &Portable, &data, &data, buffers, at).unwrap()
        }
    };
    let mut epochs = vec![Vec::new()];
    while let Some(event) = solver.advance().unwrap() {
        let read = std::mem::take(&mut *data.0.lock().unwrap());
        match event {
            Event::Step { .. } => epochs.last_mut().unwrap().extend(read),
            Event::Epoch { epoch, .. } => {
                assert!(
                    read.iter().all(|(_, rng)| rng.is_none()),
                    "checks take samples as they are"
                );
                if epoch > 0 {
                    epochs.push(Vec::new());
                }
            }
        }
    }
    for epoch in &mut epochs {
        epoch.sort_by_key(|(index, _)| *index);
        epoch.dedup();
    }
    epochs.retain(|epoch| !epoch.is_empty());
    epochs
}

#[test]
fn a_sample_is_changed_by_a_function_of_the_seed_the_epoch_and_its_index() {
    let epochs = draws(1, None);
    assert_eq!(epochs.len(), 3);
    let all: Vec<_> = epochs.iter().flatten().collect();
    // The same whenever it is read in an epoch; of each sample and epoch another one.
    assert_eq!(all.len(), 18);
    for (i, (_, a)) in all.iter().enumerate() {
        assert!(a.is_some() && all[..i].iter().all(|(_, b)| a != b));
    }
    assert_eq!(draws(1, None), epochs);
    assert_eq!(draws(1, Some(1)), epochs[1..], "resumed");
    assert_ne!(draws(2, None), epochs);
}
