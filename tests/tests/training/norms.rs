//! The norms that a Solver tells of its last step.

use crate::solver::{Run, TRAIN, VAL, config, full_net};
use barenet::optim::l2_norm;
use barenet::{Event, Portable, Solver, SolverConfig};
use barenet_blas::{Backend, Kernel};

/// Distances of numbers of order 1 that were rounded on the way.
const TOLERANCE: f64 = 1e-12;

fn norm(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(|number| number * number).sum::<f64>().sqrt()
}

/// Both norms of each step, and how far it moved the weights, by its learning rate.
fn norms(config: SolverConfig<f64>) -> Vec<[f64; 3]> {
    let net = full_net::<f64>();
    let mut run = Run::new(&net, &config, TRAIN.len);
    let mut solver = Solver::new(net, config, &Portable, &TRAIN, &VAL, run.buffers()).unwrap();
    let mut norms = Vec::new();
    loop {
        let (before, rate) = (solver.buffers().params.to_vec(), solver.learning_rate());
        match solver.advance().unwrap() {
            Some(Event::Step { .. }) => {
                let after = &*solver.buffers().params;
                let moved = norm(before.iter().zip(after).map(|(b, a)| (b - a) / rate));
                let expected = norm(after.iter().copied());
                assert!((solver.weight_norm() - expected).abs() < TOLERANCE * expected);
                norms.push([solver.grad_norm(), solver.weight_norm(), moved]);
            }
            Some(Event::Epoch { .. }) => {}
            None => return norms,
        }
    }
}

#[test]
fn norms_are_those_of_the_last_step_before_its_gradients_were_clipped() {
    let plain = norms(config("sgd"));
    for [grad_norm, _, moved] in &plain {
        assert!((grad_norm - moved).abs() < TOLERANCE.sqrt() * moved, "{grad_norm}, {moved}");
    }
    let max_norm = plain[0][0] / 2.0;
    let clipped = norms(SolverConfig { clip_norm: Some(max_norm), ..config("sgd") });
    assert_eq!(clipped[0][0], plain[0][0], "the first gradients are the same");
    for [grad_norm, _, moved] in clipped {
        let expected = grad_norm.min(max_norm);
        assert!((moved - expected).abs() < 1e-5 * expected, "{moved}, {expected}");
    }
}

#[test]
fn norms_have_the_same_bits_on_any_number_of_threads() {
    // More numbers than one thread takes alone.
    let numbers: Vec<f32> = (0..300_001).map(|n| (n as f32).sin()).collect();
    for kernel in Kernel::available() {
        let of = |threads| {
            let backend = Backend::with_threads(kernel, threads).unwrap();
            backend.install(|| l2_norm(&backend, &numbers)).to_bits()
        };
        assert_eq!([of(2), of(3)], [of(1); 2], "{kernel}");
    }
}
