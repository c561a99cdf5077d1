//! The flat slices: carved without overlap or gap, never read before they are written, refused when
//! they do not fit.

use barenet::layers::{
    BatchNormConfig, affine_backward, affine_forward, affine_relu_backward, affine_relu_forward,
    batchnorm_backward, batchnorm_forward_test, batchnorm_forward_train, dropout_backward,
    dropout_forward, relu_backward, relu_forward, softmax_loss, svm_loss,
};
use barenet::{
    Arch, Error, FullyConnectedNet, Init, Label, Loss, Mat, MatMut, Portable, Rng, ShapeError,
    Targets, TrainState, Weights, layer_grads, layer_params, layer_running, layer_running_mut,
};
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn arch(dims: &[usize], norm: bool) -> Arch<'_> {
    let arch = Arch::try_new(dims).unwrap();
    if norm { arch.with_batchnorm() } else { arch }
}

fn normal(seed: u64, len: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    Rng::seed(seed).fill_normal(1.0, &mut numbers);
    numbers
}

fn labels(seed: u64, len: usize, num_classes: usize) -> Vec<Label> {
    let mut rng = Rng::seed(seed).fork(2);
    (0..len).map(|_| rng.below(num_classes as u64) as Label).collect()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|v| v.to_bits()).collect()
}

prop_compose! {
    fn nets()(
        dims in prop::collection::vec(1..9_usize, 2..6),
        norm: bool,
        keep_prob in prop_oneof![Just(1.0), 0.2..1.0],
        reg in prop_oneof![Just(0.0), Just(0.5)],
        svm: bool,
    ) -> (Vec<usize>, bool, f64, f64, Loss) {
        (dims, norm, keep_prob, reg, if svm { Loss::Svm } else { Loss::Softmax })
    }
}

type Net = (Vec<usize>, bool, f64, f64, Loss);

