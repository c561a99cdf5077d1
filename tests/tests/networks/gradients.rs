//! Identities that every gradient obeys, over random shapes.

use barenet::gradient_check::{eval_numerical_gradient, rel_error};
use barenet::layers::*;
use barenet::{
    Arch, Dataset as _, FullyConnectedNet, Init, Label, Loss, Mat, MatMut, Portable, Rng, Sample,
    Target, Targets, UpdateRule,
};
use barenet_tests::Model;
use barenet_tests::tolerance::{GRADIENT, IDENTITY};
use proptest::prelude::*;

fn normal(seed: u64, len: usize) -> Vec<f64> {
    let mut x = vec![0.0; len];
    Rng::seed(seed).fill_normal(1.0, &mut x);
    x
}

/// Normal numbers moved away from 0, where ReLU has its kink.
fn off_zero(seed: u64, len: usize) -> Vec<f64> {
    normal(seed, len).into_iter().map(|x| x + 0.05_f64.copysign(x)).collect()
}

fn labels(seed: u64, len: usize, num_classes: usize) -> Vec<Label> {
    let mut rng = Rng::seed(seed);
    (0..len).map(|_| rng.below(num_classes as u64) as Label).collect()
}

fn losses() -> impl Strategy<Value = Loss> {
    let huber = Just(Loss::Huber { delta: 0.7 });
    prop_oneof![Just(Loss::Softmax), Just(Loss::Svm), Just(Loss::Mse), Just(Loss::Mae), huber]
}

