//! Weights of the classes, and the log-loss as the metric that chooses the best weights.

use super::solver::{Blobs, Run, TRAIN, VAL, config, full_net, saved, trained};
use barenet::gradient_check::eval_numerical_gradient;
use barenet::{
    Arch, Checked, Dataset, Error, Event, Float, FullyConnectedNet, Label, Loss, Mat, Metric,
    Portable, Rng, Sample, Solver, SolverConfig, Target, Targets, TrainState, Weights, evaluate,
    predict,
};
use barenet_blas::{Backend, Kernel};
use barenet_tests::tolerance::{GOLDEN_F32, GOLDEN_F64};

const WEIGHTS: [f64; 4] = [0.25, 3.0, 1.0, 0.5];

/// A network whose scores are its inputs.
const IDENTITY: [f64; 12] = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];

/// Loss, and gradient of the weights and biases, of a network whose scores are `x`.
fn of_scores<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    params: &[f64],
    x: &[f64],
    y: &[Label],
) -> Result<(T, Vec<T>), Error> {
    let (n, arch) = (y.len(), net.arch);
    let mut params: Vec<T> = params.iter().map(|&p| T::from_f64(p)).collect();
    let x: Vec<T> = x.iter().map(|&x| T::from_f64(x)).collect();
    let mut grads = vec![T::from_f64(f64::NAN); arch.num_params()];
    let mut workspace = vec![T::from_f64(f64::NAN); arch.train_workspace_len(n)];
    let mut state =
        TrainState::new(&arch, &mut params, &mut [], &mut grads, &mut workspace).unwrap();
    let x = Mat::new(&x, n, arch.input_dim()).unwrap();
    let loss = net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(y))?;
    Ok((loss, grads))
}

/// `CrossEntropyLoss(weight=w, reduction="none")` and `MultiMarginLoss` of PyTorch 2.15, summed, by N (and times C for
/// the latter, which divides by it), and their gradients at the scores.
const SCORES: [f64; 12] = [1.0, -0.5, 0.25, 0.0, 2.0, -1.0, 0.5, 0.5, 1.5, -1.0, 0.75, 0.0];
const Y: [Label; 4] = [0, 2, 1, 1];
const W: [f64; 3] = [0.5, 2.0, 1.25];
const SOFTMAX: (f64, [f64; 12]) = (
    2.0815129334308535,
    [
        -0.05127529204289842,
        0.01645020589336429,
        0.034825086149534126,
        0.035685999807685775,
        0.2636858545254186,
        -0.29937185433310437,
        0.10597077880854272,
        -0.3940292211914573,
        0.28805844238291456,
        0.05278223330648012,
        -0.19625921896897075,
        0.14347698566249065,
    ],
);
const SVM: (f64, [f64; 12]) =
    (3.53125, [-0.125, 0.0, 0.125, 0.3125, 0.3125, -0.625, 0.5, -1.0, 0.5, 0.0, -0.5, 0.5]);

fn weighted_losses_equal_pytorch<T: Float>(tolerance: f64) {
    for (loss, (expected, dscores)) in [(Loss::Softmax, SOFTMAX), (Loss::Svm, SVM)] {
        let w = W.map(T::from_f64);
        let arch = Arch::new(&[3, 3]);
        let net =
            FullyConnectedNet { loss, class_weights: &w, ..FullyConnectedNet::with_arch(arch) };
        let (found, grads) = of_scores(&net, &IDENTITY, &SCORES, &Y).unwrap();
        assert!((found.to_f64() - expected).abs() < tolerance, "{loss:?}: {found:?}");
        // dW = xᵀ·dscores, db = its sums.
        for (i, j) in (0..4).flat_map(|i| (0..3).map(move |j| (i, j))) {
            let x = |n: usize| if i == 3 { 1.0 } else { SCORES[3 * n + i] };
            let expected: f64 = (0..4).map(|n| x(n) * dscores[3 * n + j]).sum();
            let found = grads[3 * i + j].to_f64();
            assert!((found - expected).abs() < 4.0 * tolerance, "{loss:?} {i} {j}: {found}");
        }
    }
}