fn net((dims, norm, keep_prob, reg, loss): &Net) -> FullyConnectedNet<'_, f64> {
    FullyConnectedNet {
        keep_prob: *keep_prob,
        reg: *reg,
        loss: *loss,
        ..FullyConnectedNet::with_arch(arch(dims, *norm))
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_layers_share_out_params_without_overlap_or_gap(net_of in nets()) {
        let arch = net(&net_of).arch;
        let mut params = vec![0_u32; arch.num_params()];
        let mut next = 1..;
        let mut write = |slice: &mut [u32]| {
            slice.iter_mut().zip(&mut next).for_each(|(place, number)| *place += number);
        };
        for layer in arch.layers() {
            let mut grads = layer_grads(&layer, &mut params).unwrap();
            prop_assert_eq!(grads.dw.shape(), (layer.fan_in, layer.fan_out));
            prop_assert_eq!(grads.norm.is_some(), layer.batchnorm);
            write(grads.dw.data_mut());
            write(grads.db);
            if let Some(norm) = grads.norm {
                write(norm.dgamma);
                write(norm.dbeta);
            }
        }
        // Every place was written once, in the order of the layout.
        let count = arch.num_params() as u32;
        prop_assert_eq!(&params, &(1..=count).collect::<Vec<_>>());
        // Reading finds what writing put there.
        let mut read = Vec::new();
        for layer in arch.layers() {
            let layer = layer_params(&layer, &params).unwrap();
            read.extend_from_slice(layer.w.data());
            read.extend_from_slice(layer.b);
            if let Some(norm) = layer.norm {
                read.extend_from_slice(norm.gamma);
                read.extend_from_slice(norm.beta);
            }
        }
        prop_assert_eq!(read, params);
    }

    #[test]
    fn the_layers_share_out_running_without_overlap_or_gap(net_of in nets()) {
        let arch = net(&net_of).arch;
        let mut running = vec![0_u32; arch.num_running()];
        let mut next = 1..;
        for layer in arch.layers() {
            if let Some(stats) = layer_running_mut(&layer, &mut running) {
                for slice in [stats.mean, stats.var] {
                    slice.iter_mut().zip(&mut next).for_each(|(place, number)| *place += number);
                }
            }
        }
        let count = arch.num_running() as u32;
        prop_assert_eq!(&running, &(1..=count).collect::<Vec<_>>());
        let read: Vec<u32> = arch
            .layers()
            .filter_map(|layer| layer_running(&layer, &running))
            .flat_map(|stats| [stats.mean, stats.var].concat())
            .collect();
        prop_assert_eq!(read, running);
    }

    #[test]
    fn nothing_is_read_before_it_is_written(net_of in nets(), batch in 1..6_usize, seed: u64) {
        let net = net(&net_of);
        let arch = net.arch;
        let (x, y) = (normal(seed, batch * arch.input_dim()), labels(seed, batch, arch.num_classes()));
        let run = |fill: f64| {
            let (mut params, mut running) =
                (vec![fill; arch.num_params()], vec![fill; arch.num_running()]);
            let mut grads = vec![fill; arch.num_params()];
            let mut workspace = vec![fill; arch.train_workspace_len(batch)];
            let mut state =
                TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace).unwrap();
            net.init(Init::He, Rng::seed(seed), &mut state);
            let x = Mat::new(&x, batch, arch.input_dim()).unwrap();
            let loss = net.loss(&Portable, Rng::seed(1), &mut state, x, Targets::Classes(&y)).unwrap();
            let mut workspace = vec![fill; arch.infer_workspace_len(batch)];
            let weights = Weights::new(&arch, &params, &running).unwrap();
            let scores = net.scores(&Portable, weights, x, &mut workspace).unwrap();
            [vec![loss], grads, running, params, scores.data().to_vec()].concat()
        };
        let (zeros, nans) = (run(0.0), run(f64::NAN));
        prop_assert!(zeros.iter().all(|v| v.is_finite()));
        prop_assert_eq!(bits(&zeros), bits(&nans));
    }

    #[test]
    fn a_workspace_of_the_promised_length_is_enough_and_one_element_less_is_refused(
        net_of in nets(), batch in 1..6_usize, longer in 0..9_usize,
    ) {
        let net = net(&net_of);
        let arch = net.arch;
        let (x, y) = (normal(1, batch * arch.input_dim()), labels(1, batch, arch.num_classes()));
        let x = Mat::new(&x, batch, arch.input_dim()).unwrap();
        let (mut params, mut running) = (vec![0.0; arch.num_params()], vec![1.0; arch.num_running()]);
        let mut grads = vec![0.0; arch.num_params()];
        let mut loss = |len: usize| {
            let mut workspace = vec![f64::NAN; len];
            let mut state =
                TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace).unwrap();
            net.loss(&Portable, Rng::seed(1), &mut state, x, Targets::Classes(&y))
        };
        let required = arch.train_workspace_len(batch);
        prop_assert!(loss(required + longer).is_ok());
        let refused = |required| {
            Error::BufferTooSmall { what: "workspace", required, found: required - 1 }
        };
        prop_assert_eq!(loss(required - 1), Err(refused(required)));
        let weights = Weights::new(&arch, &params, &running).unwrap();
        let scores = |len: usize| {
            net.scores(&Portable, weights, x, &mut vec![f64::NAN; len]).map(|scores| scores.shape())
        };
        let required = arch.infer_workspace_len(batch);
        prop_assert_eq!(scores(required + longer), Ok((batch, arch.num_classes())));
        prop_assert_eq!(scores(required - 1), Err(refused(required)));
    }

    #[test]
    fn slices_of_another_architecture_are_refused_by_name(net_of in nets(), which in 0..3_usize, more: bool) {
        let arch = net(&net_of).arch;
        let mut lens = [arch.num_params(), arch.num_running(), arch.num_params()];
        prop_assume!(more || lens[which] > 0);
        lens[which] = if more { lens[which] + 1 } else { lens[which] - 1 };
        let [mut params, mut running, mut grads] = lens.map(|len| vec![0.0_f32; len]);
        let name = ["params", "running", "grads"][which];
        if which < 2 {
            let error = Weights::new(&arch, &params, &running).unwrap_err();
            let named = matches!(error, Error::Shape(ShapeError { what, .. }) if what == name);
            prop_assert!(named, "{error}");
        }
        let error =
            TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut []).unwrap_err();
        let named = matches!(error, Error::Shape(ShapeError { what, .. }) if what == name);
        prop_assert!(named, "{error}");
    }

    #[test]
    fn inputs_that_do_not_fit_the_network_are_refused(
        net_of in nets(), rows in 0..4_usize, cols in 0..10_usize, num_labels in 0..4_usize,
    ) {
        let net = net(&net_of);
        let arch = net.arch;
        let (x, y) = (normal(1, rows * cols), labels(1, num_labels, arch.num_classes()));
        let x = Mat::new(&x, rows, cols).unwrap();
        let (mut params, mut running) = (vec![0.5; arch.num_params()], vec![1.0; arch.num_running()]);
        let mut grads = vec![7.0; arch.num_params()];
        let mut workspace = vec![0.0; arch.train_workspace_len(rows)];
        let mut state =
            TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace).unwrap();
        let loss = net.loss(&Portable, Rng::seed(1), &mut state, x, Targets::Classes(&y));
        prop_assert_eq!(loss.is_ok(), cols == arch.input_dim() && num_labels == rows);
        if loss.is_err() {
            prop_assert!(grads.iter().all(|&grad| grad == 7.0));
        }
        let weights = Weights::new(&arch, &params, &running).unwrap();
        let mut workspace = vec![0.0; arch.infer_workspace_len(rows)];
        let scores = net.scores(&Portable, weights, x, &mut workspace);
        prop_assert_eq!(scores.is_ok(), cols == arch.input_dim());
    }

    #[test]
    fn a_label_out_of_range_is_refused_by_its_place(
        net_of in nets(), batch in 1..6_usize, at: prop::sample::Index, above in 0..3_u32,
    ) {
        let net = net(&net_of);
        let arch = net.arch;
        let (x, mut y) = (normal(1, batch * arch.input_dim()), labels(1, batch, arch.num_classes()));
        let (index, num_classes) = (at.index(batch), arch.num_classes());
        let label = if above == 2 { Label::MAX } else { num_classes as Label + above };
        y[index] = label;
        let (mut params, mut running) = (vec![0.5; arch.num_params()], vec![1.0; arch.num_running()]);
        let mut grads = vec![7.0; arch.num_params()];
        let mut workspace = vec![0.0; arch.train_workspace_len(batch)];
        let mut state =
            TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace).unwrap();
        let x = Mat::new(&x, batch, arch.input_dim()).unwrap();
        let loss = net.loss(&Portable, Rng::seed(1), &mut state, x, Targets::Classes(&y));
        prop_assert_eq!(loss, Err(Error::InvalidLabel { index, label, num_classes }));
        prop_assert!(grads.iter().all(|&grad| grad == 7.0));
    }

    #[test]
    fn absurd_sizes_are_errors(dims in prop::collection::vec(
        prop_oneof![Just(0), Just(1), 2..100_usize, Just(usize::MAX), Just(1 << 32), any::<usize>()], 0..5,
    )) {
        // What is accepted has lengths that fit in memory's addresses, computed without overflow.
        if let Ok(arch) = Arch::try_new(&dims) {
            prop_assert!(arch.with_batchnorm().num_params() <= usize::MAX / 16);
            prop_assert!(arch.with_batchnorm().num_running() <= usize::MAX / 16);
            prop_assert!(dims.len() >= 2 && !dims.contains(&0));
        }
    }
}

