//! The moving average of the weights: its values, what is measured and kept of it, what is refused.

use super::solver::{Run, TRAIN, VAL, config, full_net, trained};
use barenet::{Error, Event, Portable, Solver, SolverConfig, evaluate};

/// The largest difference from the average computed beside the run, in f64.
const ROUNDING: f64 = 1e-14;

#[test]
fn the_average_follows_the_weights_and_their_statistics_of_every_step() {
    let net = full_net::<f64>();
    let config = SolverConfig { ema_decay: 0.6, ..config("adam") };
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut expected: Vec<f64> = run.params.iter().chain(&run.running).copied().collect();
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
    let mut steps = 0.0;
    while let Some(event) = solver.advance().unwrap() {
        let buffers = solver.buffers();
        if let Event::Step { .. } = event {
            steps += 1.0;
            let decay = f64::min(0.6, (1.0 + steps) / (10.0 + steps));
            for (average, w) in
                expected.iter_mut().zip(buffers.params.iter().chain(&*buffers.running))
            {
                *average = decay * *average + (1.0 - decay) * w;
            }
        }
        let found = buffers.average.params.iter().chain(&*buffers.average.running);
        for (found, expected) in found.zip(&expected) {
            assert!((found - expected).abs() < ROUNDING, "step {steps}: {found}, {expected}");
        }
    }
    assert!(steps > 12.0, "both decays were taken");
}

#[test]
fn checks_measure_the_average_and_the_best_is_an_average() {
    let net = full_net::<f64>();
    let config = SolverConfig { ema_decay: 0.8, num_train_samples: None, ..config("adam") };
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
    let mut workspace = vec![0.0; net.arch.infer_workspace_len(8)];
    let mut improved = 0;
    while let Some(event) = solver.advance().unwrap() {
        let Event::Epoch { train, val, best, .. } = event else { continue };
        let mut measured =
            |data| evaluate(&net, &Portable, solver.weights(), data, 8, &mut workspace).unwrap();
        assert_eq!([train, val], [measured(&TRAIN), measured(&VAL)]);
        let buffers = solver.buffers();
        assert_eq!(solver.weights().params(), buffers.average.params);
        assert_ne!(solver.weights().params(), buffers.params);
        if best {
            improved += 1;
            assert_eq!(buffers.best_params, buffers.average.params);
            assert_eq!(buffers.best_running, buffers.average.running);
        }
    }
    assert!(improved > 1);
}

#[test]
fn training_goes_the_same_way_with_an_average_and_without() {
    let with = SolverConfig { ema_decay: 0.9, ..config::<f32>("adam") };
    let (averaged, ..) = trained(full_net(), with, &Portable, &TRAIN, &VAL);
    let (plain, ..) = trained(full_net(), config::<f32>("adam"), &Portable, &TRAIN, &VAL);
    assert_eq!(averaged.params, plain.params);
    assert_eq!(averaged.running, plain.running);
    assert_ne!(averaged.best_params, plain.best_params);
}

#[test]
fn a_decay_out_of_its_range_and_memory_that_does_not_fit_are_refused() {
    let net = full_net::<f32>();
    let start = |memory: &SolverConfig<f32>, config| {
        let mut run = Run::new(&net, memory, TRAIN.len);
        Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).map(drop).unwrap_err()
    };
    let with = |ema_decay| SolverConfig { ema_decay, ..config::<f32>("adam") };
    for ema_decay in [-0.1, 1.0, 1.5, f32::NAN, f32::INFINITY] {
        let error = start(&with(0.5), with(ema_decay));
        assert!(matches!(error, Error::InvalidConfig { .. }), "{ema_decay}: {error}");
        assert!(error.to_string().contains("ema_decay"), "{error}");
    }
    for (memory, config) in [(with(0.0), with(0.5)), (with(0.5), with(0.0))] {
        let error = start(&memory, config).to_string();
        assert!(error.contains("average.params"), "{error}");
    }
}