#[test]
fn weighted_losses_are_those_of_pytorch() {
    weighted_losses_equal_pytorch::<f64>(GOLDEN_F64);
    weighted_losses_equal_pytorch::<f32>(GOLDEN_F32);
}

#[test]
fn weighted_gradients_match_numerical_ones() {
    for loss in [Loss::Softmax, Loss::Svm] {
        let arch = Arch::new(&[3, 5, 4]);
        let net = FullyConnectedNet {
            loss,
            class_weights: &WEIGHTS,
            ..FullyConnectedNet::<f64>::with_arch(arch)
        };
        let mut params = vec![0.0; arch.num_params()];
        Rng::seed(4).fill_normal(0.5, &mut params);
        let (x, y) = (&SCORES[..], [3, 0, 1, 2]);
        let (_, grads) = of_scores(&net, &params, x, &y).unwrap();
        let mut numerical = vec![0.0; params.len()];
        let loss_of = |p: &[f64]| of_scores(&net, p, x, &y).unwrap().0;
        eval_numerical_gradient(loss_of, &mut params, 1e-5, &mut numerical).unwrap();
        for (found, expected) in grads.iter().zip(numerical) {
            assert!((found - expected).abs() < 1e-7, "{loss:?}: {found} and {expected}");
        }
    }
}

#[test]
fn weights_of_one_change_no_bit() {
    for loss in [Loss::Softmax, Loss::Svm] {
        let plain = FullyConnectedNet { loss, ..full_net::<f32>() };
        let ones = FullyConnectedNet { class_weights: &[1.0; 4], ..plain };
        let bits = |net| trained(net, config("adam"), &Portable, &TRAIN, &VAL).0.bits();
        assert_eq!(bits(plain), bits(ones), "{loss:?}");
    }
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let net = FullyConnectedNet::<f64>::with_arch(Arch::new(&[3, 3]));
    let refused = |class_weights: &[f64], loss| {
        let net = FullyConnectedNet { class_weights, loss, ..net };
        of_scores(&net, &IDENTITY, &SCORES, &Y).unwrap_err()
    };
    assert!(matches!(refused(&[1.0; 2], Loss::Softmax), Error::Shape(_)));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let error = refused(&[1.0, bad, 1.0], Loss::Svm);
        assert!(matches!(error, Error::InvalidConfig { .. }), "{error}");
    }
    let x = Mat::new(&SCORES, 4, 3).unwrap();
    let net = FullyConnectedNet { class_weights: &W, loss: Loss::Mse, ..net };
    let (mut params, mut grads) = (IDENTITY, [0.0; 12]);
    let mut workspace = vec![0.0; net.arch.train_workspace_len(4)];
    let mut state =
        TrainState::new(&net.arch, &mut params, &mut [], &mut grads, &mut workspace).unwrap();
    let error = net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Values(&x));
    assert!(matches!(error, Err(Error::InvalidConfig { .. })));
}

/// A network with weights of its classes whose best weights are those of the lowest log-loss.
fn weighted<T: Float>(weights: &[T]) -> FullyConnectedNet<'_, T> {
    let metric = Some(Metric::LogLoss);
    FullyConnectedNet { class_weights: weights, metric, ..full_net() }
}

