use super::*;
use crate::{
    Dataset, DecayOn, FullyConnectedNet, Init, LocalLayers, Picture, Portable, Rng, Sample, Solver,
    SolverBuffers, SolverConfig, Target, UpdateRule, Window,
};
use std::vec;
use std::vec::Vec;

const SAMPLES: usize = 60;

/// Samples of inputs that go together, and classes that follow from them.
#[derive(Clone)]
struct Points {
    x: Vec<Vec<f64>>,
    y: Vec<u32>,
}

impl Points {
    fn new(width: usize) -> Self {
        let mut rng = Rng::seed(5);
        let x: Vec<Vec<f64>> = (0..SAMPLES)
            .map(|_| {
                let mut common = rng.uniform();
                let mut each = || {
                    common = 0.8 * common + rng.uniform();
                    3.0 * common + 1.0
                };
                (0..width).map(|_| each()).collect()
            })
            .collect();
        let y = x.iter().map(|x| u32::from(x[0] > x[1])).collect();
        Self { x, y }
    }
}

impl Dataset<f64> for Points {
    fn len(&self) -> usize {
        self.x.len()
    }
    fn input_dim(&self) -> usize {
        self.x[0].len()
    }
    fn target(&self, index: usize) -> Target {
        Target::Class(self.y[index])
    }
    fn read(&self, sample: Sample, start: usize, x: &mut [f64]) {
        x.copy_from_slice(&self.x[sample.index][start..start + x.len()]);
    }
}

fn fit(arch: &Arch<'_>, data: &Points, epsilon: f64) -> Result<Vec<f64>, Error> {
    let (mut factors, dim) = (vec![f64::NAN; whitening_len(arch)], arch.input_dim());
    let (mut means, mut x) = (vec![0.0; dim], vec![0.0; dim]);
    fit_whitening(&Portable, arch, data, SAMPLES, epsilon, &mut factors, &mut means, &mut x)?;
    Ok(factors)
}

/// The inputs of each place, as numbers of a sample.
fn places(arch: &Arch<'_>) -> Vec<Vec<usize>> {
    let windows = arch.any_layers().next().unwrap().windows;
    let picture = arch.local().picture;
    let at = |n| if arch.has_local() { picture.place_in_sample(n) } else { n };
    windows.places().map(|place| place.inputs(&windows).map(at).collect()).collect()
}

/// L⁻¹·x of each place.
fn whitened(arch: &Arch<'_>, factors: &[f64], x: &[f64]) -> Vec<f64> {
    let (mut out, mut rest) = (x.to_vec(), factors);
    for place in places(arch) {
        let k = place.len();
        for (row, &to) in place.iter().enumerate() {
            out[to] = (0..k).map(|j| rest[row * k + j] * x[place[j]]).sum();
        }
        rest = &rest[k * k..];
    }
    out
}

const TOUCHING: LocalLayers<'static> = LocalLayers {
    picture: Picture { height: 4, width: 6, channels: 2, planes: true },
    windows: &[Window { size: 2, stride: 2, units: 3, padding: 0 }],
};
const OVERLAPPING: LocalLayers<'static> =
    LocalLayers { windows: &[Window { size: 3, stride: 1, units: 2, padding: 1 }], ..TOUCHING };

fn archs() -> [Arch<'static>; 4] {
    let dims: &'static [usize] = vec![TOUCHING.num_outputs(), 5, 2].leak();
    [
        Arch::new(&[7, 4, 2]),
        Arch::new(&[7, 4, 2]).with_batchnorm(),
        Arch::new(&[7, 2]),
        Arch::new(dims).with_batchnorm().with_local(TOUCHING),
    ]
}

/// The covariance of the inputs of a place.
fn covariance(data: &Points, place: &[usize]) -> Vec<Vec<f64>> {
    let mean =
        |f: &dyn Fn(&[f64]) -> f64| data.x.iter().map(|x| f(x)).sum::<f64>() / SAMPLES as f64;
    let means: Vec<_> = place.iter().map(|&i| mean(&|x| x[i])).collect();
    let k = place.len();
    let of = |i: usize, j: usize| mean(&|x| (x[place[i]] - means[i]) * (x[place[j]] - means[j]));
    (0..k).map(|i| (0..k).map(|j| of(i, j)).collect()).collect()
}

