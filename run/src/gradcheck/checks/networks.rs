//! The checks of whole networks.

use super::{Section, numerical};
use crate::gradcheck::numpy_random::{NumpyRandom, linspace};
use barenet::gradient_check::rel_error;
use barenet::{
    Arch, Error, Float, FullyConnectedNet, Init, Label, Mat, Portable, Rng, Targets, TrainState,
    Weights, layer_params,
};

/// The step of numerical gradients through smooth functions. The document's formula, of lower order,
/// takes 1e-5.
const STEP: f64 = 1e-4;
/// A step that stays clear of a ReLU kink near a unit of the document's networks, at the cost of
/// more rounding.
const STEP_NEAR_KINK: f64 = 3e-5;

/// A network with its numbers, whose loss can be taken again and again.
struct Model<'a> {
    net: FullyConnectedNet<'a, f64>,
    params: Vec<f64>,
    x: Vec<f64>,
    y: Vec<Label>,
}

impl Model<'_> {
    /// The loss at `params`, and its gradient.
    fn loss(&self, params: &[f64]) -> Result<(f64, Vec<f64>), Error> {
        let batch = self.y.len();
        let (mut params, mut grads) = (params.to_vec(), vec![0.0; params.len()]);
        let mut workspace = vec![0.0; self.net.arch.train_workspace_len(batch)];
        let mut state =
            TrainState::new(&self.net.arch, &mut params, &mut [], &mut grads, &mut workspace)?;
        let x = Mat::new(&self.x, batch, self.net.arch.input_dim())?;
        let loss =
            self.net.loss(&Portable, Rng::seed(0), &mut state, x, Targets::Classes(&self.y))?;
        Ok((loss, grads))
    }

    /// The scores of the samples.
    fn scores(&self) -> Result<Vec<f64>, Error> {
        let (arch, batch) = (&self.net.arch, self.y.len());
        let mut workspace = vec![0.0; arch.infer_workspace_len(batch)];
        let weights = Weights::new(arch, &self.params, &[])?;
        let x = Mat::new(&self.x, batch, arch.input_dim())?;
        Ok(self.net.scores(&Portable, weights, x, &mut workspace)?.data().to_vec())
    }

    /// The relative error of each array of parameters: W1, W2, …, b1, b2, …. Of two steps the better
    /// counts: a wrong gradient is wrong with both.
    fn gradient_errors(&self) -> Result<Vec<(String, f64)>, Error> {
        let errors = self.errors_with_step(STEP)?.into_iter();
        let others = self.errors_with_step(STEP_NEAR_KINK)?;
        Ok(errors.zip(others).map(|((name, a), (_, b))| (name, a.min(b))).collect())
    }

    fn errors_with_step(&self, h: f64) -> Result<Vec<(String, f64)>, Error> {
        let (_, grads) = self.loss(&self.params)?;
        let grads_num = numerical(|params| Ok(self.loss(params)?.0), &self.params, h)?;
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for (layer, number) in self.net.arch.layers().zip(1..) {
            if let (Some(a), Some(b)) =
                (layer_params(&layer, &grads_num), layer_params(&layer, &grads))
            {
                weights.push((format!("W{number}"), rel_error(a.w.data(), b.w.data())));
                biases.push((format!("b{number}"), rel_error(a.b, b.b)));
            }
        }
        weights.append(&mut biases);
        Ok(weights)
    }
}

/// Scores that the document gives for the two-layer net.
const SCORES: [f64; 21] = [
    11.53165108,
    12.2917344,
    13.05181771,
    13.81190102,
    14.57198434,
    15.33206765,
    16.09215096,
    12.05769098,
    12.74614105,
    13.43459113,
    14.1230412,
    14.81149128,
    15.49994135,
    16.18839143,
    12.58373087,
    13.20054771,
    13.81736455,
    14.43418138,
    15.05099822,
    15.66781506,
    16.2846319,
];

