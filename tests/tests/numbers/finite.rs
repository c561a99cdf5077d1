//! Numbers that are not finite: a step that meets them changes nothing that is kept, and nothing that
//! is kept or called best has them.

use barenet::layers::BatchNormConfig;
use barenet::{
    Arch, Dataset, Error, FullyConnectedNet, Init, Loss, Portable, Progress, Rng, Sample, Solver,
    SolverBuffers, SolverConfig, Target, Targets, TrainState, UpdateRule, Weights, evaluate,
};

const PLAIN: Arch<'static> = Arch::new(&[5, 6, 4, 3]);
const ARCHS: [Arch<'static>; 3] = [Arch::new(&[5, 3]), PLAIN, PLAIN.with_batchnorm()];

/// Random points, one input of which no sample uses, so that its weights have no gradient.
struct Points {
    scale: f32,
}

impl Dataset<f32> for Points {
    fn len(&self) -> usize {
        40
    }

    fn input_dim(&self) -> usize {
        5
    }

    fn target(&self, index: usize) -> Target {
        Target::Class((index % 3) as u32)
    }

    fn read(&self, sample: Sample, start: usize, x: &mut [f32]) {
        for (x, column) in x.iter_mut().zip(start..) {
            let unit = ((sample.index * 7 + column * 3) % 11) as f32 - 5.0;
            *x = if column == 2 { 0.0 } else { unit * self.scale };
        }
    }
}

/// State of a run after its end.
#[derive(Clone, Debug, PartialEq)]
struct Left {
    kept: Vec<Vec<u32>>,
    best: Vec<f32>,
    progress: Progress<f32>,
    error: Option<Error>,
}

/// Runs to the end or an error. What is kept is looked at before and after an error.
fn run(
    net: FullyConnectedNet<'_, f32>,
    config: SolverConfig<f32>,
    init: Init,
    data: &Points,
) -> Left {
    let arch = net.arch;
    let (len, running) = (arch.num_params(), arch.num_running());
    let state = len * config.update_rule.state_per_param();
    let zeros = |len| vec![0.0_f32; len];
    let (mut params, mut grads, mut best) = (zeros(len), zeros(len), zeros(len));
    let (mut stats, mut best_stats, mut update) = (zeros(running), zeros(running), zeros(state));
    let (mut loss, mut workspace) =
        (zeros(config.num_iterations(40)), zeros(config.workspace_len(&arch)));
    let mut buffers = SolverBuffers {
        params: &mut params,
        running: &mut stats,
        grads: &mut grads,
        update_state: &mut update,
        best_params: &mut best,
        best_running: &mut best_stats,
        indices: &mut vec![0; config.batch_size],
        y: &mut vec![0; config.batch_size],
        workspace: &mut workspace,
        average: Default::default(),
        history: barenet::History { loss: &mut loss, ..Default::default() },
    };
    net.init(init, Rng::seed(3), &mut buffers.state(&arch).unwrap());
    let mut solver = Solver::new(net, config, &Portable, data, data, buffers).unwrap();
    let kept = |solver: &Solver<'_, f32, _, Points, Points>| {
        let b = solver.buffers();
        let all = [&*b.params, b.running, b.update_state, b.best_params, b.best_running];
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let mut all = all.map(bits).to_vec();
        all.push(bits(b.history.loss));
        all
    };
    let (mut before, mut error) = (kept(&solver), None);
    loop {
        match solver.advance() {
            Ok(Some(_)) => before = kept(&solver),
            Ok(None) => break,
            Err(found) => {
                error = Some(found);
                // The same comes out however often it is tried.
                assert_eq!(solver.advance(), Err(found));
                break;
            }
        }
    }
    assert_eq!(kept(&solver), before, "{error:?}");
    let b = solver.buffers();
    assert!(b.history.loss.iter().all(|loss| loss.is_finite()));
    let best: Vec<_> = b.best_params.iter().chain(b.best_running.iter()).copied().collect();
    assert!(best.iter().all(|x| x.is_finite()), "{error:?}");
    Left { kept: before, best, progress: *solver.progress(), error }
}

fn config(update_rule: UpdateRule<f32>) -> SolverConfig<f32> {
    SolverConfig { batch_size: 10, num_epochs: 6, ..SolverConfig::new(update_rule) }
}

fn every_rule() -> impl Iterator<Item = UpdateRule<f32>> {
    UpdateRule::<f32>::NAMES.into_iter().filter_map(UpdateRule::from_name)
}

