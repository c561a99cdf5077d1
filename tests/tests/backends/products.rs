//! How many matrix products a network costs, counted by a backend that counts.

use barenet::{
    Arch, FullyConnectedNet, Gemm, GemmArgs, Init, Machine, Mat, Portable, Rng, Targets,
    TrainState, Weights,
};
use std::sync::Mutex;

/// Notes the sizes (m, k, n) of the products it is asked for.
#[derive(Default)]
struct Counting(Mutex<Vec<(usize, usize, usize)>>);

impl Machine for Counting {}

impl Gemm<f32> for Counting {
    fn gemm(&self, args: GemmArgs<'_, f32>) {
        self.0.lock().unwrap().push(args.sizes());
        Portable.gemm(args);
    }
}

impl Counting {
    fn take(&self) -> Vec<(usize, usize, usize)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

const ARCH: Arch<'static> = Arch::new(&[11, 7, 5, 3]);
const BATCH: usize = 4;

fn products_of(net: FullyConnectedNet<'_, f32>) -> [Vec<(usize, usize, usize)>; 2] {
    let arch = net.arch;
    let mut params = vec![f32::NAN; arch.num_params()];
    let (mut running, mut grads) = (vec![f32::NAN; arch.num_running()], params.clone());
    let mut workspace = vec![f32::NAN; arch.train_workspace_len(BATCH)];
    let mut state =
        TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace).unwrap();
    net.init(Init::He, Rng::seed(0), &mut state);
    let (counting, x) = (Counting::default(), [0.5; BATCH * 11]);
    let x = Mat::new(&x, BATCH, 11).unwrap();
    net.loss(&counting, Rng::seed(1), &mut state, x, Targets::Classes(&[0, 1, 2, 0])).unwrap();
    let training = counting.take();
    let weights = Weights::new(&arch, &params, &running).unwrap();
    let mut workspace = vec![f32::NAN; arch.infer_workspace_len(BATCH)];
    net.scores(&counting, weights, x, &mut workspace).unwrap();
    [training, counting.take()]
}

#[test]
fn a_layer_costs_one_product_forward_and_two_backward_and_the_first_layer_one() {
    for arch in [ARCH, ARCH.with_batchnorm()] {
        let net = FullyConnectedNet { reg: 0.1, keep_prob: 0.5, ..FullyConnectedNet::new(arch) };
        let [training, inference] = products_of(net);
        let forward = [(4, 11, 7), (4, 7, 5), (4, 5, 3)];
        assert_eq!(inference, forward);
        assert_eq!(training[..3], forward);
        // dW is D × N × M, dx is N × M × D; the input's gradient is nobody's business.
        let mut backward = training[3..].to_vec();
        let mut expected = vec![(11, 4, 7), (7, 4, 5), (4, 5, 7), (5, 4, 3), (4, 3, 5)];
        backward.sort_unstable();
        expected.sort_unstable();
        assert_eq!(backward, expected);
    }
}