#[test]
fn the_lowest_log_loss_has_the_best_weights() {
    let (run, progress, events) =
        trained(weighted(&WEIGHTS), config("adam"), &Portable, &TRAIN, &VAL);
    let vals = events.iter().filter_map(|event| match *event {
        Event::Epoch { val, .. } => Some(val),
        Event::Step { .. } => None,
    });
    let lowest = vals.fold(f64::INFINITY, f64::min);
    assert_eq!(progress.best_val, Some(lowest));
    let net = weighted(&WEIGHTS);
    let weights = Weights::new(&net.arch, &run.best_params, &run.best_running).unwrap();
    let mut workspace = vec![0.0; net.arch.infer_workspace_len(8)];
    let found = evaluate(&net, &Portable, weights, &VAL, 8, &mut workspace).unwrap();
    assert!((found - lowest).abs() < 1e-12);
    // Against the definition: −Σ w[y]·ln p[y] / N.
    let mut sum = 0.0;
    for index in 0..VAL.len {
        let mut x = [0.0; 6];
        Dataset::<f64>::read(&VAL, Sample::new(index), 0, &mut x);
        let Target::Class(label) = Dataset::<f64>::target(&VAL, index) else { panic!() };
        let x = Mat::new(&x, 1, 6).unwrap();
        let scores = net.scores(&Portable, weights, x, &mut workspace).unwrap();
        let all: f64 = scores.data().iter().map(|s| s.exp()).sum();
        let y = label as usize;
        sum -= WEIGHTS[y] * (scores.data()[y].exp() / all).ln();
    }
    assert!((found - sum / VAL.len as f64).abs() < 1e-12);
}

#[test]
fn a_metric_of_numbers_is_refused_for_classes_and_the_other_way_round() {
    for (loss, metric) in [
        (Loss::Softmax, Metric::Mse),
        (Loss::Svm, Metric::R2),
        (Loss::Mse, Metric::LogLoss),
        (Loss::Mae, Metric::F1),
    ] {
        let net = FullyConnectedNet { loss, metric: Some(metric), ..full_net::<f64>() };
        let config = config("sgd");
        let mut run = Run::new(&net, &config, TRAIN.len);
        let error = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap_err();
        assert!(matches!(error, Error::InvalidConfig { .. }), "{error}");
    }
}

/// A metric that takes all outputs, measured outside: here the accuracy, so that the Solver's own is beside it.
#[test]
fn checks_that_the_caller_measures_choose_the_best_weights_as_those_of_the_solver() {
    let config = SolverConfig { num_train_samples: Some(20), num_epochs: 5, ..config("adam") };
    let (own, progress, events) = trained(full_net::<f64>(), config, &Portable, &TRAIN, &VAL);
    for metric in [Metric::BalancedAccuracy, Metric::F1, Metric::Auc] {
        let net = FullyConnectedNet { metric: Some(metric), ..full_net() };
        let mut run = Run::new(&net, &config, TRAIN.len);
        let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
        assert!(solver.finish_check(0.5, 0.5).is_err(), "none is due");
        let (mut found, mut workspace) = (Vec::new(), vec![0.0; net.arch.infer_workspace_len(1)]);
        loop {
            let event = match solver.due_check().unwrap() {
                None => solver.advance().unwrap(),
                Some([of_train, of_val]) => {
                    assert!(matches!(solver.advance(), Err(Error::InvalidConfig { .. })));
                    assert!(solver.finish_check(0.5, f64::NAN).is_err());
                    let weights = solver.weights();
                    let mut accuracy = |data: &Blobs, samples: Checked| {
                        let right = (0..samples.count()).filter(|&n| {
                            let (index, mut x) = (samples.index(n), [0.0; 6]);
                            data.read(Sample::new(index), 0, &mut x);
                            let x = Mat::new(&x, 1, 6).unwrap();
                            let scores = net.scores(&Portable, weights, x, &mut workspace).unwrap();
                            Target::Class(predict(scores.data()))
                                == Dataset::<f64>::target(data, index)
                        });
                        right.count() as f64 / samples.count() as f64
                    };
                    let (train, val) = (accuracy(&TRAIN, of_train), accuracy(&VAL, of_val));
                    Some(solver.finish_check(train, val).unwrap())
                }
            };
            match event {
                Some(event) => found.push(event),
                None => break,
            }
        }
        assert_eq!(found, events);
        assert_eq!(*solver.progress(), progress);
        assert!(run.bits() == own.bits());
    }
}

