//! Every reference value of the seed document that does not come from numpy's random numbers, at
//! the seed's own tolerance.
//!
//! The seed prints its references with eight decimals, and the error that its own right result has
//! against them. That error is the rounding of the decimals, so a right result reproduces it.

use barenet::gradient_check::{eval_numerical_gradient, rel_error};
use barenet::layers::{affine_forward, relu_forward};
use barenet::optim::{adam, rmsprop, sgd_momentum};
use barenet::{
    FullyConnectedNet, Init, Mat, MatMut, Portable, Rng, Targets, TwoLayerNet, layer_params,
};
use barenet_tests::Model;

/// How much above the seed's printed error is allowed: the last bit of a result may differ.
const SLACK: f64 = 1.0 + 1e-5;

/// The seed's bound for the summed difference of its scores, which have eight decimals.
const SCORES: f64 = 1e-6;

/// The seed's bound for its losses, which have ten decimals.
const LOSS: f64 = 1e-10;

/// `num` numbers from `start` to `end`, as numpy's `linspace`.
fn linspace(start: f64, end: f64, num: usize) -> Vec<f64> {
    let step = (end - start) / (num - 1) as f64;
    (0..num).map(|i| start + i as f64 * step).collect()
}

#[track_caller]
fn assert_reproduces(what: &str, found: &[f64], expected: &[f64], seed_error: f64) {
    let error = rel_error(found, expected);
    println!("{what}: error {error:.3e}, the seed's {seed_error:.3e}");
    assert!(error <= seed_error * SLACK, "{what}: error {error:e}, the seed's {seed_error:e}");
}

#[test]
fn affine_forward_gives_the_outputs_of_the_seed() {
    let (x, w, b) =
        (linspace(-0.1, 0.5, 2 * 120), linspace(-0.2, 0.3, 120 * 3), linspace(-0.3, 0.1, 3));
    let (x, w) = (Mat::new(&x, 2, 120).unwrap(), Mat::new(&w, 120, 3).unwrap());
    let mut out = [f64::NAN; 6];
    affine_forward(&Portable, x, w, &b, MatMut::new(&mut out, 2, 3).unwrap()).unwrap();
    let expected = [1.49834967, 1.70660132, 1.91485297, 3.25553199, 3.5141327, 3.77273342];
    assert_reproduces("out", &out, &expected, 9.769848888397517e-10);
}

#[test]
fn relu_forward_gives_the_outputs_of_the_seed() {
    let mut out = [f64::NAN; 12];
    relu_forward(&linspace(-0.5, 0.5, 12), &mut out).unwrap();
    let expected = [
        0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.04545455, 0.13636364, 0.22727273, 0.31818182, 0.40909091,
        0.5,
    ];
    assert_reproduces("out", &out, &expected, 4.999999798022158e-08);
}

const TWO_LAYER_SIZES: (usize, usize, usize) = (5, 50, 7);
const TWO_LAYER_LABELS: [u32; 3] = [0, 5, 1];