#[test]
fn a_run_that_diverges_keeps_finite_numbers_and_leaves_the_rest_as_it_was() {
    let he = Init::He;
    for arch in ARCHS {
        for loss in [Loss::Softmax, Loss::Svm] {
            let net = FullyConnectedNet { loss, ..FullyConnectedNet::new(arch) };
            for rule in every_rule().filter(|rule| rule.check_arch(&arch).is_ok()) {
                for learning_rate in [1e3, 1e9, 1e20, 1e38] {
                    run(
                        net,
                        SolverConfig { learning_rate, ..config(rule) },
                        he,
                        &Points { scale: 1.0 },
                    );
                }
                for reg in [1e3, 1e15, 1e25, 1e38] {
                    run(FullyConnectedNet { reg, ..net }, config(rule), he, &Points { scale: 1.0 });
                }
                for scale in [1e10, 1e18, 1e25, 1e38] {
                    run(net, config(rule), he, &Points { scale });
                }
                for weight_scale in [1e10, 1e18, 1e30] {
                    run(net, config(rule), Init::Gaussian { weight_scale }, &Points { scale: 1.0 });
                }
            }
        }
    }
}

#[test]
fn running_statistics_stay_where_the_loss_is_not_finite() {
    // A column without variance, and nothing added to it: 0 / 0.
    let batchnorm = BatchNormConfig { eps: 0.0, momentum: 0.9 };
    let arch = Arch::new(&[5, 4, 3]).with_batchnorm();
    let net = FullyConnectedNet { batchnorm, ..FullyConnectedNet::new(arch) };
    let left = run(net, config(UpdateRule::Sgd), Init::He, &Points { scale: 0.0 });
    assert_eq!(left.error, Some(Error::NonFiniteLoss { iteration: 1 }));
    assert!(left.kept[1].iter().all(|&bits| bits == 0), "running statistics");

    // The library alone: the loss says it, and the statistics are those of before.
    let (len, running) = (arch.num_params(), arch.num_running());
    let (mut params, mut stats, mut grads) = (vec![0.5; len], vec![0.25; running], vec![7.0; len]);
    let mut workspace = vec![0.0; arch.train_workspace_len(2)];
    let mut state =
        TrainState::new(&arch, &mut params, &mut stats, &mut grads, &mut workspace).unwrap();
    let x = [f32::NAN, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let x = barenet::Mat::new(&x, 2, 5).unwrap();
    let net = FullyConnectedNet::<f32>::new(arch);
    let loss = net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(&[0, 1])).unwrap();
    assert!(loss.is_nan() && state.grads().iter().all(|g| g.is_nan()));
    assert_eq!(stats, vec![0.25; running]);
}

/// The rule of that name with one constant changed.
fn with(rule: &str, constant: &str, value: f32) -> UpdateRule<f32> {
    let mut rule = UpdateRule::from_name(rule).unwrap();
    *rule.constant_mut(constant).unwrap() = value;
    rule
}

#[test]
fn an_epsilon_of_nothing_divides_by_no_zero() {
    for epsilon in [0.0, 1e-45, 1e-30] {
        for rule in ["adam", "adamw", "rmsprop"] {
            let rule = with(rule, "epsilon", epsilon);
            for arch in ARCHS {
                let net = FullyConnectedNet::new(arch);
                let left = run(net, config(rule), Init::He, &Points { scale: 1.0 });
                assert_eq!((left.error, left.progress.num_checks), (None, 7), "{rule:?}");
            }
        }
    }
}

#[test]
fn a_network_whose_scores_are_not_finite_has_no_accuracy() {
    let arch = PLAIN;
    let net = FullyConnectedNet::new(arch);
    let mut workspace = vec![0.0; arch.infer_workspace_len(10)];
    for param in [1e20, f32::NAN, f32::INFINITY] {
        let params = vec![param; arch.num_params()];
        let weights = Weights::new(&arch, &params, &[]).unwrap();
        let data = Points { scale: 1.0 };
        let found = evaluate(&net, &Portable, weights, &data, 10, &mut workspace);
        assert_eq!(found, Err(Error::NonFinite { what: "scores" }), "{param}");
    }
}

