//! Networks that begin with locally connected layers, folded for a device.

use barenet::gradient_check::rel_error;
use barenet::{
    Arch, Error, FoldedNet, FullyConnectedNet, Init, LocalLayers, Picture, Rng, Scaling, Weights,
    Window, fold,
};
use barenet_tests::Model;
use barenet_tests::tolerance::IDENTITY;

const WINDOWS: [Window; 3] = [
    Window { size: 4, stride: 2, units: 5, padding: 1 },
    Window { size: 2, stride: 1, units: 3, padding: 0 },
    Window { size: 2, stride: 2, units: 7, padding: 1 },
];

fn drawn(seed: u64, mean: f64, std: f64, len: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    Rng::seed(seed).fill_normal(std, &mut numbers);
    numbers.iter_mut().for_each(|number| *number += mean);
    numbers
}

/// Networks with and without planes, batch norm and hidden affine layers, of one to three locally connected layers.
fn for_each_net(mut check: impl FnMut(Arch<'_>)) {
    for planes in [true, false] {
        for num_local in 1..=3 {
            let picture = Picture { height: 9, width: 7, channels: 3, planes };
            let layers = LocalLayers { picture, windows: &WINDOWS[..num_local] };
            for hidden in [&[][..], &[6], &[6, 40]] {
                let dims = [&[layers.num_outputs()][..], hidden, &[3]].concat();
                check(Arch::new(&dims).with_local(layers));
                check(Arch::new(&dims).with_batchnorm().with_local(layers));
            }
        }
    }
}

#[test]
fn a_folded_network_takes_samples_as_they_are_and_has_the_scores_of_the_whole_one() {
    for_each_net(|arch| {
        let mut model = Model::<f64>::new(FullyConnectedNet::with_arch(arch), Init::He, 5);
        for (param, noise) in model.params.iter_mut().zip(drawn(3, 0.0, 0.1, arch.num_params())) {
            *param += noise;
        }
        model
            .running
            .iter_mut()
            .zip(drawn(4, 0.0, 1.0, arch.num_running()))
            .for_each(|(running, drawn)| *running = drawn.abs() + 0.1);
        let dim = arch.input_dim();
        let (offset, factor) = (drawn(6, 100.0, 50.0, dim), drawn(7, 0.02, 0.003, dim));
        let (to, by) = (drawn(8, 5.0, 1.0, 3), drawn(9, 3.0, 0.5, 3));
        let inputs = Scaling { offset: &offset, factor: &factor };
        let targets = Scaling { offset: &to, factor: &by };
        let plain = arch.without_batchnorm();
        let mut folded = vec![f64::NAN; plain.num_params()];
        let weights = Weights::new(&arch, &model.params, &model.running).unwrap();
        fold(&model.net, weights, inputs, targets, &mut folded).unwrap();

        let mut rng = Rng::seed(1);
        let bytes: Vec<u8> = (0..dim).map(|_| rng.below(256) as u8).collect();
        let x: Vec<f64> = bytes.iter().map(|&byte| byte.into()).collect();
        let scaled: Vec<f64> = (0..dim).map(|i| (x[i] - offset[i]) * factor[i]).collect();
        let mut expected = model.scores(&scaled);
        (0..3).for_each(|i| expected[i] = expected[i] / by[i] + to[i]);

        let net = FoldedNet::try_new(plain, &folded).unwrap();
        let mut workspace = vec![f64::NAN; plain.folded_workspace_len()];
        let scores = net.scores(&bytes, &mut workspace).unwrap().to_vec();
        assert!(rel_error(&scores, &expected) < IDENTITY, "{arch:?}: {scores:?} {expected:?}");
        assert_eq!(net.scores(&x, &mut workspace).unwrap(), scores);
        assert!(plain.folded_workspace_len() <= plain.infer_workspace_len(1));
    });
}

#[test]
fn what_does_not_fit_a_folded_network_is_named() {
    for_each_net(|arch| {
        let plain = arch.without_batchnorm();
        let params = vec![0.5_f32; plain.num_params()];
        let short = FoldedNet::try_new(plain, &params[1..]).unwrap_err();
        assert_eq!((short.what, short.expected), ("params", (1, plain.num_params())));
        let net = FoldedNet::try_new(arch, &params).unwrap();
        let mut workspace = vec![7.0; plain.folded_workspace_len()];
        for len in [0, 1, arch.input_dim() - 1, arch.input_dim() + 1] {
            let error = net.scores(&vec![0_u8; len], &mut workspace);
            assert!(matches!(error, Err(Error::Shape(e)) if e.what == "x"), "{error:?}");
        }
        let (found, x) = (workspace.len() - 1, vec![0_u8; arch.input_dim()]);
        let error = net.scores(&x, &mut workspace[1..]);
        let required = found + 1;
        assert_eq!(error, Err(Error::BufferTooSmall { what: "workspace", required, found }));
        assert!(workspace.iter().all(|&number| number == 7.0));
    });
}