#[test]
fn a_keep_prob_out_of_range_is_refused() {
    let arch = Arch::new(&[2, 3, 2]);
    for keep_prob in [0.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
        let net = FullyConnectedNet { keep_prob, ..FullyConnectedNet::with_arch(arch) };
        let (mut params, mut grads) = (vec![0.5; arch.num_params()], vec![0.0; arch.num_params()]);
        let mut workspace = vec![0.0; arch.train_workspace_len(1)];
        let mut state =
            TrainState::new(&arch, &mut params, &mut [], &mut grads, &mut workspace).unwrap();
        let x = Mat::new(&[1.0, 2.0], 1, 2).unwrap();
        let loss = net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(&[0]));
        assert!(matches!(loss, Err(Error::InvalidConfig { .. })), "{keep_prob}");
    }
}

/// Content of the outputs before a call; a call that fails leaves it there.
const UNTOUCHED: f64 = 7.0;

/// The sizes of a layer of N × D inputs and M outputs.
const SIZES: (usize, usize, usize) = (3, 4, 2);

/// Calls a layer once with everything fitting, then once for each argument with one row, column or
/// element too many or too few. The error has to name that argument, and nothing may be written.
///
/// `call` gets the shapes and, for each, whether it is written; it returns the outputs.
#[track_caller]
fn each_misfit_is_named(
    args: &[(&'static str, (usize, usize))],
    call: impl Fn(&[(usize, usize)]) -> (Result<(), Error>, Vec<Vec<f64>>),
) {
    let fitting: Vec<_> = args.iter().map(|&(_, shape)| shape).collect();
    assert_eq!(call(&fitting).0, Ok(()));
    for (index, &(name, (rows, cols))) in args.iter().enumerate().skip(1) {
        // M is what `w` has for columns: with others, it is the rest that does not fit.
        let mut misfits =
            if name == "w" { vec![] } else { vec![(rows, cols + 1), (rows, cols - 1)] };
        if rows > 1 {
            misfits.extend([(rows + 1, cols), (rows - 1, cols), (0, cols)]);
        }
        for shape in misfits {
            let mut shapes = fitting.clone();
            shapes[index] = shape;
            let (result, outputs) = call(&shapes);
            match result {
                Err(Error::Shape(error)) => assert_eq!(error.what, name, "{shape:?}: {error}"),
                other => panic!("{name} of shape {shape:?} gives {other:?}"),
            }
            assert!(outputs.iter().flatten().all(|&v| v == UNTOUCHED), "{name} of shape {shape:?}");
        }
    }
}

fn zeros((rows, cols): (usize, usize)) -> Vec<f64> {
    vec![0.0; rows * cols]
}

fn outputs<const N: usize>(shapes: [(usize, usize); N]) -> [Vec<f64>; N] {
    shapes.map(|(rows, cols)| vec![UNTOUCHED; rows * cols])
}

fn view(data: &[f64], (rows, cols): (usize, usize)) -> Mat<'_, f64> {
    Mat::new(data, rows, cols).unwrap()
}

fn view_mut(data: &mut [f64], (rows, cols): (usize, usize)) -> MatMut<'_, f64> {
    MatMut::new(data, rows, cols).unwrap()
}

