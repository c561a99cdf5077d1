//! Every reference file, in f64 and f32.

use barenet::gradient_check::rel_error;
use barenet::layers::*;
use barenet::{
    Arch, Float, FullyConnectedNet, Init, Loss, Mat, MatMut, Portable, Rng, Targets, UpdateRule,
};
use barenet_tests::tolerance::{GOLDEN_F32, GOLDEN_F64, TRAJECTORY_F32};
use barenet_tests::{Golden, Model};

fn tolerance<T: Float>() -> f64 {
    if T::NAME == "float64" { GOLDEN_F64 } else { GOLDEN_F32 }
}

#[track_caller]
fn close<T: Float>(what: &str, found: &[T], expected: &[T]) {
    within(what, found, expected, tolerance::<T>());
}

/// Relative error, with numbers below a thousandth of the largest held against that thousandth: a
/// sum that happens to cancel has no relative accuracy.
#[track_caller]
pub(crate) fn within<T: Float>(what: &str, found: &[T], expected: &[T], tolerance: f64) {
    let floor = expected.iter().fold(0.0_f64, |max, x| max.max(x.to_f64().abs())) * 1e-3;
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        let (a, b) = (a.to_f64(), b.to_f64());
        let error = (a - b).abs() / (a.abs() + b.abs()).max(floor).max(1e-8);
        assert!(error <= tolerance, "{what}[{i}]: {a} for {b}, error {error:e}");
    }
    assert!(rel_error(found, expected).is_finite(), "{what}");
}