/// The mean variance of the inputs of all places.
fn mean_variance(data: &Points, places: &[Vec<usize>]) -> f64 {
    let of_place = |place: &Vec<usize>| {
        let c = covariance(data, place);
        (0..place.len()).map(|i| c[i][i]).sum::<f64>()
    };
    places.iter().map(of_place).sum::<f64>() / places.iter().map(Vec::len).sum::<usize>() as f64
}

fn overlapping() -> Arch<'static> {
    let dims: &'static [usize] = vec![OVERLAPPING.num_outputs(), 2].leak();
    Arch::new(dims).with_local(OVERLAPPING)
}

#[test]
fn whitened_inputs_have_no_covariance_and_variances_below_1_by_what_was_added() {
    for arch in archs().into_iter().chain([overlapping()]) {
        let data = Points::new(arch.input_dim());
        let places = places(&arch);
        for epsilon in [1e-6, 0.1, 3.0] {
            let (factors, mut start) = (fit(&arch, &data, epsilon).unwrap(), 0);
            let more = epsilon * mean_variance(&data, &places);
            for place in &places {
                let (k, mut c) = (place.len(), covariance(&data, place));
                (0..k).for_each(|i| c[i][i] += more);
                let m = |i: usize, j: usize| factors[start + i * k + j];
                for i in 0..k {
                    for j in 0..k {
                        assert!(j <= i || m(i, j) == 0.0);
                        let one: f64 = (0..k)
                            .flat_map(|a| (0..k).map(move |b| (a, b)))
                            .map(|(a, b)| m(i, a) * c[a][b] * m(j, b))
                            .sum();
                        assert!((one - f64::from(u8::from(i == j))).abs() < 1e-8, "{i} {j}: {one}");
                    }
                }
                start += k * k;
            }
            assert_eq!(start, factors.len());
        }
    }
}

/// As in the corner of a picture in which hardly ever anything is.
#[test]
fn a_window_in_which_hardly_anything_happens_is_not_magnified_to_what_others_are() {
    let arch = archs()[3];
    let places = places(&arch);
    let mut data = Points::new(arch.input_dim());
    for (number, x) in data.x.iter_mut().enumerate() {
        places[0].iter().for_each(|&i| x[i] = 1.0);
        x[places[0][0]] += if number == 3 { 1e-3 } else { 0.0 };
    }
    let factors = fit(&arch, &data, 0.1).unwrap();
    let most = 1.0 / (0.1 * mean_variance(&data, &places)).sqrt();
    assert!(factors.iter().all(|factor| factor.abs() <= 1.000_001 * most));
    let of_place = &factors[..places[0].len().pow(2)];
    assert!(of_place.iter().step_by(places[0].len() + 1).all(|&f| (f / most - 1.0).abs() < 1e-3));
}

/// What is found does not depend on how much is read at once, nor on who divides the work.
#[test]
fn factors_are_the_same_bits_however_many_samples_are_read_at_once() {
    struct Halves;
    impl crate::Machine for Halves {
        fn join(&self, first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
            second();
            first();
        }
    }
    let arch = overlapping();
    let (data, dim) = (Points::new(arch.input_dim()), arch.input_dim());
    let expected = fit(&arch, &data, 0.1).unwrap();
    for rows in [2, 7, SAMPLES, 100] {
        let mut factors = vec![0.0; expected.len()];
        let (mut means, mut x) = (vec![0.0; dim], vec![0.0; rows * dim + 3]);
        fit_whitening(&Halves, &arch, &data, SAMPLES, 0.1, &mut factors, &mut means, &mut x)
            .unwrap();
        assert_eq!(factors, expected);
    }
}

