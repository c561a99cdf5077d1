//! A training loop of one's own, without `Solver`: loss, gradient, and an update rule, and a learning rate that
//! halves whenever the loss has not fallen for a while.

use barenet::optim::UpdateRule;
use barenet::{
    Arch, Error, FullyConnectedNet, Init, Mat, Portable, Rng, Targets, TrainState, Weights, predict,
};

/// Two moons: half circles that reach into each other, x [2·POINTS, 2] and the class of each point.
fn moons(mut rng: Rng) -> (Vec<f32>, Vec<u32>) {
    const POINTS: u32 = 100;
    let (mut x, mut y) = (Vec::new(), Vec::new());
    let mut noise = [0.0; 2];
    for n in 0..2 * POINTS {
        let (class, angle) = (n % 2, std::f32::consts::PI * rng.uniform() as f32);
        let (side, shift) = if class == 0 { (1.0, 0.0) } else { (-1.0, 1.0) };
        rng.fill_normal(0.25, &mut noise);
        x.push(side * angle.cos() + shift + noise[0]);
        x.push(side * angle.sin() + shift / 2.0 + noise[1]);
        y.push(class);
    }
    (x, y)
}

fn main() -> Result<(), Error> {
    let (x, y) = moons(Rng::seed(7));
    let x = Mat::new(&x, y.len(), 2)?;
    let arch = Arch::new(&[2, 32, 16, 2]).with_batchnorm();
    let net = FullyConnectedNet { reg: 1e-4, ..FullyConnectedNet::new(arch) };
    let rule =
        UpdateRule::from_name("adam").ok_or(Error::InvalidConfig { what: "no such rule" })?;

    let len = arch.num_params();
    let (mut params, mut grads) = (vec![0.0; len], vec![0.0; len]);
    let mut running = vec![0.0; arch.num_running()];
    let mut workspace = vec![0.0; arch.train_workspace_len(y.len())];
    let mut update_state = vec![0.0; len * rule.state_per_param()];
    {
        let mut state =
            TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace)?;
        net.init(Init::He, Rng::seed(0), &mut state);
    }

    let (mut learning_rate, mut lowest, mut waited) = (0.05, f32::INFINITY, 0);
    for t in 1..=300 {
        let mut state =
            TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace)?;
        let loss =
            net.loss(&Portable, Rng::seed(1).fork(t), &mut state, x, Targets::Classes(&y))?;
        let t = usize::try_from(t).unwrap_or(usize::MAX);
        rule.update(&Portable, learning_rate, t, &mut params, &grads, &mut update_state)?;

        waited = if loss < lowest { 0 } else { waited + 1 };
        lowest = lowest.min(loss);
        if waited == 10 {
            (learning_rate, waited) = (learning_rate / 2.0, 0);
        }
        if t % 50 == 0 {
            println!("step {t:3}  loss {loss:.4}  learning rate {learning_rate:.4}");
        }
    }

    let weights = Weights::new(&arch, &params, &running)?;
    let scores = net.scores(&Portable, weights, x, &mut workspace)?;
    let correct = scores.row_iter().zip(&y).filter(|&(scores, &y)| predict(scores) == y).count();
    println!("{correct} of {} points are classified rightly", y.len());
    assert!(correct > 180);
    Ok(())
}
