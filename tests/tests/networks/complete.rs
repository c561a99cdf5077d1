//! `core/examples/complete.rs`, which uses nothing of the library, trains as the library does.

use barenet::optim::UpdateRule;
use barenet::{Arch, FullyConnectedNet, Init, Label, Mat, Portable, Rng, Targets, TrainState};

#[path = "../../../core/examples/complete.rs"]
#[allow(dead_code)]
mod example;

#[test]
fn the_example_in_one_file_has_the_losses_of_the_library() {
    const STEPS: i32 = 30;
    let arch = Arch::new(&example::SIZES).with_batchnorm();
    let net = FullyConnectedNet { reg: example::REG, ..FullyConnectedNet::with_arch(arch) };
    let (x, y) = example::spirals(example::Rng::seed(1));
    let y: Vec<Label> = y.into_iter().map(|class| Label::try_from(class).unwrap()).collect();
    let x = Mat::new(&x, y.len(), 2).unwrap();

    let len = net.arch.num_params();
    let rule = UpdateRule::<f64>::from_name("adam").unwrap();
    let (mut params, mut grads) = (vec![0.0; len], vec![0.0; len]);
    let mut running = vec![0.0; net.arch.num_running()];
    let mut workspace = vec![0.0; net.arch.train_workspace_len(y.len())];
    let mut update_state = vec![0.0; rule.state_per_param() * len];
    let mut losses = Vec::new();
    for t in 1..=STEPS {
        let mut state =
            TrainState::new(&net.arch, &mut params, &mut running, &mut grads, &mut workspace)
                .unwrap();
        if t == 1 {
            net.init(Init::He, Rng::seed(0), &mut state);
        }
        losses
            .push(net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(&y)).unwrap());
        let t = usize::try_from(t).unwrap();
        rule.update(&Portable, example::LEARNING_RATE, t, &mut params, &grads, &mut update_state)
            .unwrap();
    }
    let found = example::train(STEPS);
    assert!(losses[29] < 0.7 * losses[0], "it learns: {losses:?}");
    for (step, (found, loss)) in found.iter().zip(&losses).enumerate() {
        // Sums in another order: each step amplifies the last bits a little.
        assert!((found - loss).abs() < 1e-9 * loss, "step {step}: {found}, the library {loss}");
    }
}