#[test]
fn affine_layers_name_the_argument_that_does_not_fit() {
    let (n, d, m) = SIZES;
    let forward = [("x", (n, d)), ("w", (d, m)), ("b", (1, m)), ("out", (n, m))];
    for relu in [false, true] {
        each_misfit_is_named(&forward, |s| {
            let [x, w, b] = [s[0], s[1], s[2]].map(zeros);
            let [mut out] = outputs([s[3]]);
            let (x, w, out_mat) = (view(&x, s[0]), view(&w, s[1]), view_mut(&mut out, s[3]));
            let result = if relu {
                affine_relu_forward(&Portable, x, w, &b, out_mat)
            } else {
                affine_forward(&Portable, x, w, &b, out_mat)
            };
            (result.map_err(Error::from), vec![out])
        });
    }
    let backward = [
        ("x", (n, d)),
        ("w", (d, m)),
        ("dout", (n, m)),
        ("dx", (n, d)),
        ("dw", (d, m)),
        ("db", (1, m)),
    ];
    each_misfit_is_named(&backward, |s| {
        let [x, w, dout] = [s[0], s[1], s[2]].map(zeros);
        let [mut dx, mut dw, mut db] = outputs([s[3], s[4], s[5]]);
        let result = affine_backward(
            &Portable,
            view(&dout, s[2]),
            view(&x, s[0]),
            view(&w, s[1]),
            Some(view_mut(&mut dx, s[3])),
            view_mut(&mut dw, s[4]),
            &mut db,
        );
        (result.map_err(Error::from), vec![dx, dw, db])
    });
    let relu_backward = [
        ("dout", (n, m)),
        ("out", (n, m)),
        ("w", (d, m)),
        ("dx", (n, d)),
        ("dw", (d, m)),
        ("db", (1, m)),
    ];
    each_misfit_is_named(&relu_backward, |s| {
        let x = zeros((n, d));
        let [mut dout, out, w] = [s[0], s[1], s[2]].map(zeros);
        let [mut dx, mut dw, mut db] = outputs([s[3], s[4], s[5]]);
        let result = affine_relu_backward(
            &Portable,
            view_mut(&mut dout, s[0]),
            view(&x, (n, d)),
            view(&w, s[2]),
            view(&out, s[1]),
            Some(view_mut(&mut dx, s[3])),
            view_mut(&mut dw, s[4]),
            &mut db,
        );
        (result.map_err(Error::from), vec![dx, dw, db])
    });
}