macro_rules! both_types {
    ($($name:ident => $check:ident;)+) => {
        mod in_f64 { $(#[test] fn $name() { super::$check::<f64>(); })+ }
        mod in_f32 { $(#[test] fn $name() { super::$check::<f32>(); })+ }
    };
}

both_types! {
    affine_equals_pytorch => affine;
    relu_equals_pytorch => relu;
    batchnorm_equals_pytorch => batchnorm;
    dropout_equals_pytorch => dropout;
    softmax_loss_equals_pytorch => softmax;
    svm_loss_equals_pytorch => svm;
    update_rules_equal_pytorch => update_rules;
    a_network_equals_pytorch => network;
    a_network_with_batchnorm_equals_pytorch => network_with_batchnorm;
    a_network_with_batchnorm_and_mse_equals_pytorch => network_with_mse;
    forty_steps_of_training_equal_pytorch => trajectory;
}

fn affine<T: Float>() {
    let g = Golden::read("affine");
    let [x, w, b, dout] = ["x", "w", "b", "dout"].map(|key| g.array::<T>(key));
    let (x, w) = (Mat::new(&x, 5, 7).unwrap(), Mat::new(&w, 7, 4).unwrap());
    let (mut out, mut dx, mut dw, mut db) =
        (vec![T::ZERO; 20], vec![T::ZERO; 35], vec![T::ZERO; 28], vec![T::ZERO; 4]);
    affine_forward(&Portable, x, w, &b, MatMut::new(&mut out, 5, 4).unwrap()).unwrap();
    let dout = Mat::new(&dout, 5, 4).unwrap();
    let dx_mat = MatMut::new(&mut dx, 5, 7).unwrap();
    let dw_mat = MatMut::new(&mut dw, 7, 4).unwrap();
    affine_backward(&Portable, dout, x, w, Some(dx_mat), dw_mat, &mut db).unwrap();
    for (name, found) in [("out", &out), ("dx", &dx), ("dw", &dw), ("db", &db)] {
        close(name, found, &g.array(name));
    }
}

fn relu<T: Float>() {
    let g = Golden::read("relu");
    let (x, dout) = (g.array::<T>("x"), g.array::<T>("dout"));
    let (mut out, mut dx) = (vec![T::ONE; 54], vec![T::ONE; 54]);
    relu_forward(&x, &mut out).unwrap();
    relu_backward(&dout, &out, &mut dx).unwrap();
    close("out", &out, &g.array("out"));
    close("dx", &dx, &g.array("dx"));
}

fn batchnorm<T: Float>() {
    let g = Golden::read("batchnorm");
    let [x, gamma, beta, dout] = ["x", "gamma", "beta", "dout"].map(|key| g.array::<T>(key));
    let (mut mean, mut var) = (g.array::<T>("running_mean"), g.array::<T>("running_var"));
    let config = BatchNormConfig { eps: g.number("eps"), momentum: g.number("momentum") };
    let zeros = || vec![T::ZERO; 35];
    let (mut x_hat, mut out, mut dx, mut out_test) = (zeros(), zeros(), zeros(), zeros());
    let (mut inv_std, mut dgamma, mut dbeta) =
        (vec![T::ZERO; 5], vec![T::ZERO; 5], vec![T::ZERO; 5]);
    let x = Mat::new(&x, 7, 5).unwrap();
    batchnorm_forward_train(
        &Portable,
        &config,
        x,
        &gamma,
        &beta,
        &mut mean,
        &mut var,
        MatMut::new(&mut x_hat, 7, 5).unwrap(),
        &mut inv_std,
        MatMut::new(&mut out, 7, 5).unwrap(),
    )
    .unwrap();
    batchnorm_backward(
        &Portable,
        Mat::new(&dout, 7, 5).unwrap(),
        &gamma,
        Mat::new(&x_hat, 7, 5).unwrap(),
        &inv_std,
        MatMut::new(&mut dx, 7, 5).unwrap(),
        &mut dgamma,
        &mut dbeta,
    )
    .unwrap();
    let out_mat = MatMut::new(&mut out_test, 7, 5).unwrap();
    batchnorm_forward_test(&Portable, &config, x, &gamma, &beta, &mean, &var, out_mat).unwrap();
    for (name, found) in [
        ("out", &out),
        ("dx", &dx),
        ("dgamma", &dgamma),
        ("dbeta", &dbeta),
        ("running_mean_after", &mean),
        ("running_var_after", &var),
        ("out_test_after", &out_test),
    ] {
        close(name, found, &g.array(name));
    }
}

fn dropout<T: Float>() {
    let g = Golden::read("dropout");
    let [x, mut mask, dout] = ["x", "mask", "dout"].map(|key| g.array::<T>(key));
    // The file may hold what was kept as 1; this library's mask has the factor in it.
    let scale = T::ONE / g.number::<T>("keep_prob");
    for m in &mut mask {
        *m = if *m == T::ZERO { T::ZERO } else { scale };
    }
    let (mut out, mut dx) = (vec![T::ZERO; 48], vec![T::ZERO; 48]);
    dropout_forward(&x, &mask, &mut out).unwrap();
    dropout_backward(&dout, &mask, &mut dx).unwrap();
    close("out", &out, &g.array("out"));
    close("dx", &dx, &g.array("dx"));
}

fn softmax<T: Float>() {
    let g = Golden::read("softmax_loss");
    let y = g.labels("y");
    for prefix in ["", "big_"] {
        let x = g.array::<T>(&format!("{prefix}x"));
        let mut dx = vec![T::ZERO; 48];
        let dx_mat = MatMut::new(&mut dx, 8, 6).unwrap();
        let loss = softmax_loss(Mat::new(&x, 8, 6).unwrap(), &y, dx_mat).unwrap();
        close("loss", &[loss], &[g.number(&format!("{prefix}loss"))]);
        close("dx", &dx, &g.array(&format!("{prefix}dx")));
    }
}

fn svm<T: Float>() {
    let g = Golden::read("svm_loss");
    let x = g.array::<T>("x");
    let mut dx = vec![T::ZERO; 48];
    let dx_mat = MatMut::new(&mut dx, 8, 6).unwrap();
    let loss = svm_loss(Mat::new(&x, 8, 6).unwrap(), &g.labels("y"), dx_mat).unwrap();
    close("loss", &[loss], &[g.number("loss")]);
    close("dx", &dx, &g.array("dx"));
}

fn update_rules<T: Float>() {
    let g = Golden::read("optimizers");
    let grads = g.array::<T>("grads");
    // Muon, which is for matrices, has its references in `core/src/optim/muon/tests.rs`.
    for name in UpdateRule::<T>::NAMES.into_iter().filter(|&name| name != "muon") {
        let rule = UpdateRule::<T>::from_name(name).unwrap();
        let learning_rate = rule.default_learning_rate();
        let mut w = g.array::<T>("w0");
        let mut state = vec![T::ZERO; rule.state_per_param() * w.len()];
        let expected = g.array::<T>(&format!("steps/{name}"));
        for (t, (dw, expected)) in (1..).zip(grads.chunks(12).zip(expected.chunks(12))) {
            rule.update(&Portable, learning_rate, t, &mut w, dw, &mut state).unwrap();
            close(name, &w, expected);
        }
    }
}

fn network<T: Float>() {
    check_network::<T>("net", false);
}

fn network_with_batchnorm<T: Float>() {
    check_network::<T>("net_batchnorm", true);
}

// goldens/net_mse.json, by PyTorch 2.15 in float64; W, b, gamma and beta are drawn with torch.randn:
//
// ```python
// for l in range(1, L + 1):
//     h = h @ P[f"W{l}"] + P[f"b{l}"]
//     if l < L:
//         h = batch_norm(h, None, None, P[f"gamma{l}"], P[f"beta{l}"], training=True, eps=eps).relu()
// data_loss = torch.nn.MSELoss()(h, y)
// loss = data_loss + 0.5 * reg * sum((P[f"W{l}"] ** 2).sum() for l in range(1, L + 1))
// loss.backward()
// ```
fn network_with_mse<T: Float>() {
    check_network::<T>("net_mse", true);
}

fn check_network<T: Float>(file: &str, batchnorm: bool) {
    let g = Golden::read(file);
    let dims = g.sizes("dims");
    let arch = Arch::try_new(&dims).unwrap();
    let arch = if batchnorm { arch.with_batchnorm() } else { arch };
    let mut net = FullyConnectedNet { reg: g.number("reg"), ..FullyConnectedNet::with_arch(arch) };
    net.batchnorm.eps = g.number("eps");
    let mut model = Model::<T>::new(net, Init::He, 0);
    model.params = g.params("params", 3);
    let x = g.array::<T>("x");
    let (labels, values, values_mat);
    let y = if file == "net_mse" {
        model.net.loss = Loss::Mse;
        values = g.array::<T>("y");
        values_mat = Mat::new(&values, x.len() / dims[0], dims[3]).unwrap();
        Targets::Values(&values_mat)
    } else {
        labels = g.labels("y");
        Targets::Classes(&labels)
    };
    let loss = model.loss(Rng::seed(0), &x, y);
    close("loss", &[loss], &[g.number("loss")]);
    close("grads", &model.grads, &g.params("grads", 3));
    if !batchnorm {
        close("scores", &model.scores(&x), &g.array("scores"));
    }
    model.net.reg = T::ZERO;
    let data_loss = model.loss(Rng::seed(0), &x, y);
    close("data_loss", &[data_loss], &[g.number("data_loss")]);
}

fn trajectory<T: Float>() {
    let g = Golden::read("trajectory");
    let dims = g.sizes("dims");
    let (batch, learning_rate) = (g.sizes("batch_size")[0], g.number::<T>("lr"));
    let arch = Arch::try_new(&dims).unwrap();
    let net = FullyConnectedNet { reg: g.number("reg"), ..FullyConnectedNet::with_arch(arch) };
    let mut model = Model::<T>::new(net, Init::He, 0);
    model.params = g.params("init", 3);
    let (x, y) = (g.array::<T>("x"), g.labels("y"));
    let batches = x.chunks(batch * dims[0]).zip(y.chunks(batch)).cycle();
    let rule = UpdateRule::<T>::from_name("adam").unwrap();
    let mut state = vec![T::ZERO; 2 * model.params.len()];
    let mut losses = Vec::new();
    for (t, (x, y)) in (1..).zip(batches.take(40)) {
        losses.push(model.loss(Rng::seed(0), x, Targets::Classes(y)));
        let Model { params, grads, .. } = &mut model;
        rule.update(&Portable, learning_rate, t, params, grads, &mut state).unwrap();
    }
    let tolerance = if T::NAME == "float64" { GOLDEN_F64 } else { TRAJECTORY_F32 };
    within("loss_history", &losses, &g.array("loss_history"), tolerance);
    within("final", &model.params, &g.params("final", 3), tolerance);
}
