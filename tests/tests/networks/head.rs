//! Training the last layers of a network whose other weights are frozen.

use barenet::gradient_check::{eval_numerical_gradient, rel_error};
use barenet::{
    Arch, Error, FullyConnectedNet, Init, Mat, Portable, Rng, Targets, TrainState, Weights,
};

const ARCH: Arch<'static> = Arch::new(&[7, 6, 5, 3]);
const BATCH: usize = 4;
const Y: [u32; BATCH] = [2, 0, 1, 1];

/// The whole network's parameters, and a batch.
fn drawn() -> (Vec<f64>, Vec<f64>) {
    let net = FullyConnectedNet::<f64>::with_arch(ARCH);
    let mut params = vec![0.0; ARCH.num_params()];
    let mut grads = params.clone();
    let mut workspace = vec![0.0; ARCH.train_workspace_len(BATCH)];
    let mut state =
        TrainState::new(&ARCH, &mut params, &mut [], &mut grads, &mut workspace).unwrap();
    net.init(Init::He, Rng::seed(3), &mut state);
    let mut x = vec![0.0; BATCH * ARCH.input_dim()];
    Rng::seed(4).fill_normal(1.0, &mut x);
    (params, x)
}

/// Loss and gradients of a network on a batch.
fn loss(net: &FullyConnectedNet<'_, f64>, params: &[f64], x: Mat<'_, f64>) -> (f64, Vec<f64>) {
    let mut params = params.to_vec();
    let mut grads = vec![f64::NAN; net.arch.num_params()];
    let mut workspace = vec![f64::NAN; net.arch.train_workspace_len(BATCH)];
    let mut state =
        TrainState::new(&net.arch, &mut params, &mut [], &mut grads, &mut workspace).unwrap();
    let loss = net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(&Y)).unwrap();
    (loss, grads)
}

#[test]
fn gradients_of_the_head_are_those_of_the_whole_network_to_the_bit() {
    let net = FullyConnectedNet::<f64>::with_arch(ARCH);
    let (params, x) = drawn();
    let x = Mat::new(&x, BATCH, ARCH.input_dim()).unwrap();
    let (whole_loss, whole_grads) = loss(&net, &params, x);
    for num_layers in [1, 2] {
        let head = FullyConnectedNet::<f64>::with_arch(ARCH.head(num_layers));
        let start = params.len() - head.arch.num_params();
        let mut workspace = vec![f64::NAN; ARCH.infer_workspace_len(BATCH)];
        let weights = Weights::new(&ARCH, &params, &[]).unwrap();
        let features = net.features(&Portable, weights, x, num_layers, &mut workspace).unwrap();
        assert_eq!(features.shape(), (BATCH, ARCH.dims()[num_layers]));
        let (head_loss, head_grads) = loss(&head, &params[start..], features);
        assert_eq!(head_loss, whole_loss);
        assert_eq!(head_grads, whole_grads[start..]);
    }
}

#[test]
fn gradients_of_the_head_match_numerical_ones() {
    let net = FullyConnectedNet::<f64>::with_arch(ARCH);
    let head = FullyConnectedNet::<f64>::with_arch(ARCH.head(2));
    let (params, x) = drawn();
    let x = Mat::new(&x, BATCH, ARCH.input_dim()).unwrap();
    let mut workspace = vec![f64::NAN; ARCH.infer_workspace_len(BATCH)];
    let weights = Weights::new(&ARCH, &params, &[]).unwrap();
    let features = net.features(&Portable, weights, x, 2, &mut workspace).unwrap();
    let mut head_params = params[params.len() - head.arch.num_params()..].to_vec();
    let (_, grads) = loss(&head, &head_params, features);
    let mut numerical = vec![0.0; grads.len()];
    eval_numerical_gradient(
        |params| loss(&head, params, features).0,
        &mut head_params,
        1e-5,
        &mut numerical,
    )
    .unwrap();
    assert!(rel_error(&grads, &numerical) < 1e-6);
}

#[test]
fn features_and_scores_of_bytes_are_those_of_the_same_numbers() {
    // Small integers: every order of sums is exact.
    let params: Vec<f32> = (0..ARCH.num_params()).map(|i| (i % 5) as f32 - 2.0).collect();
    let net = FullyConnectedNet::new(ARCH);
    let bytes = [3_u8, 255, 0, 17, 4, 128, 9];
    let numbers = bytes.map(f32::from);
    let x = Mat::new(&numbers, 1, 7).unwrap();
    let weights = Weights::new(&ARCH, &params, &[]).unwrap();
    let mut of_bytes = [f32::NAN; ARCH.infer_workspace_len(1)];
    let mut of_numbers = of_bytes;
    for num_layers in [1, 2] {
        assert_eq!(
            net.features(&Portable, weights, &bytes[..], num_layers, &mut of_bytes),
            net.features(&Portable, weights, x, num_layers, &mut of_numbers),
        );
    }
    assert_eq!(
        net.scores(&Portable, weights, &bytes[..], &mut of_bytes),
        net.scores(&Portable, weights, x, &mut of_numbers),
    );
}

#[test]
fn features_refuse_no_layers_all_layers_and_an_image_of_another_length() {
    let params = [0.0_f32; ARCH.num_params()];
    let net = FullyConnectedNet::new(ARCH);
    let weights = Weights::new(&ARCH, &params, &[]).unwrap();
    let mut workspace = [0.0; ARCH.infer_workspace_len(1)];
    for num_layers in [0, 3, usize::MAX] {
        let result = net.features(&Portable, weights, &[0; 7][..], num_layers, &mut workspace);
        assert!(matches!(result, Err(Error::InvalidConfig { .. })), "{num_layers}");
    }
    for len in [0, 6, 8] {
        let image = vec![0; len];
        let result = net.features(&Portable, weights, &image[..], 1, &mut workspace);
        assert!(matches!(result, Err(Error::Shape(e)) if e.what == "x"), "{len}");
        assert!(net.scores(&Portable, weights, &image[..], &mut workspace).is_err());
    }
}