#[test]
fn batchnorm_names_the_argument_that_does_not_fit() {
    let (n, _, m) = SIZES;
    let batchnorm = BatchNormConfig::default();
    let train = [
        ("x", (n, m)),
        ("gamma", (1, m)),
        ("beta", (1, m)),
        ("running_mean", (1, m)),
        ("running_var", (1, m)),
        ("x_hat", (n, m)),
        ("inv_std", (1, m)),
        ("out", (n, m)),
    ];
    each_misfit_is_named(&train, |s| {
        let [x, gamma, beta] = [s[0], s[1], s[2]].map(zeros);
        let [mut mean, mut var, mut x_hat, mut inv_std, mut out] =
            outputs([s[3], s[4], s[5], s[6], s[7]]);
        let result = batchnorm_forward_train(
            &Portable,
            &batchnorm,
            view(&x, s[0]),
            &gamma,
            &beta,
            &mut mean,
            &mut var,
            view_mut(&mut x_hat, s[5]),
            &mut inv_std,
            view_mut(&mut out, s[7]),
        );
        (result.map_err(Error::from), vec![mean, var, x_hat, inv_std, out])
    });
    let test = [train[0], train[1], train[2], train[3], train[4], train[7]];
    each_misfit_is_named(&test, |s| {
        let [x, gamma, beta, mean, var] = [s[0], s[1], s[2], s[3], s[4]].map(zeros);
        let [mut out] = outputs([s[5]]);
        let out_mat = view_mut(&mut out, s[5]);
        let result = batchnorm_forward_test(
            &Portable,
            &batchnorm,
            view(&x, s[0]),
            &gamma,
            &beta,
            &mean,
            &var,
            out_mat,
        );
        (result.map_err(Error::from), vec![out])
    });
    let backward = [
        ("dout", (n, m)),
        ("gamma", (1, m)),
        ("x_hat", (n, m)),
        ("inv_std", (1, m)),
        ("dx", (n, m)),
        ("dgamma", (1, m)),
        ("dbeta", (1, m)),
    ];
    each_misfit_is_named(&backward, |s| {
        let [dout, gamma, x_hat, inv_std] = [s[0], s[1], s[2], s[3]].map(zeros);
        let [mut dx, mut dgamma, mut dbeta] = outputs([s[4], s[5], s[6]]);
        let dx_mat = view_mut(&mut dx, s[4]);
        let (dout, x_hat) = (view(&dout, s[0]), view(&x_hat, s[2]));
        let result = batchnorm_backward(
            &Portable,
            dout,
            &gamma,
            x_hat,
            &inv_std,
            dx_mat,
            &mut dgamma,
            &mut dbeta,
        );
        (result.map_err(Error::from), vec![dx, dgamma, dbeta])
    });
}

#[test]
fn relu_dropout_and_losses_name_the_argument_that_does_not_fit() {
    let len = (1, 5);
    type Forward = fn(&[f64], &[f64], &mut [f64]) -> Result<(), ShapeError>;
    let layers: [(&str, &str, &str, Forward); 4] = [
        ("x", "out", "out", |x, _, out| relu_forward(x, out)),
        ("dout", "out", "dx", relu_backward),
        ("x", "mask", "out", dropout_forward),
        ("dout", "mask", "dx", dropout_backward),
    ];
    for (input, cached, output, layer) in layers {
        // The forward ReLU has no cached argument: its first misfit is its output.
        let args = [(input, len), (output, len), (cached, len)];
        let num_args = if cached == output { 2 } else { 3 };
        each_misfit_is_named(&args[..num_args], |s| {
            let (x, cached) = (zeros(s[0]), zeros(*s.get(2).unwrap_or(&len)));
            let [mut out] = outputs([s[1]]);
            (layer(&x, &cached, &mut out).map_err(Error::from), vec![out])
        });
    }
    let (n, _, c) = SIZES;
    for loss in [softmax_loss::<f64>, svm_loss::<f64>] {
        each_misfit_is_named(&[("scores", (n, c)), ("y", (1, n)), ("dscores", (n, c))], |s| {
            let (scores, y) = (zeros(s[0]), vec![0; s[1].1]);
            let [mut dscores] = outputs([s[2]]);
            let result = loss(view(&scores, s[0]), &y, view_mut(&mut dscores, s[2]));
            (result.map(|_| ()), vec![dscores])
        });
    }
}