#[test]
fn a_weighted_run_has_the_same_bits_on_any_number_of_threads() {
    let train = Blobs { len: 300, dim: 150, num_classes: 4, noise: 1.0, seed: 1 };
    let val = Blobs { len: 40, seed: 2, ..train };
    let weights = WEIGHTS.map(|w| w as f32);
    let arch = Arch::new(&[150, 256, 70, 4]);
    for (kernel, loss) in
        Kernel::available().flat_map(|kernel| [Loss::Softmax, Loss::Svm].map(|loss| (kernel, loss)))
    {
        let bits = [1, 2, 3].map(|threads| {
            let backend = Backend::with_threads(kernel, threads).unwrap();
            let net = FullyConnectedNet { arch, loss, ..weighted(&weights) };
            let config = SolverConfig { batch_size: 100, num_epochs: 2, ..config("adam") };
            backend.install(|| trained(net, config, &backend, &train, &val).0.bits())
        });
        assert!(bits[0] == bits[1] && bits[0] == bits[2], "{kernel} {loss:?}");
    }
}

#[test]
fn a_resumed_weighted_run_equals_the_uninterrupted_one() {
    let weights = WEIGHTS.map(|w| w as f32);
    let (net, config) = (weighted(&weights), config("adam"));
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
    let mut stopped = Vec::new();
    while solver.advance().unwrap().is_some() {
        stopped.push((saved(solver.buffers()), *solver.progress()));
    }
    for (mut saved, progress) in stopped {
        saved.forget_scratch();
        let buffers = saved.buffers();
        let mut solver =
            Solver::resume(net, config, &Portable, &TRAIN, &VAL, buffers, progress).unwrap();
        solver.train(|_| {}).unwrap();
        assert!(saved.bits() == run.bits(), "stopped after {} steps", progress.iteration);
    }
}

#[test]
fn a_rare_class_is_named_more_often_where_it_weighs_more() {
    // Class 1 is one of ten, and lies within the others.
    struct Rare;
    impl Dataset<f64> for Rare {
        fn len(&self) -> usize {
            400
        }
        fn input_dim(&self) -> usize {
            1
        }
        fn target(&self, index: usize) -> Target {
            Target::Class(Label::from(index.is_multiple_of(10)))
        }
        fn read(&self, Sample { index, .. }: Sample, start: usize, x: &mut [f64]) {
            let mut noise = [0.0];
            Rng::seed(9).fork(index as u64).fill_normal(1.0, &mut noise);
            if let (0, Some(x)) = (start, x.first_mut()) {
                *x = noise[0] + if index.is_multiple_of(10) { 1.5 } else { 0.0 };
            }
        }
    }
    let recall = |class_weights: &[f64]| {
        let arch = Arch::new(&[1, 8, 2]);
        let net = FullyConnectedNet { class_weights, ..FullyConnectedNet::with_arch(arch) };
        let (run, ..) = trained(net, config("adam"), &Portable, &Rare, &Rare);
        let weights = Weights::new(&arch, &run.params, &[]).unwrap();
        let mut workspace = vec![0.0; arch.infer_workspace_len(1)];
        let named = (0..400).step_by(10).filter(|&index| {
            let mut x = [0.0];
            Rare.read(Sample::new(index), 0, &mut x);
            let x = Mat::new(&x, 1, 1).unwrap();
            let scores = net.scores(&Portable, weights, x, &mut workspace).unwrap();
            predict(scores.data()) == 1
        });
        named.count() as f64 / 40.0
    };
    let (plain, balanced) = (recall(&[]), recall(&[1.0 / 1.8, 5.0]));
    assert!(plain < 0.5 && balanced > 0.7, "{plain} and {balanced}");
}
