//! Fused layers have the numbers of their parts, computed one after the other.

use barenet::layers::{
    BatchNormConfig, affine_backward, affine_forward, batchnorm_backward, batchnorm_forward_train,
    relu_backward, relu_forward,
};
use barenet::{
    Activation, Arch, Float, FullyConnectedNet, Gemm, GemmArgs, Init, Label, Loss, Mat, MatMut, Op,
    Portable, Rng, Rows, Targets, layer_params,
};
use barenet_blas::{Backend, Kernel};
use barenet_tests::Model;
use barenet_tests::conformance::{FusedCase, TwicePlus, assert_near, normal};
use barenet_tests::tolerance::IDENTITY;

#[test]
fn products_with_an_epilogue_have_the_same_bits_at_any_number_of_threads() {
    for kernel in Kernel::available() {
        let alone = Backend::with_threads(kernel, 1).unwrap();
        for threads in [2, 3] {
            let team = Backend::with_threads(kernel, threads).unwrap();
            for case in FusedCase::all() {
                let found = team.install(|| case.run::<f32>(&team));
                assert!(found == case.run::<f32>(&alone), "{kernel}, {threads}, {case:?}");
            }
        }
    }
}

/// A matrix as [`Rows`] that are not stored.
#[derive(Clone, Copy)]
struct Stored<'a, T>(Mat<'a, T>);

impl<T: Float> Rows<T> for Stored<'_, T> {
    fn shape(&self) -> (usize, usize) {
        self.0.shape()
    }

    fn read(&self, row: usize, start: usize, out: &mut [T]) {
        out.copy_from_slice(&self.0.data()[row * self.0.cols() + start..][..out.len()]);
    }
}

#[test]
fn a_product_of_made_rows_with_an_epilogue_is_that_of_the_definition() {
    for case in FusedCase::all().filter(|case| !case.ta && !case.tb) {
        let [m, k, n] = case.sizes;
        let [x, w, bias, p] = case.numbers::<f32>();
        let (x, w) = (Mat::new(&x, m, k).unwrap(), Mat::new(&w, k, n).unwrap());
        let bias = case.has_bias.then_some(&bias[..]);
        let epilogue = TwicePlus { bias, p: &p, stride: n, cols: n };
        for kernel in Kernel::available() {
            let backend = Backend::with_threads(kernel, 2).unwrap();
            let mut out = vec![f32::NAN; m * n];
            let out_mat = MatMut::new(&mut out, m, n).unwrap();
            let args = GemmArgs::new(Op::new(Stored(x)), w, 0.0, out_mat).unwrap();
            backend.product(args, epilogue);
            assert_near(&out, &case.naive::<f32>(), k, &format!("{kernel}, {case:?}"));
        }
    }
}

