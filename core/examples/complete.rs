//! The complete algorithm in one file, with nothing but the standard library.
//!
//! A fully-connected network with batch normalisation learns CS231n's three spirals: random numbers, forward
//! pass, loss, backward pass, Adam. Everything else in barenet is this, faster, safer and on smaller machines;
//! its first losses are those of the library (`tests/tests/networks/complete.rs`).
//! Run it with `cargo run --release -p barenet --example complete`.

use std::f64::consts::TAU;

const POINTS: usize = 100; // of each class
const CLASSES: usize = 3;
/// The sizes of the layers: x [N, 2] → 64 → 32 → scores [N, C].
pub(crate) const SIZES: [usize; 4] = [2, 64, 32, CLASSES];
pub(crate) const LEARNING_RATE: f64 = 1e-2;
pub(crate) const REG: f64 = 1e-4;
const EPS: f64 = 1e-5;

/// SplitMix64: number i is a mix of key + (i + 1)·γ.
pub(crate) struct Rng {
    key: u64,
    counter: u64,
}
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Rng {
    pub(crate) fn seed(key: u64) -> Self {
        Self { key, counter: 0 }
    }
    /// An independent stream.
    fn fork(&self, stream: u64) -> Self {
        Self::seed(mix(mix(self.key ^ GAMMA).wrapping_add(mix(stream))))
    }
    /// A number in [0, 1).
    fn uniform(&mut self) -> f64 {
        self.counter += 1;
        let bits = mix(self.key.wrapping_add(self.counter.wrapping_mul(GAMMA)));
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }
    /// Two normal numbers, by Box and Muller's method.
    fn normal_pair(&mut self) -> [f64; 2] {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        let angle = TAU * self.uniform();
        [radius * angle.cos(), radius * angle.sin()]
    }
}

/// CS231n's spirals: x [N, 2], and the class of each point.
pub(crate) fn spirals(mut rng: Rng) -> (Vec<f64>, Vec<usize>) {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for class in 0..CLASSES {
        for i in 0..POINTS {
            let radius = i as f64 / POINTS as f64;
            let angle = 4.0 * (class as f64 + radius) + 0.2 * rng.normal_pair()[0];
            x.extend([radius * angle.sin(), radius * angle.cos()]);
            y.push(class);
        }
    }
    (x, y)
}

/// A matrix product, C [m, n] = A [m, k] · B [k, n], of whatever `a(i, p)` and `b(p, j)` say.
fn product(
    [m, k, n]: [usize; 3],
    a: impl Fn(usize, usize) -> f64,
    b: impl Fn(usize, usize) -> f64,
) -> Vec<f64> {
    let sum = |i: usize, j: usize| (0..k).map(|p| a(i, p) * b(p, j)).sum();
    (0..m * n).map(|at| sum(at / n, at % n)).collect()
}

/// The parameters of a layer, w [D, M], b, gamma and beta [M], or their gradients.
pub(crate) type Layer = [Vec<f64>; 4];

/// Values that the backward pass of a hidden layer needs of the forward pass.
struct Cache {
    x: Vec<f64>,       // [N, D]
    x_hat: Vec<f64>,   // [N, M]
    inv_std: Vec<f64>, // [M]
    out: Vec<f64>,     // [N, M]
}

/// He's weights: normal with standard deviation √(2 / fan_in).
pub(crate) fn init(rng: &Rng) -> Vec<Layer> {
    let layer = |l: usize| {
        let (d, m, mut rng) = (SIZES[l], SIZES[l + 1], rng.fork(l as u64));
        let std = (2.0 / d as f64).sqrt();
        let mut w: Vec<f64> = (0..(d * m).div_ceil(2)).flat_map(|_| rng.normal_pair()).collect();
        w.truncate(d * m);
        w.iter_mut().for_each(|w| *w *= std);
        [w, vec![0.0; m], vec![1.0; m], vec![0.0; m]]
    };
    (0..SIZES.len() - 1).map(layer).collect()
}

