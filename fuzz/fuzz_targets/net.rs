//! Networks of arbitrary sizes, over buffers of arbitrary lengths.

#![no_main]

use barenet::{Arch, FullyConnectedNet, Init, Mat, Portable, Rng, Targets, TrainState};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<usize>, bool, u8, u8, u64)| {
    let (dims, batchnorm, batch, cut, seed) = input;
    let Ok(arch) = Arch::try_new(&dims) else { return };
    let arch = if batchnorm { arch.with_batchnorm() } else { arch };
    let layers: Vec<_> = arch.layers().collect();
    assert_eq!(layers.iter().map(|l| l.params_len()).sum::<usize>(), arch.num_params());
    assert_eq!(layers.len(), arch.num_layers());
    // Large ones are only counted.
    if arch.num_params() > 2000 || dims.len() > 20 {
        return;
    }
    let net = FullyConnectedNet { keep_prob: 0.5, ..FullyConnectedNet::new(arch) };
    let batch = usize::from(batch % 8);
    let mut params = vec![f32::NAN; arch.num_params()];
    let mut running = vec![f32::NAN; arch.num_running()];
    let mut grads = vec![f32::NAN; arch.num_params()];
    let needed = arch.train_workspace_len(batch);
    let mut workspace = vec![f32::NAN; needed.saturating_sub(usize::from(cut))];
    let mut state = TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace)
        .expect("the lengths are those asked for");
    net.init(Init::He, Rng::seed(seed), &mut state);
    let mut x = vec![0.0; batch * arch.input_dim()];
    Rng::seed(seed).fill_normal(1.0, &mut x);
    let x = Mat::new(&x, batch, arch.input_dim()).expect("the length is right");
    let y = vec![0; batch];
    let loss = net.loss(&Portable, Rng::seed(seed), &mut state, x, Targets::Classes(&y));
    if cut == 0 || needed == 0 {
        assert!(loss.expect("everything fits").is_finite());
    } else {
        assert!(loss.is_err(), "a workspace {cut} too short was accepted");
    }
});
