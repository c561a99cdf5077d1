//! Every check of the document, in its order.

use super::numpy_random::{NumpyRandom, linspace};
use barenet::gradient_check::{eval_numerical_gradient, eval_numerical_gradient_array, rel_error};
use barenet::layers::{
    affine_backward, affine_forward, affine_relu_backward, affine_relu_forward, relu_backward,
    relu_forward, softmax_loss, svm_loss,
};
use barenet::optim::{AdamConfig, adam, rmsprop, sgd_momentum};
use barenet::{
    Arch, Error, FullyConnectedNet, Label, Mat, MatMut, Portable, Rng, TrainState, layer_params,
};

/// What a check compares with the document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// An error, to be at most the printed one.
    Error,
    /// A value, to be the printed one.
    Value,
}

/// One line of the document's output, and ours.
#[derive(Clone, Debug)]
pub struct Check {
    /// The part of the document.
    pub section: &'static str,
    /// The line.
    pub name: String,
    /// What is compared.
    pub quantity: Quantity,
    /// What the document prints.
    pub document: f64,
    /// What this library computes.
    pub ours: f64,
}

impl Check {
    /// Whether the document is met.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self.quantity {
            // The document prints some errors with three digits: half a unit of the last is allowed.
            Quantity::Error => self.ours <= self.document * 1.005,
            Quantity::Value => (self.ours - self.document).abs() <= 1e-10 * self.document.abs(),
        }
    }
}

/// Collects checks of one section.
struct Section<'a> {
    name: &'static str,
    checks: &'a mut Vec<Check>,
}

impl Section<'_> {
    fn push(&mut self, name: impl Into<String>, quantity: Quantity, document: f64, ours: f64) {
        let name = name.into();
        self.checks.push(Check { section: self.name, name, quantity, document, ours });
    }

    fn error(&mut self, name: impl Into<String>, document: f64, ours: f64) {
        self.push(name, Quantity::Error, document, ours);
    }

    fn value(&mut self, name: impl Into<String>, document: f64, ours: f64) {
        self.push(name, Quantity::Value, document, ours);
    }
}