/// The weights after some steps on data, whitened as they are trained or not.
fn trained(
    arch: Arch<'_>,
    rule: UpdateRule<f64>,
    decay_on: DecayOn,
    data: &Points,
    factors: &[f64],
) -> Vec<f64> {
    let net = FullyConnectedNet::<f64>::with_arch(arch);
    let config = SolverConfig {
        decay_on,
        learning_rate: 0.02,
        batch_size: 20,
        num_epochs: 4,
        ..SolverConfig::new(rule)
    };
    let (len, running) = (arch.num_params(), arch.num_running());
    let mut spare = vec![f64::NAN; Whitening::<f64>::spare_len(&arch)];
    let (mut params, mut running) = (vec![0.0; len], vec![0.0; running]);
    let mut best_running = running.clone();
    let mut workspace = vec![0.0; config.workspace_len(&arch)];
    let mut buffers = SolverBuffers {
        params: &mut params,
        running: &mut running,
        grads: &mut vec![0.0; len],
        update_state: &mut vec![0.0; len * rule.state_per_param()],
        best_params: &mut vec![0.0; len],
        best_running: &mut best_running,
        indices: &mut [0; 20],
        y: &mut [0; 20],
        workspace: &mut workspace,
        average: Default::default(),
        history: Default::default(),
    };
    net.init(Init::He, Rng::seed(1), &mut buffers.state(&arch).unwrap());
    let mut whitening = Whitening { factors, spare: &mut spare };
    if !factors.is_empty() {
        whitening.fold_into(&Portable, &arch, buffers.params).unwrap();
    }
    let mut solver = Solver::new(net, config, &Portable, data, data, buffers).unwrap();
    if !factors.is_empty() {
        solver = solver.with_whitening(whitening).unwrap();
    }
    solver.train(|_| {}).unwrap();
    params
}

/// Of data that were whitened before, and of the same data whitened in training.
#[test]
fn a_network_learns_what_it_learns_from_whitened_data() {
    for arch in archs() {
        let data = Points::new(arch.input_dim());
        let factors = fit(&arch, &data, 0.1).unwrap();
        let mut before = data.clone();
        before.x.iter_mut().for_each(|x| *x = whitened(&arch, &factors, x));
        for name in UpdateRule::<f64>::NAMES {
            let mut rule = UpdateRule::from_name(name).unwrap();
            if rule.check_arch(&arch).is_err() {
                continue;
            }
            rule.constant_mut("weight_decay").into_iter().for_each(|decay| *decay = 0.3);
            for decay_on in [DecayOn::All, DecayOn::Weights] {
                let found = trained(arch, rule, decay_on, &data, &factors);
                let mut expected = trained(arch, rule, decay_on, &before, &[]);
                let mut spare = vec![0.0; Whitening::<f64>::spare_len(&arch)];
                let mut whitening = Whitening { factors: &factors, spare: &mut spare };
                whitening.fold_into(&Portable, &arch, &mut expected).unwrap();
                for (found, expected) in found.iter().zip(&expected) {
                    assert!((found - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{name}");
                }
            }
        }
    }
}

#[test]
fn inputs_that_are_the_same_are_left_and_those_that_are_no_numbers_refused() {
    let arch = Arch::new(&[2, 2]);
    let same = Points { x: vec![vec![3.0, 4.0]; SAMPLES], ..Points::new(2) };
    assert_eq!(fit(&arch, &same, 0.1).unwrap(), [1.0, 0.0, 0.0, 1.0]);
    let mut odd = Points::new(2);
    odd.x[7][1] = f64::NAN;
    assert_eq!(fit(&arch, &odd, 0.1), Err(Error::NonFinite { what: "inputs" }));
    for epsilon in [0.0, 1e-7, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(fit(&arch, &Points::new(2), epsilon), Err(Error::InvalidConfig { .. })));
    }
    assert!(matches!(fit(&Arch::new(&[3, 2]), &Points::new(2), 0.1), Err(Error::Shape(_))));
    let wide = Arch::new(&[MAX_WHITENED_INPUTS + 1, 2]);
    let data = Points::new(MAX_WHITENED_INPUTS + 1);
    assert!(matches!(fit(&wide, &data, 0.1), Err(Error::InvalidConfig { .. })));
}

#[test]
fn slices_of_other_lengths_are_refused() {
    let arch = Arch::new(&[2, 1]);
    for [factors, spare, params] in [[3, 4, 3], [4, 3, 3], [4, 4, 2]] {
        let (mut params, factors) = (vec![1.0; params], vec![2.0; factors]);
        let mut spare = vec![0.0; spare];
        let mut whitening = Whitening { factors: &factors, spare: &mut spare };
        let refused = whitening.fold_into(&Portable, &arch, &mut params);
        assert!(matches!(refused, Err(Error::Shape(_))));
        assert!(params.iter().all(|&w| w == 1.0));
    }
}