/// Loss and gradients of a step, from the layers one by one.
fn by_layers(model: &Model<'_, f64>, x: &[f64], y: &[Label]) -> (f64, Vec<f64>) {
    let (net, batch) = (model.net, y.len());
    let config = BatchNormConfig::default();
    let mut grads = vec![0.0; model.params.len()];
    // What each layer has: its input, what its affine part gives, and x_hat and inv_std.
    let (mut input, mut cached) = (x.to_vec(), Vec::new());
    for layer in net.arch.layers() {
        let (d, m) = (layer.fan_in, layer.fan_out);
        let params = layer_params(&layer, &model.params).unwrap();
        let mat = |data| Mat::new(data, batch, d).unwrap();
        let mut a = vec![0.0; batch * m];
        let a_mat = MatMut::new(&mut a, batch, m).unwrap();
        affine_forward(&Portable, mat(&input), params.w, params.b, a_mat).unwrap();
        let (mut x_hat, mut inv_std) = (vec![0.0; batch * m], vec![0.0; m]);
        let mut out = a.clone();
        if let Some(norm) = params.norm {
            let (mut running_mean, mut running_var) = (vec![0.0; m], vec![0.0; m]);
            batchnorm_forward_train(
                &Portable,
                &config,
                Mat::new(&a, batch, m).unwrap(),
                norm.gamma,
                norm.beta,
                &mut running_mean,
                &mut running_var,
                MatMut::new(&mut x_hat, batch, m).unwrap(),
                &mut inv_std,
                MatMut::new(&mut out, batch, m).unwrap(),
            )
            .unwrap();
        }
        if layer.activation == Activation::Relu {
            let before = out.clone();
            relu_forward(&before, &mut out).unwrap();
        }
        cached.push((std::mem::replace(&mut input, out), x_hat, inv_std));
    }
    let mut dout = vec![0.0; input.len()];
    let classes = net.arch.num_classes();
    let (scores, d) = (Mat::new(&input, batch, classes), MatMut::new(&mut dout, batch, classes));
    let mut loss = net.loss.loss(scores.unwrap(), Targets::Classes(y), d.unwrap()).unwrap();
    let layers: Vec<_> = net.arch.layers().collect();
    for (layer, (layer_input, x_hat, inv_std)) in layers.iter().zip(&cached).rev() {
        let (d, m) = (layer.fan_in, layer.fan_out);
        let params = layer_params(layer, &model.params).unwrap();
        let rest = &mut grads[layer.params_start..];
        let (dw, rest) = rest.split_at_mut(d * m);
        let (db, rest) = rest.split_at_mut(m);
        if layer.activation == Activation::Relu {
            let upstream = dout.clone();
            relu_backward(&upstream, &input, &mut dout).unwrap();
        }
        if let Some(norm) = params.norm {
            let (dgamma, rest) = rest.split_at_mut(m);
            let upstream = dout.clone();
            batchnorm_backward(
                &Portable,
                Mat::new(&upstream, batch, m).unwrap(),
                norm.gamma,
                Mat::new(x_hat, batch, m).unwrap(),
                inv_std,
                MatMut::new(&mut dout, batch, m).unwrap(),
                dgamma,
                &mut rest[..m],
            )
            .unwrap();
        }
        let mut dx = vec![0.0; batch * d];
        affine_backward(
            &Portable,
            Mat::new(&dout, batch, m).unwrap(),
            Mat::new(layer_input, batch, d).unwrap(),
            params.w,
            Some(MatMut::new(&mut dx, batch, d).unwrap()),
            MatMut::new(dw, d, m).unwrap(),
            db,
        )
        .unwrap();
        for (dw, w) in dw.iter_mut().zip(params.w.data()) {
            *dw += net.reg * w;
            loss += 0.5 * net.reg * w * w;
        }
        dout = dx;
        input.clone_from(layer_input);
    }
    (loss, grads)
}

/// A network of these layers, a batch for it, and what is right.
fn step(
    dims: &'static [usize],
    batch: usize,
    batchnorm: bool,
    loss: Loss,
) -> (Model<'static, f64>, Vec<f64>, Vec<Label>) {
    let arch = Arch::new(dims);
    let arch = if batchnorm { arch.with_batchnorm() } else { arch };
    let net = FullyConnectedNet { loss, reg: 0.1, ..FullyConnectedNet::with_arch(arch) };
    let x = normal(5, batch * arch.input_dim());
    (Model::new(net, Init::He, 3), x, (0..5).cycle().take(batch).collect())
}

fn assert_is_that_of_its_layers(dims: &'static [usize], batch: usize, batchnorm: bool, loss: Loss) {
    let (mut model, x, y) = step(dims, batch, batchnorm, loss);
    let (expected, grads) = by_layers(&model, &x, &y);
    for kernel in Kernel::available() {
        let mut alone = None;
        for threads in [1, 2] {
            let backend = Backend::with_threads(kernel, threads).unwrap();
            let found = model.loss_with(&backend, Rng::seed(0), &x, Targets::Classes(&y)).unwrap();
            let what = format!("{dims:?}, {batch}, {batchnorm}, {loss:?}, {kernel}, {threads}");
            assert!((found - expected).abs() < IDENTITY, "{what}: {found} for {expected}");
            for (index, (found, expected)) in model.grads.iter().zip(&grads).enumerate() {
                let near = (found - expected).abs() < IDENTITY;
                assert!(near, "{what}, gradient {index}: {found} for {expected}");
            }
            let of_one = alone.get_or_insert_with(|| model.grads.clone());
            assert!(*of_one == model.grads, "{what}: other bits than on one thread");
        }
    }
}

/// Batches below and above those that the last layer takes in bands, layers of all depths.
#[test]
fn a_step_has_the_loss_and_the_gradients_of_its_layers() {
    let dims: [&[usize]; 3] = [&[12, 5], &[12, 30, 5], &[12, 30, 20, 40, 5]];
    for dims in dims {
        for (batch, batchnorm) in [(3, true), (47, false), (48, true), (101, false), (230, true)] {
            for loss in [Loss::Softmax, Loss::Svm] {
                assert_is_that_of_its_layers(dims, batch, batchnorm, loss);
            }
        }
    }
}

/// Layers so wide that their products are cut between columns.
#[test]
fn a_step_of_wide_layers_has_the_loss_and_the_gradients_of_its_layers() {
    for batch in [2, 32, 101] {
        for batchnorm in [false, true] {
            assert_is_that_of_its_layers(&[12, 600, 1030, 5], batch, batchnorm, Loss::Softmax);
        }
    }
}
