//! XOR without std: all sizes are constants, all memory is arrays, and `train` needs neither a heap nor an operating
//! system. The same function runs on a microcontroller; only `main`, which prints, does not.

use barenet::optim::UpdateRule;
use barenet::{
    Arch, Compact, Error, FullyConnectedNet, Init, Mat, Rng, Targets, TrainState, predict,
};

const ARCH: Arch<'static> = Arch::new(&[2, 8, 2]);
const NET: FullyConnectedNet<'static, f32> = FullyConnectedNet::new(ARCH);
const PARAMS: usize = ARCH.num_params();
const X: [f32; 8] = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]; // [4, 2]
const Y: [u32; 4] = [0, 1, 1, 0];

/// RAM that training takes, in bytes: weights, gradients, workspace.
const RAM: usize = size_of::<f32>() * (2 * PARAMS + ARCH.train_workspace_len(4));

/// Trains, and returns the weights and the loss of the last step.
fn train() -> Result<([f32; PARAMS], f32), Error> {
    let (mut params, mut grads) = ([0.0; PARAMS], [0.0; PARAMS]);
    let mut workspace = [0.0; ARCH.train_workspace_len(4)];
    let x = Mat::new(&X, 4, 2)?;
    let mut loss = 0.0;
    for t in 1..=300 {
        let mut state = TrainState::new(&ARCH, &mut params, &mut [], &mut grads, &mut workspace)?;
        if t == 1 {
            NET.init(Init::He, Rng::seed(3), &mut state);
        }
        loss = NET.loss(&Compact, Rng::seed(0), &mut state, x, Targets::Classes(&Y))?;
        UpdateRule::Sgd.update(&Compact, 0.5, t, &mut params, &grads, &mut [])?;
    }
    Ok((params, loss))
}

fn main() -> Result<(), Error> {
    let (params, loss) = train()?;
    println!("loss {loss:.4} after 300 steps, in {RAM} bytes of RAM");
    let mut workspace = [0.0; ARCH.infer_workspace_len(4)];
    let weights = barenet::Weights::new(&ARCH, &params, &[])?;
    let scores = NET.scores(&Compact, weights, Mat::new(&X, 4, 2)?, &mut workspace)?;
    for ((scores, x), y) in scores.row_iter().zip(X.chunks_exact(2)).zip(Y) {
        println!("{} xor {} = {}", x[0], x[1], predict(scores));
        assert_eq!(predict(scores), y);
    }
    Ok(())
}