#[test]
fn a_run_does_not_go_on_with_best_weights_that_are_not_finite() {
    let arch = Arch::new(&[5, 4, 3]).with_batchnorm();
    let net = FullyConnectedNet::new(arch);
    let (config, data) = (config(UpdateRule::Sgd), Points { scale: 1.0 });
    let (len, running) = (arch.num_params(), arch.num_running());
    for (param, stat, what) in [
        (f32::NAN, 1.0, Some("best parameters")),
        (0.5, f32::NEG_INFINITY, Some("best running statistics")),
        (0.5, 1.0, None),
    ] {
        let (mut best, mut best_stats) = (vec![0.5; len], vec![1.0; running]);
        (best[len - 1], best_stats[running - 1]) = (param, stat);
        let buffers = SolverBuffers {
            params: &mut vec![0.1; len],
            running: &mut vec![1.0; running],
            grads: &mut vec![0.0; len],
            update_state: &mut [],
            best_params: &mut best,
            best_running: &mut best_stats,
            indices: &mut [0; 10],
            y: &mut [0; 10],
            workspace: &mut vec![0.0; config.workspace_len(&arch)],
            average: Default::default(),
            history: Default::default(),
        };
        let at = Progress { iteration: 4, num_checks: 2, best_val: Some(0.5), best_epoch: 1 };
        let found = Solver::resume(net, config, &Portable, &data, &data, buffers, at).map(|_| ());
        assert_eq!(found, what.map_or(Ok(()), |what| Err(Error::NonFinite { what })));
    }
}

#[test]
fn constants_with_which_no_rule_works_are_refused() {
    for (rule, constant, value) in [
        ("sgd_momentum", "momentum", 1.0),
        ("nesterov", "momentum", f32::NAN),
        ("rmsprop", "decay_rate", 1.0),
        ("rmsprop", "epsilon", -1.0),
        ("adam", "beta1", 1.0),
        ("adam", "beta2", 1.5),
        ("adamw", "epsilon", f32::INFINITY),
        ("adamw", "weight_decay", -0.1),
    ] {
        let rule = with(rule, constant, value);
        let net = FullyConnectedNet::new(Arch::new(&[5, 3]));
        let config = config(rule);
        let data = Points { scale: 1.0 };
        let (mut params, mut grads, mut best) = (vec![0.0; 18], vec![0.0; 18], vec![0.0; 18]);
        let buffers = SolverBuffers {
            params: &mut params,
            running: &mut [],
            grads: &mut grads,
            update_state: &mut vec![0.0; 18 * rule.state_per_param()],
            best_params: &mut best,
            best_running: &mut [],
            indices: &mut [0; 10],
            y: &mut [0; 10],
            workspace: &mut vec![0.0; config.workspace_len(&net.arch)],
            average: Default::default(),
            history: Default::default(),
        };
        let found = Solver::new(net, config, &Portable, &data, &data, buffers).map(|_| ());
        assert!(matches!(found, Err(Error::InvalidConfig { .. })), "{rule:?}");
    }
}

#[test]
fn constants_with_which_no_batch_norm_works_are_refused() {
    let refused = [(-1e-5, 0.9), (f32::NAN, 0.9), (f32::INFINITY, 0.9), (1e-5, f32::NAN)];
    let refused = refused.into_iter().chain([(1e-5, -0.1), (1e-5, 1.1), (1e-5, 1e38)]);
    let taken = [(0.0, 0.9), (1e-5, 0.0), (1e-5, 1.0)];
    let all = refused.map(|it| (it, false)).chain(taken.map(|it| (it, true)));
    for ((eps, momentum), is_taken) in all {
        for arch in [PLAIN, PLAIN.with_batchnorm()] {
            let batchnorm = BatchNormConfig { eps, momentum };
            let net = FullyConnectedNet { batchnorm, ..FullyConnectedNet::new(arch) };
            let (config, data) = (config(UpdateRule::Sgd), Points { scale: 1.0 });
            let (len, running) = (arch.num_params(), arch.num_running());
            let buffers = SolverBuffers {
                params: &mut vec![0.1; len],
                running: &mut vec![1.0; running],
                grads: &mut vec![0.0; len],
                update_state: &mut [],
                best_params: &mut vec![0.0; len],
                best_running: &mut vec![0.0; running],
                indices: &mut [0; 10],
                y: &mut [0; 10],
                workspace: &mut vec![0.0; config.workspace_len(&arch)],
                average: Default::default(),
                history: Default::default(),
            };
            let found = Solver::new(net, config, &Portable, &data, &data, buffers).map(|_| ());
            // Without the layer they are not used.
            if is_taken || !arch.has_batchnorm() {
                assert_eq!(found, Ok(()), "{batchnorm:?}");
            } else {
                assert!(matches!(found, Err(Error::InvalidConfig { .. })), "{batchnorm:?}");
            }
        }
    }
}