/// The loss of a batch, and the gradient of every parameter.
pub(crate) fn loss(net: &[Layer], x: &[f64], y: &[usize]) -> (f64, Vec<Layer>) {
    let n = y.len();
    let mean = |of: &dyn Fn(usize) -> f64| (0..n).map(of).sum::<f64>() / n as f64;

    // Forward: affine → batch norm → ReLU, and an affine layer at the end.
    let (mut h, mut caches) = (x.to_vec(), Vec::new());
    for (l, [w, b, gamma, beta]) in net.iter().enumerate() {
        let (d, m) = (SIZES[l], SIZES[l + 1]);
        let mut a = product([n, d, m], |i, p| h[i * d + p], |p, j| w[p * m + j]);
        (0..n * m).for_each(|at| a[at] += b[at % m]);
        let (mut x_hat, mut inv_std) = (Vec::new(), Vec::new());
        if l + 2 < SIZES.len() {
            let mu: Vec<f64> = (0..m).map(|j| mean(&|i| a[i * m + j])).collect();
            let var = |j: usize| mean(&|i| (a[i * m + j] - mu[j]).powi(2));
            inv_std = (0..m).map(|j| 1.0 / (var(j) + EPS).sqrt()).collect();
            x_hat = (0..n * m).map(|at| (a[at] - mu[at % m]) * inv_std[at % m]).collect();
            let norm = |at: usize| gamma[at % m] * x_hat[at] + beta[at % m];
            a = (0..n * m).map(|at| norm(at).max(0.0)).collect();
        }
        caches.push(Cache { x: h, x_hat, inv_std, out: a.clone() });
        h = a;
    }

    // Softmax and its gradient: loss = −mean log p_y, dscores = (p − 1[y]) / N.
    let (scores, mut loss) = (h, 0.0);
    let mut dout = vec![0.0; n * CLASSES];
    for i in 0..n {
        let row = &scores[i * CLASSES..][..CLASSES];
        let max = row.iter().fold(f64::NEG_INFINITY, |max, &s| max.max(s));
        let sum: f64 = row.iter().map(|s| (s - max).exp()).sum();
        loss += (sum.ln() - (row[y[i]] - max)) / n as f64;
        for c in 0..CLASSES {
            let p = (row[c] - max).exp() / sum;
            dout[i * CLASSES + c] = (p - f64::from(u8::from(c == y[i]))) / n as f64;
        }
    }
    loss += 0.5 * REG * net.iter().flat_map(|[w, ..]| w).map(|w| w * w).sum::<f64>();

    // Backward: the same list reversed.
    let mut grads = net.to_vec();
    for (l, [w, _, gamma, _]) in net.iter().enumerate().rev() {
        let (d, m) = (SIZES[l], SIZES[l + 1]);
        let Cache { x, x_hat, inv_std, out } = &caches[l];
        let [dw, db, dgamma, dbeta] = &mut grads[l];
        let sum = |of: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..m).map(|j| (0..n).map(|i| of(i * m + j)).sum()).collect()
        };
        dgamma.fill(0.0);
        dbeta.fill(0.0);
        if l + 2 < SIZES.len() {
            (0..n * m).filter(|&at| out[at] <= 0.0).for_each(|at| dout[at] = 0.0);
            (*dbeta, *dgamma) = (sum(&|at| dout[at]), sum(&|at| dout[at] * x_hat[at]));
            // dx = γ/σ · (dout − mean dout − x̂ · mean(dout·x̂))
            let dx = |at: usize| {
                let j = at % m;
                let means = (dbeta[j] + x_hat[at] * dgamma[j]) / n as f64;
                gamma[j] * inv_std[j] * (dout[at] - means)
            };
            dout = (0..n * m).map(dx).collect();
        }
        *db = sum(&|at| dout[at]);
        *dw = product([d, n, m], |p, i| x[i * d + p], |i, j| dout[i * m + j]);
        dw.iter_mut().zip(w).for_each(|(dw, w)| *dw += REG * w);
        dout = product([n, m, d], |i, j| dout[i * m + j], |j, p| w[p * m + j]);
    }
    (loss, grads)
}

/// One step of Adam on one array; `t` counts from 1.
fn adam(w: &mut [f64], dw: &[f64], state: &mut [[f64; 2]], t: i32) {
    let (beta1, beta2): (f64, f64) = (0.9, 0.999);
    for ((w, dw), [m, v]) in w.iter_mut().zip(dw).zip(state) {
        *m = beta1 * *m + (1.0 - beta1) * dw;
        *v = beta2 * *v + (1.0 - beta2) * dw * dw;
        let (m_hat, v_hat) = (*m / (1.0 - beta1.powi(t)), *v / (1.0 - beta2.powi(t)));
        *w -= LEARNING_RATE * m_hat / (v_hat.sqrt() + 1e-8);
    }
}

/// Trains on all points at once, and returns the loss of every step.
pub(crate) fn train(steps: i32) -> Vec<f64> {
    let (x, y) = spirals(Rng::seed(1));
    let mut net = init(&Rng::seed(0));
    let mut state: Vec<_> = net.iter().flatten().map(|w| vec![[0.0; 2]; w.len()]).collect();
    let step = |t| {
        let (loss, grads) = loss(&net, &x, &y);
        let arrays = net.iter_mut().flatten().zip(grads.iter().flatten());
        arrays.zip(&mut state).for_each(|((w, dw), state)| adam(w, dw, state, t));
        loss
    };
    (1..=steps).map(step).collect()
}

fn main() {
    for (step, loss) in train(200).iter().enumerate().step_by(20) {
        println!("step {step:3}  loss {loss:.6}");
    }
}