/// Adds the checks of a section.
type Run = fn(&mut Section<'_>) -> Result<(), Error>;

/// Runs every check.
///
/// # Errors
///
/// Never, as long as the shapes written here agree.
pub fn run_checks() -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    let sections: [(&'static str, Run); 7] = [
        ("affine", affine),
        ("relu", relu),
        ("affine_relu", affine_relu),
        ("loss layers", losses),
        ("TwoLayerNet", two_layer_net),
        ("FullyConnectedNet", fully_connected_net),
        ("update rules", update_rules),
    ];
    for (name, run) in sections {
        run(&mut Section { name, checks: &mut checks })?;
    }
    Ok(checks)
}

/// The step of numerical gradients through functions that are linear, or linear in pieces that are
/// wide against it: there a large step has no error but that of rounding.
const LINEAR_STEP: f64 = 1e-3;
/// The step of numerical gradients through smooth functions. The document's formula, of lower order,
/// takes 1e-5.
const STEP: f64 = 1e-4;
/// A step that stays clear of a ReLU kink near a unit of the document's networks, at the cost of
/// more rounding.
const STEP_NEAR_KINK: f64 = 3e-5;

fn numerical_array(
    f: impl Fn(&[f64], &mut [f64]) -> Result<(), Error>,
    x: &[f64],
    dout: &[f64],
    h: f64,
) -> Result<Vec<f64>, Error> {
    let mut failed = None;
    let (mut x, mut grad) = (x.to_vec(), vec![0.0; x.len()]);
    let mut scratch = vec![0.0; 2 * dout.len()];
    let f = |x: &[f64], out: &mut [f64]| {
        if let Err(e) = f(x, out) {
            failed = Some(e);
        }
    };
    eval_numerical_gradient_array(f, &mut x, dout, h, &mut scratch, &mut grad)?;
    failed.map_or(Ok(grad), Err)
}

fn numerical(
    f: impl Fn(&[f64]) -> Result<f64, Error>,
    x: &[f64],
    h: f64,
) -> Result<Vec<f64>, Error> {
    let (mut x, mut grad) = (x.to_vec(), vec![0.0; x.len()]);
    eval_numerical_gradient(|x| f(x).unwrap_or(f64::NAN), &mut x, h, &mut grad)?;
    Ok(grad)
}

fn affine(section: &mut Section<'_>) -> Result<(), Error> {
    let (x, w, b) = (linspace(-0.1, 0.5, 240), linspace(-0.2, 0.3, 360), linspace(-0.3, 0.1, 3));
    let mut out = [0.0; 6];
    let out_mat = MatMut::new(&mut out, 2, 3)?;
    affine_forward(&Portable, Mat::new(&x, 2, 120)?, Mat::new(&w, 120, 3)?, &b, out_mat)?;
    let correct_out = [1.49834967, 1.70660132, 1.91485297, 3.25553199, 3.5141327, 3.77273342];
    section.error("forward difference", 9.769848888397517e-10, rel_error(&out, &correct_out));

    let mut random = NumpyRandom::new(231);
    let (x, w, b) = (random.randn(60), random.randn(30), random.randn(5));
    let dout = random.randn(50);
    let forward = |x: &[f64], w: &[f64], b: &[f64], out: &mut [f64]| -> Result<(), Error> {
        let (x, w) = (Mat::new(x, 10, 6)?, Mat::new(w, 6, 5)?);
        Ok(affine_forward(&Portable, x, w, b, MatMut::new(out, 10, 5)?)?)
    };
    let (mut dx, mut dw, mut db) = ([0.0; 60], [0.0; 30], [0.0; 5]);
    affine_backward(
        &Portable,
        Mat::new(&dout, 10, 5)?,
        Mat::new(&x, 10, 6)?,
        Mat::new(&w, 6, 5)?,
        Some(MatMut::new(&mut dx, 10, 6)?),
        MatMut::new(&mut dw, 6, 5)?,
        &mut db,
    )?;
    let dx_num = numerical_array(|x, out| forward(x, &w, &b, out), &x, &dout, LINEAR_STEP)?;
    let dw_num = numerical_array(|w, out| forward(&x, w, &b, out), &w, &dout, LINEAR_STEP)?;
    let db_num = numerical_array(|b, out| forward(&x, &w, b, out), &b, &dout, LINEAR_STEP)?;
    section.error("dx error", 1.0908199508708189e-10, rel_error(&dx_num, &dx));
    section.error("dw error", 2.1752635504596857e-10, rel_error(&dw_num, &dw));
    section.error("db error", 7.736978834487815e-12, rel_error(&db_num, &db));
    Ok(())
}

fn relu(section: &mut Section<'_>) -> Result<(), Error> {
    let mut out = [0.0; 12];
    relu_forward(&linspace(-0.5, 0.5, 12), &mut out)?;
    let correct_out = [
        0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.04545455, 0.13636364, 0.22727273, 0.31818182, 0.40909091,
        0.5,
    ];
    section.error("forward difference", 4.999999798022158e-8, rel_error(&out, &correct_out));

    let mut random = NumpyRandom::new(231);
    let (x, dout) = (random.randn(100), random.randn(100));
    let forward = |x: &[f64], out: &mut [f64]| Ok(relu_forward(x, out)?);
    let (mut out, mut dx) = ([0.0; 100], [0.0; 100]);
    forward(&x, &mut out)?;
    relu_backward(&dout, &out, &mut dx)?;
    let dx_num = numerical_array(forward, &x, &dout, LINEAR_STEP)?;
    section.error("dx error", 3.2756349136310288e-12, rel_error(&dx_num, &dx));
    Ok(())
}

fn affine_relu(section: &mut Section<'_>) -> Result<(), Error> {
    let mut random = NumpyRandom::new(231);
    let (x, w, b) = (random.randn(24), random.randn(120), random.randn(10));
    let dout = random.randn(20);
    let forward = |x: &[f64], w: &[f64], b: &[f64], out: &mut [f64]| -> Result<(), Error> {
        let (x, w) = (Mat::new(x, 2, 12)?, Mat::new(w, 12, 10)?);
        Ok(affine_relu_forward(&Portable, x, w, b, MatMut::new(out, 2, 10)?)?)
    };
    let mut out = [0.0; 20];
    forward(&x, &w, &b, &mut out)?;
    let (mut dx, mut dw, mut db) = ([0.0; 24], [0.0; 120], [0.0; 10]);
    affine_relu_backward(
        &Portable,
        MatMut::new(&mut dout.clone(), 2, 10)?,
        Mat::new(&x, 2, 12)?,
        Mat::new(&w, 12, 10)?,
        Mat::new(&out, 2, 10)?,
        Some(MatMut::new(&mut dx, 2, 12)?),
        MatMut::new(&mut dw, 12, 10)?,
        &mut db,
    )?;
    let dx_num = numerical_array(|x, out| forward(x, &w, &b, out), &x, &dout, LINEAR_STEP)?;
    let dw_num = numerical_array(|w, out| forward(&x, w, &b, out), &w, &dout, LINEAR_STEP)?;
    let db_num = numerical_array(|b, out| forward(&x, &w, b, out), &b, &dout, LINEAR_STEP)?;
    section.error("dx error", 6.395535042049294e-11, rel_error(&dx_num, &dx));
    section.error("dw error", 8.162015570444288e-11, rel_error(&dw_num, &dw));
    section.error("db error", 7.826724021458994e-12, rel_error(&db_num, &db));
    Ok(())
}

type LossFunction = fn(Mat<'_, f64>, &[Label], MatMut<'_, f64>) -> Result<f64, Error>;

fn losses(section: &mut Section<'_>) -> Result<(), Error> {
    let mut random = NumpyRandom::new(231);
    let x: Vec<f64> = random.randn(500).into_iter().map(|x| 0.001 * x).collect();
    let y = random.randint(10, 50);
    let mut check = |name, function: LossFunction, h, loss, dx_error| -> Result<(), Error> {
        let evaluate = |x: &[f64], dx: &mut [f64]| {
            function(Mat::new(x, 50, 10)?, &y, MatMut::new(dx, 50, 10)?)
        };
        let mut dx = vec![0.0; 500];
        section.value(format!("{name} loss"), loss, evaluate(&x, &mut dx)?);
        let dx_num = numerical(|x| evaluate(x, &mut vec![0.0; 500]), &x, h)?;
        section.error(format!("{name} dx error"), dx_error, rel_error(&dx_num, &dx));
        Ok(())
    };
    check("svm", svm_loss, LINEAR_STEP, 8.999602749096233, 1.4021566006651672e-9)?;
    check("softmax", softmax_loss, LINEAR_STEP, 2.302545844500738, 9.384673161989355e-9)
}

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
        let loss = self.net.loss(&Portable, Rng::seed(0), &mut state, x, &self.y)?;
        Ok((loss, grads))
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

fn two_layer_net(section: &mut Section<'_>) -> Result<(), Error> {
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
    let mut model = Model { net, params, x, y: vec![0, 5, 1] };
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
fn fully_connected_net(section: &mut Section<'_>) -> Result<(), Error> {
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

/// The document prints what an update should give with eight digits.
fn update_rules(section: &mut Section<'_>) -> Result<(), Error> {
    let (w0, dw) = (linspace(-0.4, 0.6, 20), linspace(-0.6, 0.4, 20));

    let (mut w, mut velocity) = (w0.clone(), linspace(0.6, 0.9, 20));
    sgd_momentum(&mut w, &dw, &mut velocity, 1e-3, 0.9)?;
    section.error(
        "sgd_momentum next_w",
        8.882347033505819e-9,
        rel_error(&w, &expected::MOMENTUM_W),
    );
    let error = rel_error(&velocity, &expected::MOMENTUM_VELOCITY);
    section.error("sgd_momentum velocity", 4.269287743278663e-9, error);

    let (mut w, mut cache) = (w0.clone(), linspace(0.6, 0.9, 20));
    rmsprop(&mut w, &dw, &mut cache, 1e-2, 0.99, 1e-8)?;
    section.error("rmsprop next_w", 9.524687511038133e-8, rel_error(&w, &expected::RMSPROP_W));
    let error = rel_error(&cache, &expected::RMSPROP_CACHE);
    section.error("rmsprop cache", 2.6477955807156126e-9, error);

    let (mut w, mut m, mut v) = (w0, linspace(0.6, 0.9, 20), linspace(0.7, 0.5, 20));
    adam(&mut w, &dw, &mut m, &mut v, 1e-2, 6, &AdamConfig::default())?;
    section.error("adam next_w", 1.1395691798535431e-7, rel_error(&w, &expected::ADAM_W));
    section.error("adam v", 4.208314038113071e-9, rel_error(&v, &expected::ADAM_V));
    section.error("adam m", 4.214963193114416e-9, rel_error(&m, &expected::ADAM_M));
    Ok(())
}

/// The arrays that the document gives for the update rules.
mod expected {
    pub(super) const MOMENTUM_W: [f64; 20] = [
        0.1406, 0.20738947, 0.27417895, 0.34096842, 0.40775789, 0.47454737, 0.54133684, 0.60812632,
        0.67491579, 0.74170526, 0.80849474, 0.87528421, 0.94207368, 1.00886316, 1.07565263,
        1.14244211, 1.20923158, 1.27602105, 1.34281053, 1.4096,
    ];
    pub(super) const MOMENTUM_VELOCITY: [f64; 20] = [
        0.5406, 0.55475789, 0.56891579, 0.58307368, 0.59723158, 0.61138947, 0.62554737, 0.63970526,
        0.65386316, 0.66802105, 0.68217895, 0.69633684, 0.71049474, 0.72465263, 0.73881053,
        0.75296842, 0.76712632, 0.78128421, 0.79544211, 0.8096,
    ];
    pub(super) const RMSPROP_W: [f64; 20] = [
        -0.39223849,
        -0.34037513,
        -0.28849239,
        -0.23659121,
        -0.18467247,
        -0.132737,
        -0.08078555,
        -0.02881884,
        0.02316247,
        0.07515774,
        0.12716641,
        0.17918792,
        0.23122175,
        0.28326742,
        0.33532447,
        0.38739248,
        0.43947102,
        0.49155973,
        0.54365823,
        0.59576619,
    ];
    pub(super) const RMSPROP_CACHE: [f64; 20] = [
        0.5976, 0.6126277, 0.6277108, 0.64284931, 0.65804321, 0.67329252, 0.68859723, 0.70395734,
        0.71937285, 0.73484377, 0.75037008, 0.7659518, 0.78158892, 0.79728144, 0.81302936,
        0.82883269, 0.84469141, 0.86060554, 0.87657507, 0.8926,
    ];
    pub(super) const ADAM_W: [f64; 20] = [
        -0.40094747,
        -0.34836187,
        -0.29577703,
        -0.24319299,
        -0.19060977,
        -0.1380274,
        -0.08544591,
        -0.03286534,
        0.01971428,
        0.0722929,
        0.1248705,
        0.17744702,
        0.23002243,
        0.28259667,
        0.33516969,
        0.38774145,
        0.44031188,
        0.49288093,
        0.54544852,
        0.59801459,
    ];
    pub(super) const ADAM_V: [f64; 20] = [
        0.69966, 0.68908382, 0.67851319, 0.66794809, 0.65738853, 0.64683452, 0.63628604, 0.6257431,
        0.61520571, 0.60467385, 0.59414753, 0.58362676, 0.57311152, 0.56260183, 0.55209767,
        0.54159906, 0.53110598, 0.52061845, 0.51013645, 0.49966,
    ];
    pub(super) const ADAM_M: [f64; 20] = [
        0.48, 0.49947368, 0.51894737, 0.53842105, 0.55789474, 0.57736842, 0.59684211, 0.61631579,
        0.63578947, 0.65526316, 0.67473684, 0.69421053, 0.71368421, 0.73315789, 0.75263158,
        0.77210526, 0.79157895, 0.81105263, 0.83052632, 0.85,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_the_document_passes() {
        let checks = run_checks().unwrap();
        assert_eq!(checks.len(), 44);
        let failed: Vec<_> = checks.iter().filter(|check| !check.passes()).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }
}