/// The seed's two-layer network with its evenly spaced weights.
fn two_layer(net: FullyConnectedNet<'_, f64>) -> Model<'_, f64> {
    let (d, h, c) = TWO_LAYER_SIZES;
    let mut model = Model::new(net, Init::He, 0);
    model.params = linspace(-0.7, 0.3, d * h);
    model.params.extend(linspace(-0.1, 0.9, h));
    model.params.extend(linspace(-0.3, 0.4, h * c));
    model.params.extend(linspace(-0.9, 0.1, c));
    model
}

/// `np.linspace(-5.5, 4.5, num=N*D).reshape(D, N).T`.
fn two_layer_inputs() -> Vec<f64> {
    let columns = linspace(-5.5, 4.5, 15);
    (0..3).flat_map(|n| (0..5).map(move |d| d * 3 + n)).map(|i| columns[i]).collect()
}

#[test]
fn two_layer_net_starts_with_the_asked_deviation_and_zero_biases() {
    let (d, h, c) = TWO_LAYER_SIZES;
    let two_layer = TwoLayerNet::new(d, h, c).unwrap();
    let std = 1e-3;
    let model = Model::<f64>::new(two_layer.net(), Init::Gaussian { weight_scale: std }, 231);
    for layer in two_layer.arch().layers() {
        let layer = layer_params(&layer, &model.params).unwrap();
        let w = layer.w.data();
        let mean = w.iter().sum::<f64>() / w.len() as f64;
        let var = w.iter().map(|w| (w - mean) * (w - mean)).sum::<f64>() / w.len() as f64;
        assert!((var.sqrt() - std).abs() < std / 10.0, "{}", var.sqrt());
        assert!(layer.b.iter().all(|&b| b == 0.0));
    }
}

#[test]
fn two_layer_net_gives_the_scores_of_the_seed() {
    let (d, h, c) = TWO_LAYER_SIZES;
    let net = TwoLayerNet::new(d, h, c).unwrap();
    let scores = two_layer(net.net()).scores(&two_layer_inputs());
    #[rustfmt::skip]
    let expected = [
        11.53165108, 12.2917344,  13.05181771, 13.81190102, 14.57198434, 15.33206765, 16.09215096,
        12.05769098, 12.74614105, 13.43459113, 14.1230412,  14.81149128, 15.49994135, 16.18839143,
        12.58373087, 13.20054771, 13.81736455, 14.43418138, 15.05099822, 15.66781506, 16.2846319,
    ];
    assert_eq!(scores.len(), expected.len());
    let difference: f64 = scores.iter().zip(expected).map(|(s, e)| (s - e).abs()).sum();
    assert!(difference < SCORES, "{difference:e}");
}

#[test]
fn two_layer_net_gives_the_losses_of_the_seed() {
    let (d, h, c) = TWO_LAYER_SIZES;
    let net = TwoLayerNet::new(d, h, c).unwrap();
    for (reg, expected) in [(0.0, 3.4702243556), (1.0, 26.5948426952)] {
        let mut model = two_layer(FullyConnectedNet { reg, ..net.net() });
        let loss =
            model.loss(Rng::seed(0), &two_layer_inputs(), Targets::Classes(&TWO_LAYER_LABELS));
        assert!((loss - expected).abs() < LOSS, "reg {reg}: {loss} for {expected}");
    }
}

/// The weights are given, so this gradient check of the seed needs no random numbers of numpy's.
#[test]
fn two_layer_net_gradients_err_no_more_than_those_of_the_seed() {
    let (d, h, c) = TWO_LAYER_SIZES;
    let net = TwoLayerNet::new(d, h, c).unwrap();
    // The seed's errors of W1, b1, W2, b2.
    let seed_errors = [
        (0.0, [1.83e-08, 8.01e-09, 3.37e-10, 4.33e-10]),
        (0.7, [2.53e-07, 1.35e-08, 7.98e-08, 1.97e-09]),
    ];
    let x = two_layer_inputs();
    for (reg, seed_errors) in seed_errors {
        let mut model = two_layer(FullyConnectedNet { reg, ..net.net() });
        model.loss(Rng::seed(0), &x, Targets::Classes(&TWO_LAYER_LABELS));
        let analytic = model.grads.clone();
        let (mut params, mut numerical) = (model.params.clone(), vec![0.0; analytic.len()]);
        let mut loss = |params: &[f64]| {
            model.params.copy_from_slice(params);
            model.loss(Rng::seed(0), &x, Targets::Classes(&TWO_LAYER_LABELS))
        };
        eval_numerical_gradient(&mut loss, &mut params, 1e-4, &mut numerical).unwrap();
        let mut start = 0;
        for (name, (len, seed_error)) in ["W1", "b1", "W2", "b2"]
            .into_iter()
            .zip([d * h, h, h * c, c].into_iter().zip(seed_errors))
        {
            let range = start..start + len;
            let error = rel_error(&numerical[range.clone()], &analytic[range]);
            println!("reg {reg} {name}: error {error:.2e}, the seed's {seed_error:.2e}");
            assert!(error <= seed_error, "reg {reg} {name}: {error:e} above {seed_error:e}");
            start += len;
        }
    }
}

/// The evenly spaced `w` and `dw` of the seed's three tests of update rules.
fn weights_and_gradients() -> (Vec<f64>, Vec<f64>) {
    (linspace(-0.4, 0.6, 20), linspace(-0.6, 0.4, 20))
}

#[test]
fn sgd_momentum_gives_the_step_of_the_seed() {
    let ((mut w, dw), mut velocity) = (weights_and_gradients(), linspace(0.6, 0.9, 20));
    sgd_momentum(&mut w, &dw, &mut velocity, 1e-3, 0.9).unwrap();
    #[rustfmt::skip]
    let expected_next_w = [
        0.1406,     0.20738947, 0.27417895, 0.34096842, 0.40775789,
        0.47454737, 0.54133684, 0.60812632, 0.67491579, 0.74170526,
        0.80849474, 0.87528421, 0.94207368, 1.00886316, 1.07565263,
        1.14244211, 1.20923158, 1.27602105, 1.34281053, 1.4096,
    ];
    #[rustfmt::skip]
    let expected_velocity = [
        0.5406,     0.55475789, 0.56891579, 0.58307368, 0.59723158,
        0.61138947, 0.62554737, 0.63970526, 0.65386316, 0.66802105,
        0.68217895, 0.69633684, 0.71049474, 0.72465263, 0.73881053,
        0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096,
    ];
    assert_reproduces("next_w", &w, &expected_next_w, 8.882347033505819e-09);
    assert_reproduces("velocity", &velocity, &expected_velocity, 4.269287743278663e-09);
}

#[test]
fn rmsprop_gives_the_step_of_the_seed() {
    let ((mut w, dw), mut cache) = (weights_and_gradients(), linspace(0.6, 0.9, 20));
    rmsprop(&mut w, &dw, &mut cache, 1e-2, 0.99, 1e-8).unwrap();
    #[rustfmt::skip]
    let expected_next_w = [
        -0.39223849, -0.34037513, -0.28849239, -0.23659121, -0.18467247,
        -0.132737,   -0.08078555, -0.02881884,  0.02316247,  0.07515774,
         0.12716641,  0.17918792,  0.23122175,  0.28326742,  0.33532447,
         0.38739248,  0.43947102,  0.49155973,  0.54365823,  0.59576619,
    ];
    #[rustfmt::skip]
    let expected_cache = [
        0.5976,     0.6126277,  0.6277108,  0.64284931, 0.65804321,
        0.67329252, 0.68859723, 0.70395734, 0.71937285, 0.73484377,
        0.75037008, 0.7659518,  0.78158892, 0.79728144, 0.81302936,
        0.82883269, 0.84469141, 0.86060554, 0.87657507, 0.8926,
    ];
    assert_reproduces("next_w", &w, &expected_next_w, 9.524687511038133e-08);
    assert_reproduces("cache", &cache, &expected_cache, 2.6477955807156126e-09);
}

#[test]
fn adam_gives_the_step_of_the_seed() {
    let (mut w, dw) = weights_and_gradients();
    let (mut m, mut v) = (linspace(0.6, 0.9, 20), linspace(0.7, 0.5, 20));
    // The seed's t = 5 counts the steps done; this is the sixth.
    adam(&mut w, &dw, &mut m, &mut v, 1e-2, 6, 0.9, 0.999, 1e-8).unwrap();
    #[rustfmt::skip]
    let expected_next_w = [
        -0.40094747, -0.34836187, -0.29577703, -0.24319299, -0.19060977,
        -0.1380274,  -0.08544591, -0.03286534,  0.01971428,  0.0722929,
         0.1248705,   0.17744702,  0.23002243,  0.28259667,  0.33516969,
         0.38774145,  0.44031188,  0.49288093,  0.54544852,  0.59801459,
    ];
    #[rustfmt::skip]
    let expected_v = [
        0.69966,    0.68908382, 0.67851319, 0.66794809, 0.65738853,
        0.64683452, 0.63628604, 0.6257431,  0.61520571, 0.60467385,
        0.59414753, 0.58362676, 0.57311152, 0.56260183, 0.55209767,
        0.54159906, 0.53110598, 0.52061845, 0.51013645, 0.49966,
    ];
    #[rustfmt::skip]
    let expected_m = [
        0.48,       0.49947368, 0.51894737, 0.53842105, 0.55789474,
        0.57736842, 0.59684211, 0.61631579, 0.63578947, 0.65526316,
        0.67473684, 0.69421053, 0.71368421, 0.73315789, 0.75263158,
        0.77210526, 0.79157895, 0.81105263, 0.83052632, 0.85,
    ];
    assert_reproduces("next_w", &w, &expected_next_w, 1.1395691798535431e-07);
    assert_reproduces("v", &v, &expected_v, 4.208314038113071e-09);
    assert_reproduces("m", &m, &expected_m, 4.214963193114416e-09);
}