/// Those of the two that the loss takes.
fn targets_of<'a>(loss: Loss, y: &'a [Label], values: &'a Mat<'_, f64>) -> Targets<'a, f64> {
    match loss {
        Loss::Softmax | Loss::Svm => Targets::Classes(y),
        Loss::Mse | Loss::Mae | Loss::Huber { .. } => Targets::Values(values),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// f(x + h·v) and f(x − h·v) give the derivative in direction v.
fn directional(x: &[f64], v: &[f64], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let h = 1e-5;
    let at = |h: f64| f(&x.iter().zip(v).map(|(x, v)| x + h * v).collect::<Vec<_>>());
    at(h).iter().zip(at(-h)).map(|(plus, minus)| (plus - minus) / (2.0 * h)).collect()
}

#[track_caller]
fn adjoint(dout: &[f64], jv: &[f64], dx: &[f64], v: &[f64]) {
    let (forward, backward) = (dot(dout, jv), dot(dx, v));
    let scale = dout.len().max(dx.len()) as f64;
    assert!((forward - backward).abs() < GRADIENT * scale, "{forward} and {backward}");
}

fn affine(x: &[f64], w: &[f64], b: &[f64], (n, d, m): (usize, usize, usize)) -> Vec<f64> {
    let mut out = vec![f64::NAN; n * m];
    let (x, w) = (Mat::new(x, n, d).unwrap(), Mat::new(w, d, m).unwrap());
    affine_forward(&Portable, x, w, b, MatMut::new(&mut out, n, m).unwrap()).unwrap();
    out
}

fn affine_grads(
    dout: &[f64],
    x: &[f64],
    w: &[f64],
    (n, d, m): (usize, usize, usize),
) -> [Vec<f64>; 3] {
    let (mut dx, mut dw, mut db) =
        (vec![f64::NAN; n * d], vec![f64::NAN; d * m], vec![f64::NAN; m]);
    affine_backward(
        &Portable,
        Mat::new(dout, n, m).unwrap(),
        Mat::new(x, n, d).unwrap(),
        Mat::new(w, d, m).unwrap(),
        Some(MatMut::new(&mut dx, n, d).unwrap()),
        MatMut::new(&mut dw, d, m).unwrap(),
        &mut db,
    )
    .unwrap();
    [dx, dw, db]
}

struct BatchNorm {
    out: Vec<f64>,
    x_hat: Vec<f64>,
    inv_std: Vec<f64>,
}

fn batchnorm(x: &[f64], gamma: &[f64], beta: &[f64], n: usize) -> BatchNorm {
    let m = gamma.len();
    let (mut out, mut x_hat, mut inv_std) =
        (vec![f64::NAN; n * m], vec![f64::NAN; n * m], vec![f64::NAN; m]);
    batchnorm_forward_train(
        &Portable,
        &BatchNormConfig::default(),
        Mat::new(x, n, m).unwrap(),
        gamma,
        beta,
        &mut vec![0.0; m],
        &mut vec![0.0; m],
        MatMut::new(&mut x_hat, n, m).unwrap(),
        &mut inv_std,
        MatMut::new(&mut out, n, m).unwrap(),
    )
    .unwrap();
    BatchNorm { out, x_hat, inv_std }
}

/// One hidden layer's output and cache, and what its backward pass gives.
struct Hidden {
    out: Vec<f64>,
    x_hat: Vec<f64>,
    inv_std: Vec<f64>,
}

#[derive(Clone, Copy)]
struct HiddenCase {
    n: usize,
    d: usize,
    m: usize,
    norm: bool,
    keep_prob: f64,
}

impl HiddenCase {
    fn forward(&self, x: &[f64], w: &[f64], b: &[f64], gamma: &[f64], beta: &[f64]) -> Hidden {
        let &Self { n, d, m, norm, keep_prob } = self;
        let rows = if norm { n } else { 0 };
        let mut hidden = Hidden {
            out: vec![f64::NAN; n * m],
            x_hat: vec![f64::NAN; rows * m],
            inv_std: vec![f64::NAN; if norm { m } else { 0 }],
        };
        let (mut mean, mut var) = (vec![0.0; m], vec![0.0; m]);
        let params = HiddenParams {
            w: Mat::new(w, d, m).unwrap(),
            b,
            norm: norm.then_some(Norm { gamma, beta }),
        };
        let running = norm.then_some(RunningStats { mean: &mut mean[..], var: &mut var[..] });
        hidden_forward_train(
            &Portable,
            &BatchNormConfig::default(),
            Mat::new(x, n, d).unwrap(),
            &params,
            running,
            (keep_prob < 1.0).then_some(Dropout { keep_prob, rng: Rng::seed(3) }),
            &mut HiddenCache {
                x_hat: MatMut::new(&mut hidden.x_hat, rows, m).unwrap(),
                inv_std: &mut hidden.inv_std,
                out: MatMut::new(&mut hidden.out, n, m).unwrap(),
            },
        )
        .unwrap();
        hidden
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn affine_backward_is_the_adjoint_of_the_forward_derivative(
        n in 1..6_usize, d in 1..9_usize, m in 1..9_usize, seed: u64,
    ) {
        let sizes = (n, d, m);
        let [x, v] = [0, 1].map(|i| normal(seed ^ i, n * d));
        let [w, u] = [2, 3].map(|i| normal(seed ^ i, d * m));
        let [b, s] = [4, 5].map(|i| normal(seed ^ i, m));
        let dout = normal(seed ^ 6, n * m);
        let [dx, dw, db] = affine_grads(&dout, &x, &w, sizes);
        adjoint(&dout, &directional(&x, &v, |x| affine(x, &w, &b, sizes)), &dx, &v);
        adjoint(&dout, &directional(&w, &u, |w| affine(&x, w, &b, sizes)), &dw, &u);
        adjoint(&dout, &directional(&b, &s, |b| affine(&x, &w, b, sizes)), &db, &s);
    }

    #[test]
    fn affine_backward_is_linear_in_dout(
        n in 1..6_usize, d in 1..9_usize, m in 1..9_usize, seed: u64, factor in -3.0..3.0,
    ) {
        let (x, w) = (normal(seed, n * d), normal(seed ^ 1, d * m));
        let (p, q) = (normal(seed ^ 2, n * m), normal(seed ^ 3, n * m));
        let both: Vec<f64> = p.iter().zip(&q).map(|(p, q)| p + factor * q).collect();
        let of = |dout: &[f64]| affine_grads(dout, &x, &w, (n, d, m)).concat();
        let sum: Vec<f64> = of(&p).iter().zip(of(&q)).map(|(p, q)| p + factor * q).collect();
        for (a, b) in of(&both).iter().zip(sum) {
            prop_assert!((a - b).abs() < IDENTITY * 100.0);
        }
    }

    #[test]
    fn relu_and_dropout_backward_are_adjoints(len in 1..60_usize, seed: u64) {
        let (x, v, dout) = (off_zero(seed, len), normal(seed ^ 1, len), normal(seed ^ 2, len));
        let relu = |x: &[f64]| { let mut out = vec![0.0; len]; relu_forward(x, &mut out).unwrap(); out };
        let mut dx = vec![f64::NAN; len];
        relu_backward(&dout, &relu(&x), &mut dx).unwrap();
        adjoint(&dout, &directional(&x, &v, relu), &dx, &v);

        let mut mask = vec![f64::NAN; len];
        dropout_mask(Rng::seed(seed), 0.7, &mut mask).unwrap();
        let dropout = |x: &[f64]| {
            let mut out = vec![0.0; len];
            dropout_forward(x, &mask, &mut out).unwrap();
            out
        };
        dropout_backward(&dout, &mask, &mut dx).unwrap();
        adjoint(&dout, &directional(&x, &v, dropout), &dx, &v);
    }

    #[test]
    fn batchnorm_backward_is_the_adjoint_of_the_forward_derivative(
        n in 3..9_usize, m in 1..9_usize, seed: u64,
    ) {
        let (x, v, dout) = (normal(seed, n * m), normal(seed ^ 1, n * m), normal(seed ^ 2, n * m));
        let (gamma, beta) = (normal(seed ^ 3, m), normal(seed ^ 4, m));
        let cache = batchnorm(&x, &gamma, &beta, n);
        let (mut dx, mut dgamma, mut dbeta) = (vec![f64::NAN; n * m], vec![f64::NAN; m], vec![f64::NAN; m]);
        batchnorm_backward(
            &Portable, Mat::new(&dout, n, m).unwrap(), &gamma, Mat::new(&cache.x_hat, n, m).unwrap(),
            &cache.inv_std, MatMut::new(&mut dx, n, m).unwrap(), &mut dgamma, &mut dbeta,
        ).unwrap();
        // A column of nearly equal numbers makes a steep function: skip what differences cannot see.
        prop_assume!(cache.inv_std.iter().all(|&s| s < 10.0));
        adjoint(&dout, &directional(&x, &v, |x| batchnorm(x, &gamma, &beta, n).out), &dx, &v);
        let u = normal(seed ^ 5, m);
        adjoint(&dout, &directional(&gamma, &u, |g| batchnorm(&x, g, &beta, n).out), &dgamma, &u);
        adjoint(&dout, &directional(&beta, &u, |b| batchnorm(&x, &gamma, b, n).out), &dbeta, &u);
    }

    #[test]
    fn batchnorm_gives_every_column_mean_beta_and_variance_gamma_squared(
        n in 2..40_usize, m in 1..9_usize, seed: u64,
    ) {
        let (gamma, beta) = (normal(seed ^ 3, m), normal(seed ^ 4, m));
        let cache = batchnorm(&normal(seed, n * m), &gamma, &beta, n);
        for j in 0..m {
            let column: Vec<f64> = cache.out.iter().skip(j).step_by(m).copied().collect();
            let mean = column.iter().sum::<f64>() / n as f64;
            let var = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64;
            prop_assert!((mean - beta[j]).abs() < IDENTITY);
            // What eps takes: var/(var + eps), exactly.
            let shrink = 1.0 - 1e-5 * cache.inv_std[j] * cache.inv_std[j];
            prop_assert!((var - gamma[j] * gamma[j] * shrink).abs() < IDENTITY * (1.0 + var));
        }
    }

    #[test]
    fn loss_gradients_are_those_of_the_loss(
        n in 1..6_usize, c in 2..9_usize, seed: u64, loss in losses(),
    ) {
        let (y, values) = (labels(seed ^ 9, n, c), normal(seed ^ 8, n * c));
        let values = Mat::new(&values, n, c).unwrap();
        let targets = targets_of(loss, &y, &values);
        let mut x = normal(seed, n * c);
        if loss == Loss::Svm {
            // Keep every margin away from the kink of the hinge.
            for (row, &y) in x.chunks_mut(c).zip(&y) {
                let correct = row[y as usize];
                for (j, s) in row.iter_mut().enumerate() {
                    let margin = *s - correct + 1.0;
                    if j != y as usize && margin.abs() < 1e-2 { *s += 0.1; }
                }
            }
        }
        if let Loss::Mae | Loss::Huber { .. } = loss {
            // And every error from 0, where the slope of the distance turns, and from ±delta, where the
            // Huber loss goes from a square to a line.
            let delta = if let Loss::Huber { delta } = loss { delta } else { 0.0 };
            for (x, y) in x.iter_mut().zip(values.data()) {
                if ((*x - y).abs() - delta).abs() < 1e-2 { *x += 0.1; }
            }
        }
        let evaluate = |x: &[f64], dx: &mut [f64]| {
            loss.loss(Mat::new(x, n, c).unwrap(), targets, MatMut::new(dx, n, c).unwrap()).unwrap()
        };
        let (mut dx, mut numerical) = (vec![f64::NAN; n * c], vec![0.0; n * c]);
        evaluate(&x, &mut dx);
        eval_numerical_gradient(|x| evaluate(x, &mut vec![0.0; n * c]), &mut x, 1e-4, &mut numerical)
            .unwrap();
        for (a, b) in dx.iter().zip(&numerical) {
            prop_assert!((a - b).abs() < 1e-8, "{} and {}", a, b);
        }
        if let Targets::Classes(_) = targets {
            for row in dx.chunks(c) {
                prop_assert!(row.iter().sum::<f64>().abs() < IDENTITY);
            }
        }
    }

    #[test]
    fn softmax_loss_does_not_change_when_a_row_is_shifted(c in 1..9_usize, seed: u64, shift in -50.0..50.0) {
        let x = normal(seed, c);
        let shifted: Vec<f64> = x.iter().map(|x| x + shift).collect();
        let of = |x: &[f64]| {
            let mut dx = vec![0.0; c];
            softmax_loss(Mat::new(x, 1, c).unwrap(), &[0], MatMut::new(&mut dx, 1, c).unwrap()).unwrap()
        };
        prop_assert!((of(&x) - of(&shifted)).abs() < IDENTITY);
    }

    #[test]
    fn a_hidden_layer_is_its_layers_one_after_the_other_to_the_bit(
        n in 1..7_usize, d in 1..9_usize, m in 1..20_usize, norm: bool, dropout: bool, seed: u64,
    ) {
        let (x, w, b) = (normal(seed, n * d), normal(seed ^ 1, d * m), normal(seed ^ 2, m));
        let (gamma, beta) = (normal(seed ^ 3, m), normal(seed ^ 4, m));
        let keep_prob = if dropout { 0.6 } else { 1.0 };
        let case = HiddenCase { n, d, m, norm, keep_prob };
        let fused = case.forward(&x, &w, &b, &gamma, &beta);

        let mut a = affine(&x, &w, &b, (n, d, m));
        if norm {
            let apart = batchnorm(&a, &gamma, &beta, n);
            prop_assert_eq!(&fused.x_hat, &apart.x_hat);
            prop_assert_eq!(&fused.inv_std, &apart.inv_std);
            a = apart.out;
        }
        let (mut relu, mut out, mut mask) = (vec![0.0; n * m], vec![0.0; n * m], vec![0.0; n * m]);
        relu_forward(&a, &mut relu).unwrap();
        dropout_mask(Rng::seed(3), keep_prob, &mut mask).unwrap();
        dropout_forward(&relu, &mask, &mut out).unwrap();
        prop_assert_eq!(fused.out, out);
    }

    #[test]
    fn dropout_keeps_the_mean(keep_prob in 0.2..1.0, seed: u64) {
        let mut mask = vec![0.0; 20_000];
        dropout_mask(Rng::seed(seed), keep_prob, &mut mask).unwrap();
        let mean = mask.iter().sum::<f64>() / 20_000.0;
        // Six standard deviations of the mean of that many masks.
        let deviation = ((1.0 - keep_prob) / keep_prob / 20_000.0).sqrt();
        prop_assert!((mean - 1.0).abs() < 6.0 * deviation + 1e-9, "{} with {}", mean, keep_prob);
    }

    #[test]
    fn rules_without_their_constant_are_the_simpler_rule(len in 1..50_usize, seed: u64) {
        let (w, dw) = (normal(seed, len), normal(seed ^ 1, len));
        let run = |rule: UpdateRule<f64>| {
            let (mut w, mut state) = (w.clone(), vec![0.0; rule.state_per_param() * len]);
            for t in 1..4 {
                rule.update(&Portable, 0.1, t, &mut w, &dw, &mut state).unwrap();
            }
            w
        };
        let sgd = run(UpdateRule::Sgd);
        for rule in [UpdateRule::SgdMomentum { momentum: 0.0 }, UpdateRule::Nesterov { momentum: 0.0 }] {
            prop_assert!(rel_error(&run(rule), &sgd) < IDENTITY);
        }
        let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
        let adamw = UpdateRule::AdamW { beta1, beta2, epsilon, weight_decay: 0.0 };
        prop_assert_eq!(run(adamw), run(UpdateRule::Adam { beta1, beta2, epsilon }));
    }

    #[test]
    fn the_first_step_of_adam_is_the_learning_rate(g in 1e-3..1e3, learning_rate in 1e-4..1.0) {
        let (mut w, mut state) = ([0.0], [0.0; 2]);
        let adam = UpdateRule::<f64>::from_name("adam").unwrap();
        adam.update(&Portable, learning_rate, 1, &mut w, &[g], &mut state).unwrap();
        prop_assert!((w[0] + learning_rate).abs() < 1e-4 * learning_rate);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_gradients_of_a_whole_network_are_those_of_its_loss(
        dims in prop::collection::vec(2..7_usize, 2..5), n in 2..5_usize, norm: bool, dropout: bool,
        loss in losses(), reg in prop_oneof![Just(0.0), 0.1..2.0], seed: u64,
    ) {
        let arch = Arch::try_new(&dims).unwrap();
        let arch = if norm { arch.with_batchnorm() } else { arch };
        let net = FullyConnectedNet {
            reg,
            keep_prob: if dropout { 0.75 } else { 1.0 },
            loss,
            ..FullyConnectedNet::with_arch(arch)
        };
        let mut model = Model::new(net, Init::He, seed);
        // Biases of exactly 0 are kinks of units whose inputs are all dropped.
        for (param, noise) in model.params.iter_mut().zip(normal(seed ^ 3, arch.num_params())) {
            *param += 0.1 * noise;
        }
        let (x, y) = (normal(seed ^ 1, n * dims[0]), labels(seed ^ 2, n, arch.num_classes()));
        let values = normal(seed ^ 4, n * arch.num_classes());
        let values = Mat::new(&values, n, arch.num_classes()).unwrap();
        let targets = targets_of(loss, &y, &values);
        model.loss(Rng::seed(9), &x, targets);
        let grads = model.grads.clone();
        // Two steps: where they disagree there is a kink in between, and no derivative to compare.
        let mut numerical = [1e-4, 3e-5].map(|h| {
            let (mut at, mut grad) = (model.clone(), vec![0.0; grads.len()]);
            let mut params = model.params.clone();
            eval_numerical_gradient(
                |params| { at.params.copy_from_slice(params); at.loss(Rng::seed(9), &x, targets) },
                &mut params, h, &mut grad,
            ).unwrap();
            grad
        }).into_iter();
        let (coarse, fine) = (numerical.next().unwrap(), numerical.next().unwrap());
        let mut compared = 0;
        for (i, &grad) in grads.iter().enumerate() {
            if (coarse[i] - fine[i]).abs() < 1e-7 {
                compared += 1;
                prop_assert!((grad - fine[i]).abs() < GRADIENT * (1.0 + grad.abs()), "{}: {} and {}", i, grad, fine[i]);
            }
        }
        prop_assert!(2 * compared > grads.len(), "{} of {} compared", compared, grads.len());
    }
}

/// A data set in memory is all a test needs to see that `Dataset` can be implemented outside.
struct Nothing;

impl barenet::Dataset<f64> for Nothing {
    fn len(&self) -> usize {
        0
    }
    fn input_dim(&self) -> usize {
        1
    }
    fn target(&self, _index: usize) -> Target {
        Target::Class(0)
    }
    fn read(&self, _sample: Sample, _start: usize, _x: &mut [f64]) {}
}

#[test]
fn a_data_set_of_no_samples_is_empty() {
    assert!(Nothing.is_empty());
}