/// Weights drawn with a standard deviation of 1e-3: the document allows a tenth of it.
fn initialization(
    section: &mut Section<'_>,
    net: &FullyConnectedNet<'_, f64>,
) -> Result<(), Error> {
    let weight_scale = 1e-3;
    let mut params = vec![0.0; net.arch.num_params()];
    let (mut grads, mut workspace) = (params.clone(), vec![0.0; net.arch.train_workspace_len(1)]);
    let mut state = TrainState::new(&net.arch, &mut params, &mut [], &mut grads, &mut workspace)?;
    net.init(Init::Gaussian { weight_scale }, Rng::seed(231), &mut state);
    for (layer, number) in net.arch.layers().zip(1..) {
        let Some(layer) = layer_params(&layer, &params) else { continue };
        let w = layer.w.data();
        let len = f64::from_usize(w.len());
        let mean = w.iter().sum::<f64>() / len;
        let var = w.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / len;
        let off = (var.sqrt() - weight_scale).abs();
        section.error(format!("W{number} std off 1e-3"), weight_scale / 10.0, off);
    }
    Ok(())
}

pub(super) fn two_layer_net(section: &mut Section<'_>) -> Result<(), Error> {
    let dims = [5, 50, 7];
    let arch = Arch::new(&dims);
    // X = np.linspace(-5.5, 4.5, num=N*D).reshape(D, N).T
    let columns = linspace(-5.5, 4.5, 15);
    let x = (0..3).flat_map(|n| columns.iter().skip(n).step_by(3).copied()).collect();
    let params = [
        linspace(-0.7, 0.3, 250),
        linspace(-0.1, 0.9, 50),
        linspace(-0.3, 0.4, 350),
        linspace(-0.9, 0.1, 7),
    ]
    .concat();
    let net = FullyConnectedNet::with_arch(arch);
    initialization(section, &net)?;
    let mut model = Model { net, params, x, y: vec![0, 5, 1] };
    let scores: f64 = model.scores()?.iter().zip(SCORES).map(|(a, b)| (a - b).abs()).sum();
    section.error("scores, sum of differences", 1e-6, scores);
    for (reg, loss) in [(0.0, 3.4702243556), (1.0, 26.5948426952)] {
        model.net.reg = reg;
        section.value(format!("loss with reg = {reg}"), loss, model.loss(&model.params)?.0);
    }
    for (reg, errors) in
        [(0.0, [1.83e-8, 3.37e-10, 8.01e-9, 4.33e-10]), (0.7, [2.53e-7, 7.98e-8, 1.35e-8, 1.97e-9])]
    {
        model.net.reg = reg;
        for ((name, ours), document) in model.gradient_errors()?.into_iter().zip(errors) {
            section.error(format!("{name} error with reg = {reg}"), document, ours);
        }
    }
    Ok(())
}

#[allow(clippy::approx_constant)] // The document's reg is 3.14, not pi.
pub(super) fn fully_connected_net(section: &mut Section<'_>) -> Result<(), Error> {
    let dims = [15, 20, 30, 10];
    let arch = Arch::new(&dims);
    let mut random = NumpyRandom::new(251);
    let (x, y) = (random.randn(30), random.randint(10, 2));
    for (reg, loss, errors) in [
        (0.0, 2.307941433441618, [4.18e-7, 6.68e-7, 3.33e-7, 2.57e-8, 7.53e-9, 6.71e-11]),
        (3.14, 6.765122333792326, [1.44e-8, 2.36e-8, 4.82e-7, 5.47e-8, 4.61e-9, 1.08e-10]),
    ] {
        let mut params = Vec::new();
        for layer in arch.layers() {
            let w = random.randn(layer.fan_in * layer.fan_out);
            params.extend(w.into_iter().map(|w| 5e-2 * w));
            params.extend(vec![0.0; layer.fan_out]);
        }
        let net = FullyConnectedNet { reg, ..FullyConnectedNet::with_arch(arch) };
        let model = Model { net, params, x: x.clone(), y: y.clone() };
        let ours = model.loss(&model.params)?.0;
        section.value(format!("loss with reg = {reg}"), loss, ours);
        for ((name, ours), document) in model.gradient_errors()?.into_iter().zip(errors) {
            section.error(format!("{name} error with reg = {reg}"), document, ours);
        }
    }
    Ok(())
}
