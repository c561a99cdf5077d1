//! int8 networks that begin with locally connected layers, against affine ones with zeros and against f64.

use barenet::quant::{
    Channel, InputScale, Observer, QuantNet, calibrate, equalize, observe_units, quantize,
    remove_unused,
};
use barenet::{Arch, Error, FoldedNet, LocalLayers, Mat, Picture, Portable, Rng, Window, predict};
use barenet_blas::{Backend, Kernel};

/// Units and channels that fill whole groups of four, and others.
const WINDOWS: [Window; 3] = [
    Window { size: 4, stride: 2, units: 5, padding: 1 },
    Window { size: 2, stride: 1, units: 8, padding: 0 },
    Window { size: 2, stride: 2, units: 3, padding: 1 },
];

/// Networks with and without planes and hidden affine layers, of one to three locally connected layers.
fn for_each_net(mut check: impl FnMut(Arch<'_>)) {
    for planes in [true, false] {
        for num_local in 1..=3 {
            let picture = Picture { height: 7, width: 9, channels: 3, planes };
            let layers = LocalLayers { picture, windows: &WINDOWS[..num_local] };
            for hidden in [&[][..], &[6], &[6, 40]] {
                let dims = [&[layers.num_outputs()][..], hidden, &[5]].concat();
                check(Arch::new(&dims).with_local(layers));
            }
        }
    }
}

/// He's weights, and biases such that units are above 0 for half of the images.
fn drawn(arch: &Arch<'_>, seed: u64) -> Vec<f64> {
    let mut params = vec![0.0; arch.num_params()];
    let mut rng = Rng::seed(seed);
    rng.fill_normal(0.1, &mut params);
    for layer in arch.local_layers() {
        let std = (2.0 / layer.windows.fan_in() as f64).sqrt();
        rng.fill_normal(std, &mut params[layer.w()]);
        if layer.params_start == 0 {
            for place in layer.windows.places() {
                for (unit, output) in place.outputs.clone().enumerate() {
                    let column = params[place.weights.clone()].iter().skip(unit);
                    let sum: f64 = column.step_by(layer.windows.units).sum();
                    params[layer.b().start + output] = -127.5 * sum;
                }
            }
        }
    }
    for layer in arch.layers() {
        rng.fill_normal((2.0 / layer.fan_in as f64).sqrt(), &mut params[layer.w()]);
    }
    params
}

fn images(arch: &Arch<'_>, count: usize, seed: u64) -> Vec<u8> {
    let mut rng = Rng::seed(seed);
    (0..count * arch.input_dim()).map(|_| rng.below(256) as u8).collect()
}

/// An int8 network with its memory.
struct Int8 {
    weights: Vec<u32>,
    channels: Vec<Channel>,
    score_scale: f64,
}

impl Int8 {
    fn of(arch: &Arch<'_>, params: &[f64], input: InputScale, observers: &[Observer]) -> Self {
        let mut weights = vec![0; arch.quant_weights_len()];
        let mut channels = vec![Channel::default(); arch.quant_channels_len()];
        let found = quantize(arch, params, input, observers, &mut weights, &mut channels).unwrap();
        Self { weights, channels, score_scale: found.score_scale }
    }

    fn scores(&self, arch: Arch<'_>, images: &[u8]) -> Vec<i16> {
        let net = QuantNet::try_new(arch, &self.weights, &self.channels).unwrap();
        let mut workspace = vec![77; arch.quant_workspace_len()];
        let of_image = |image| {
            let mut scores = vec![-1; arch.num_classes()];
            net.scores(&Portable, image, &mut workspace, &mut scores).unwrap();
            scores
        };
        images.chunks(arch.input_dim()).flat_map(of_image).collect()
    }
}

fn observed(arch: &Arch<'_>, params: &[f64], images: &[u8]) -> Vec<Observer> {
    let x: Vec<f64> = images.iter().map(|&byte| byte.into()).collect();
    let x = Mat::new(&x, images.len() / arch.input_dim(), arch.input_dim()).unwrap();
    let mut observers = vec![Observer::new(); arch.num_quant_layers()];
    let mut workspace = vec![f64::NAN; arch.infer_workspace_len(x.rows())];
    calibrate(&Portable, arch, params, x, &mut workspace, &mut observers).unwrap();
    observers
}

fn real_scores(arch: Arch<'_>, params: &[f64], images: &[u8]) -> Vec<f64> {
    let net = FoldedNet::try_new(arch, params).unwrap();
    let mut workspace = vec![f64::NAN; arch.folded_workspace_len()];
    images
        .chunks(arch.input_dim())
        .flat_map(|image| net.scores(image, &mut workspace).unwrap().to_vec())
        .collect()
}

/// The same function in affine layers, most of whose weights are 0: its sizes and numbers.
fn as_affine(arch: &Arch<'_>, params: &[f64]) -> (Vec<usize>, Vec<f64>) {
    let (mut dims, mut numbers) = (vec![arch.input_dim()], Vec::new());
    for layer in arch.local_layers() {
        let (fan_in, fan_out) = (layer.windows.num_inputs(), layer.fan_out());
        let mut w = vec![0.0; fan_in * fan_out];
        for place in layer.windows.places() {
            let rows = params[layer.w()][place.weights.clone()].chunks(layer.windows.units);
            for (input, row) in place.inputs(&layer.windows).zip(rows) {
                let is_first = layer.params_start == 0;
                let input = match arch.local().picture {
                    picture if is_first => picture.place_in_sample(input),
                    _ => input,
                };
                let start = input * fan_out + place.outputs.start;
                w[start..start + row.len()].copy_from_slice(row);
            }
        }
        numbers.extend(w);
        numbers.extend(&params[layer.b()]);
        dims.push(fan_out);
    }
    numbers.extend(&params[arch.layers().next().unwrap().params_start..]);
    dims.extend(&arch.dims()[1..]);
    (dims, numbers)
}

#[test]
fn integers_are_those_of_an_affine_network_with_zeros() {
    for_each_net(|arch| {
        let params = drawn(&arch, 3);
        let (dims, numbers) = as_affine(&arch, &params);
        let affine = Arch::new(&dims);
        let (seen, images) = (images(&arch, 64, 1), images(&arch, 20, 2));
        let observers = observed(&arch, &params, &seen);
        for input in [InputScale::PIXELS, InputScale::new(1.0, 127)] {
            let local = Int8::of(&arch, &params, input, &observers);
            let wide = Int8::of(&affine, &numbers, input, &observers);
            assert_eq!(local.score_scale, wide.score_scale);
            assert_eq!(local.scores(arch, &images), wide.scores(affine, &images), "{arch:?}");
        }
    });
}

#[test]
fn scores_are_near_those_of_f64() {
    for_each_net(|arch| {
        let params = drawn(&arch, 5);
        let observers = observed(&arch, &params, &images(&arch, 200, 1));
        let int8 = Int8::of(&arch, &params, InputScale::PIXELS, &observers);
        let images = images(&arch, 200, 2);
        let (expected, found) = (real_scores(arch, &params, &images), int8.scores(arch, &images));
        let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>();
        let errors = expected.iter().zip(&found);
        let error = norm(&mut errors.map(|(x, &q)| x - f64::from(q) * int8.score_scale));
        let share = (error / norm(&mut expected.iter().copied())).sqrt();
        // Of up to six layers, each rounded to 8 bits.
        assert!(share < 0.08, "{arch:?}: {share}");
        let classes = expected.chunks(5).zip(found.chunks(5));
        let same = classes.filter(|(x, q)| predict(x) == predict(q)).count();
        assert!(same >= 175, "{arch:?}: {same} of 200 images in the same class");
    });
}

#[test]
fn bits_are_the_same_with_every_kernel_in_batches_and_on_any_threads() {
    for_each_net(|arch| {
        let params = drawn(&arch, 7);
        let observers = observed(&arch, &params, &images(&arch, 64, 1));
        let int8 = Int8::of(&arch, &params, InputScale::PIXELS, &observers);
        let images = images(&arch, 37, 2);
        let expected = int8.scores(arch, &images);
        let net = QuantNet::try_new(arch, &int8.weights, &int8.channels).unwrap();
        for threads in [1, 3] {
            for kernel in [Kernel::Portable, Kernel::default()] {
                let backend = Backend::with_threads(kernel, threads).unwrap();
                let mut workspace = vec![99; 37 * arch.quant_workspace_len()];
                let mut scores = vec![-1; 37 * 5];
                net.scores_of_batch(&backend, &images, &mut workspace, &mut scores).unwrap();
                assert_eq!(scores, expected, "{arch:?}, {kernel:?}, {threads} threads");
            }
        }
    });
}

#[test]
fn units_made_alike_or_taken_out_leave_the_function_as_it_was() {
    for_each_net(|arch| {
        let mut params = drawn(&arch, 9);
        // A unit that is always the same, and one that nothing of the next layer reads much of.
        let first = arch.local_layers().next().unwrap();
        let place = first.windows.places().nth(3).unwrap();
        let column = params[place.weights].iter_mut().step_by(first.windows.units);
        column.for_each(|w| *w = 0.0);
        params[first.b().start + place.outputs.start] = 40.0;
        let images = images(&arch, 40, 1);
        let expected = real_scores(arch, &params, &images);
        let same = |params: &[f64]| {
            for (a, b) in real_scores(arch, params, &images).iter().zip(&expected) {
                assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{arch:?}: {a} {b}");
            }
        };
        remove_unused(&arch, &mut params).unwrap();
        same(&params);
        assert_eq!(params[first.b().start + place.outputs.start], 0.0, "{arch:?}");
        for balance in [0.0, 0.5, 1.0] {
            let ranges = |params: &[f64]| {
                let x: Vec<f64> = images.iter().map(|&byte| byte.into()).collect();
                let x = Mat::new(&x, 40, arch.input_dim()).unwrap();
                let mut ranges = vec![0.0; arch.num_hidden_units()];
                let mut workspace = vec![f64::NAN; arch.infer_workspace_len(40)];
                observe_units(&Portable, &arch, params, x, &mut workspace, &mut ranges).unwrap();
                ranges
            };
            let mut alike = params.clone();
            equalize(&arch, &mut alike, InputScale::PIXELS, &ranges(&params), balance).unwrap();
            same(&alike);
            if balance == 1.0 {
                let after = &ranges(&alike)[..first.fan_out()];
                let seen = || after.iter().copied().filter(|&range| range > 0.0);
                let most = seen().fold(0.0, f64::max);
                assert!(most < seen().fold(f64::INFINITY, f64::min) * 1.01, "{arch:?}");
            }
        }
    });
}

#[test]
fn what_does_not_fit_an_int8_network_is_named() {
    for_each_net(|arch| {
        let weights = vec![0; arch.quant_weights_len()];
        let channels = vec![Channel::default(); arch.quant_channels_len()];
        let error = QuantNet::try_new(arch, &weights[4..], &channels).unwrap_err();
        assert_eq!(error.what, "weights");
        let error = QuantNet::try_new(arch, &weights, &channels[4..]).unwrap_err();
        assert_eq!(error.what, "channels");
        let net = QuantNet::try_new(arch, &weights, &channels).unwrap();
        let (mut workspace, mut scores) = (vec![7; arch.quant_workspace_len()], [3; 5]);
        for len in [0, 1, arch.input_dim() - 1, arch.input_dim() + 1] {
            let error = net.scores(&Portable, &vec![0; len], &mut workspace, &mut scores);
            assert!(matches!(error, Err(Error::Shape(e)) if e.what == "x"), "{error:?}");
        }
        let image = vec![0; arch.input_dim()];
        let error = net.scores(&Portable, &image, &mut workspace[1..], &mut scores);
        assert!(matches!(error, Err(Error::BufferTooSmall { .. })), "{error:?}");
        assert!(workspace.iter().all(|&byte| byte == 7) && scores == [3; 5]);
        let params = vec![0.0; arch.num_params()];
        let mut observers = vec![Observer::new(); arch.num_layers()];
        let x = Mat::new(&[0.0; 0], 0, arch.input_dim()).unwrap();
        let error = calibrate(&Portable, &arch, &params, x, &mut [], &mut observers);
        assert!(matches!(error, Err(Error::Shape(e)) if e.what == "observers"), "{error:?}");
    });
}
