//! int8 networks against the definition in plain integers, and against the networks they are made of.

use barenet::quant::{
    Channel, InputScale, MIN_CALIBRATION_SAMPLES, Observer, QuantBatch, QuantError, QuantNet,
    Quantized, calibrate, quantize,
};
use barenet::{
    Arch, Error, FullyConnectedNet, Init, Mat, Portable, Rng, Scaling, Weights, fold, layer_grads,
    predict,
};
use barenet_blas::{Backend, Kernel};
use barenet_tests::Model;

/// An int8 network with its memory.
struct Int8 {
    weights: Vec<u32>,
    channels: Vec<Channel>,
    quantized: Quantized,
}

impl Int8 {
    /// Quantises a network, calibrated with images of bytes.
    fn new(model: &Model<'_, f32>, mean_image: &[f32], images: &[u8]) -> Result<Self, QuantError> {
        let arch = model.net.arch.without_batchnorm();
        let mut folded = vec![f32::NAN; arch.num_params()];
        let weights = Weights::new(&model.net.arch, &model.params, &model.running).unwrap();
        fold(&model.net, weights, Scaling::offset(mean_image), Scaling::NONE, &mut folded).unwrap();
        let count = images.len() / arch.input_dim();
        let x: Vec<f32> = images.iter().map(|&pixel| pixel.into()).collect();
        let mut observers = vec![Observer::new(); arch.num_layers()];
        let mut workspace = vec![f32::NAN; arch.infer_workspace_len(count)];
        let x = Mat::new(&x, count, arch.input_dim()).unwrap();
        calibrate(&Portable, &arch, &folded, x, &mut workspace, &mut observers).unwrap();
        let mut weights = vec![0; arch.quant_weights_len()];
        let mut channels = vec![Channel::default(); arch.quant_channels_len()];
        let input = InputScale::PIXELS;
        let quantized = quantize(&arch, &folded, input, &observers, &mut weights, &mut channels)?;
        Ok(Self { weights, channels, quantized })
    }

    fn scores(&self, arch: Arch<'_>, image: &[u8], garbage: u8) -> Result<Vec<i16>, Error> {
        let net = QuantNet::try_new(arch, &self.weights, &self.channels)?;
        let mut workspace = vec![garbage; arch.quant_workspace_len()];
        let mut scores = vec![-1; arch.num_classes()];
        net.scores(&Portable, image, &mut workspace, &mut scores)?;
        Ok(scores)
    }
}

/// Drawn weights; with batch norm, drawn `gamma`, `beta` and running statistics.
fn drawn<'a>(dims: &'a [usize], batchnorm: bool, seed: u64) -> Model<'a, f32> {
    let arch = Arch::try_new(dims).unwrap();
    let arch = if batchnorm { arch.with_batchnorm() } else { arch };
    let mut model = Model::new(FullyConnectedNet::new(arch), Init::He, seed);
    let mut rng = Rng::seed(seed).fork(9);
    for layer in arch.layers() {
        let grads = layer_grads(&layer, &mut model.params).unwrap();
        rng.fill_normal(3.0, grads.db);
        if let Some(norm) = grads.norm {
            rng.fill_normal(0.3, norm.dbeta);
            norm.dgamma.fill_with(|| rng.uniform() as f32 + 0.5);
        }
    }
    model.running.fill_with(|| 500.0 * (rng.uniform() as f32 + 0.1));
    model
}

fn images(arch: &Arch<'_>, count: usize, seed: u64) -> Vec<u8> {
    let mut rng = Rng::seed(seed);
    (0..count * arch.input_dim()).map(|_| rng.below(256) as u8).collect()
}

#[test]
fn folding_does_not_change_the_scores() {
    for batchnorm in [false, true] {
        let model = drawn(&[37, 19, 8, 5], batchnorm, 3);
        let plain = model.net.arch.without_batchnorm();
        let mean_image: Vec<f32> = (0_u8..37).map(|i| 100.0 + f32::from(i)).collect();
        let mut folded = Model::new(FullyConnectedNet::new(plain), Init::He, 0);
        let weights = Weights::new(&model.net.arch, &model.params, &model.running).unwrap();
        fold(&model.net, weights, Scaling::offset(&mean_image), Scaling::NONE, &mut folded.params)
            .unwrap();
        let pixels = images(&plain, 1, 5);
        let raw: Vec<f32> = pixels.iter().map(|&pixel| pixel.into()).collect();
        let centered: Vec<f32> = raw.iter().zip(&mean_image).map(|(x, mean)| x - mean).collect();
        for (found, expected) in folded.scores(&raw).iter().zip(model.scores(&centered)) {
            // Rounded to f32 are numbers of a few hundred.
            assert!((found - expected).abs() < 1e-3, "{found} {expected}");
        }
    }
}

#[test]
fn int8_scores_are_close_to_those_of_f32() {
    for (dims, batchnorm) in [
        (&[64, 32, 16, 10][..], false),
        (&[300, 40, 8, 40, 11], true),
        (&[37, 3], false), // neither inputs nor outputs a multiple of 4
        (&[5, 6, 7, 9], true),
    ] {
        let model = drawn(dims, batchnorm, 11);
        let arch = model.net.arch.without_batchnorm();
        let mean_image = vec![128.0; arch.input_dim()];
        let int8 = Int8::new(&model, &mean_image, &images(&arch, 200, 1)).unwrap();
        let (mut error, mut size) = (0.0, 0.0);
        for image in images(&arch, 100, 2).chunks(arch.input_dim()) {
            let x: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel) - 128.0).collect();
            let found = int8.scores(arch, image, 0x55).unwrap();
            for (found, expected) in found.iter().zip(model.scores(&x)) {
                let found = f64::from(*found) * int8.quantized.score_scale;
                error += (found - f64::from(expected)).powi(2);
                size += f64::from(expected).powi(2);
            }
        }
        let relative = (error / size).sqrt();
        // Eight bits a number: half a percent of each layer's range.
        assert!(relative < 0.03, "{dims:?}: {relative}");
    }
}

#[test]
fn a_batch_has_the_scores_of_its_images_at_any_number_of_threads() {
    for dims in [&[300, 40, 8, 11][..], &[37, 30, 9, 8], &[64, 10], &[5, 4]] {
        let model = drawn(dims, false, 2);
        let arch = model.net.arch;
        let int8 = Int8::new(&model, &vec![0.0; dims[0]], &images(&arch, 50, 1)).unwrap();
        let net = QuantNet::try_new(arch, &int8.weights, &int8.channels).unwrap();
        for num_rows in [0, 1, 3, 8, 70, 200] {
            let images = images(&arch, num_rows, 8);
            let rows = images.chunks(dims[0]);
            let expected: Vec<_> =
                rows.flat_map(|image| int8.scores(arch, image, 0).unwrap()).collect();
            for threads in [1, 2, 3] {
                for kernel in [Kernel::Portable, Kernel::default()] {
                    let backend = Backend::with_threads(kernel, threads).unwrap();
                    let mut workspace = vec![0xAA; num_rows * arch.quant_workspace_len()];
                    let mut scores = vec![-1; num_rows * arch.num_classes()];
                    net.scores_of_batch(&backend, &images, &mut workspace, &mut scores).unwrap();
                    assert_eq!(scores, expected, "{dims:?}, {num_rows} rows, {threads} threads");
                }
            }
        }
    }
}

#[test]
fn a_batch_that_does_not_fit_is_an_error() {
    let model = drawn(&[8, 8, 4], false, 2);
    let arch = model.net.arch;
    let int8 = Int8::new(&model, &[0.0; 8], &images(&arch, 50, 1)).unwrap();
    let net = QuantNet::try_new(arch, &int8.weights, &int8.channels).unwrap();
    let run = |x: usize, workspace: usize, scores: usize| {
        let (mut workspace, mut scores) = (vec![0; workspace], vec![7; scores]);
        let result = net.scores_of_batch(&Portable, &vec![0; x], &mut workspace, &mut scores);
        assert!(result.is_ok() || scores.iter().all(|&score| score == 7));
        result.err()
    };
    assert_eq!(run(16, 16, 8), None);
    assert!(matches!(run(17, 16, 8), Some(Error::Shape(e)) if e.what == "x"));
    assert!(matches!(run(16, 16, 9), Some(Error::Shape(e)) if e.what == "scores"));
    assert!(matches!(
        run(16, 15, 8),
        Some(Error::BufferTooSmall { what: "workspace", required: 16, found: 15 })
    ));
    let (x, w, channels) = ([[0; 4]; 6], [[0; 4]; 6], [[Channel::default(); 4]; 2]);
    let what = |num_rows, x, w, len| {
        QuantBatch::new(num_rows, x, w, &channels, &mut vec![[0_u8; 4]; len]).err().map(|e| e.what)
    };
    assert_eq!(what(2, &x, &w, 4), None);
    assert_eq!(what(4, &x, &w, 8), Some("x"));
    assert_eq!(what(0, &[], &w, 0), Some("x"));
    assert_eq!(what(2, &x, &w[1..], 4), Some("w"));
    assert_eq!(what(2, &x, &w, 5), Some("out"));
}

#[test]
fn int8_scores_do_not_depend_on_what_the_workspace_held() {
    let model = drawn(&[30, 9, 6, 5], false, 2);
    let arch = model.net.arch;
    let int8 = Int8::new(&model, &[0.0; 30], &images(&arch, 50, 1)).unwrap();
    let image = images(&arch, 1, 8);
    assert_eq!(int8.scores(arch, &image, 0).unwrap(), int8.scores(arch, &image, 255).unwrap());
}

#[test]
fn a_network_without_hidden_layers_needs_no_workspace() {
    let model = drawn(&[8, 4], false, 2);
    assert_eq!(model.net.arch.quant_workspace_len(), 0);
    let int8 = Int8::new(&model, &[0.0; 8], &images(&model.net.arch, 50, 1)).unwrap();
    assert!(int8.scores(model.net.arch, &[1; 8], 0).is_ok());
}

#[test]
fn what_does_not_fit_is_an_error() {
    let model = drawn(&[8, 8, 4], false, 2);
    let arch = model.net.arch;
    let int8 = Int8::new(&model, &[0.0; 8], &images(&arch, 50, 1)).unwrap();
    let net = QuantNet::try_new(arch, &int8.weights, &int8.channels).unwrap();
    let run = |x: &[u8], workspace: &mut [u8], scores: &mut [i16]| {
        net.scores(&Portable, x, workspace, scores)
    };
    assert!(run(&[0; 8], &mut [0; 8], &mut [0; 4]).is_ok());
    assert!(
        matches!(run(&[0; 7], &mut [0; 8], &mut [0; 4]), Err(Error::Shape(e)) if e.what == "x")
    );
    assert!(
        matches!(run(&[0; 8], &mut [0; 8], &mut [0; 5]), Err(Error::Shape(e)) if e.what == "scores")
    );
    assert!(matches!(
        run(&[0; 8], &mut [0; 7], &mut [0; 4]),
        Err(Error::BufferTooSmall { what: "workspace", required: 8, found: 7 })
    ));
    assert_eq!(QuantNet::try_new(arch, &[], &int8.channels).unwrap_err().what, "weights");
    assert_eq!(QuantNet::try_new(arch, &int8.weights, &[]).unwrap_err().what, "channels");
}

#[test]
fn networks_that_cannot_be_quantised_are_refused() {
    let mut model = drawn(&[8, 8, 4], false, 2);
    let arch = model.net.arch;
    let few = images(&arch, MIN_CALIBRATION_SAMPLES - 1, 1);
    let error = Int8::new(&model, &[0.0; 8], &few).err().unwrap();
    assert_eq!(error, QuantError::TooFewSamples { required: 32, found: 31 });

    *model.params.last_mut().unwrap() = f32::NAN;
    let error = Int8::new(&model, &[0.0; 8], &images(&arch, 50, 1)).err().unwrap();
    assert_eq!(error, QuantError::NotFinite { what: "a bias", layer: 1 });
    model.params[0] = f32::INFINITY;
    let error = Int8::new(&model, &[0.0; 8], &images(&arch, 50, 1)).err().unwrap();
    assert_eq!(error, QuantError::NotFinite { what: "a weight", layer: 0 });

    let mut wide = drawn(&[70_000, 1], false, 2);
    wide.params.fill(1.0);
    let error = Int8::new(&wide, &vec![0.0; 70_000], &images(&wide.net.arch, 40, 1)).err().unwrap();
    assert_eq!(error, QuantError::TooWide { layer: 0, fan_in: 70_000 });
}

#[test]
fn an_output_of_zeros_makes_no_other_coarser() {
    for dims in [&[30, 12, 5][..], &[7, 6]] {
        for dead in [&[0][..], &[4], &[1, 3]] {
            let mut model = drawn(dims, false, 8);
            let arch = model.net.arch;
            let last = arch.layers().last().unwrap();
            // Next to scores of thousandths a scale of 1 is all there is.
            let scale = if arch.num_layers() == 1 { 1e-6 } else { 1e-5 };
            let mut grads = layer_grads(&last, &mut model.params).unwrap();
            grads.dw.data_mut().iter_mut().for_each(|w| *w *= scale);
            grads.db.fill(0.0);
            for &class in dead {
                grads
                    .dw
                    .data_mut()
                    .iter_mut()
                    .skip(class)
                    .step_by(last.fan_out)
                    .for_each(|w| *w = 0.0);
            }
            let mean_image = vec![128.0; arch.input_dim()];
            let int8 = Int8::new(&model, &mean_image, &images(&arch, 100, 1)).unwrap();
            let (mut error, mut size) = (0.0, 0.0);
            for image in images(&arch, 50, 2).chunks(arch.input_dim()) {
                let x: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel) - 128.0).collect();
                let found = int8.scores(arch, image, 0).unwrap();
                assert!(dead.iter().all(|&class| found[class] == 0), "{found:?}");
                for (found, expected) in found.iter().zip(model.scores(&x)) {
                    let found = f64::from(*found) * int8.quantized.score_scale;
                    error += (found - f64::from(expected)).powi(2);
                    size += f64::from(expected).powi(2);
                }
            }
            let relative = (error / size).sqrt();
            assert!(relative < 0.05, "{dims:?} without {dead:?}: {relative}");
        }
    }
}

/// A network whose hidden units or classes are ruled out by a bias, in int8, and how many of 100 images are in the
/// class of f32.
fn same_with_bias(dims: &[usize], layer: usize, units: &[usize], bias: f32) -> usize {
    let mut model = drawn(dims, false, 5);
    let arch = model.net.arch;
    let spec = arch.layers().nth(layer).unwrap();
    let grads = layer_grads(&spec, &mut model.params).unwrap();
    units.iter().for_each(|&unit| grads.db[unit] = bias);
    let mean_image = vec![128.0; arch.input_dim()];
    let int8 = Int8::new(&model, &mean_image, &images(&arch, 100, 1)).unwrap();
    let is_same = |image: &&[u8]| {
        let x: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel) - 128.0).collect();
        predict(&int8.scores(arch, image, 3).unwrap()) == predict(&model.scores(&x))
    };
    images(&arch, 100, 2).chunks(arch.input_dim()).filter(is_same).count()
}

#[test]
fn what_a_bias_rules_out_takes_no_digits_from_the_others() {
    let dims = [40, 24, 16, 7];
    let before = same_with_bias(&dims, 0, &[], 0.0);
    assert!(before >= 90, "{before}");
    for bias in [-3e4, -1e6, -1e9, -1e20, -1e30] {
        for (layer, units) in [(0, &[2, 3, 11][..]), (1, &[0, 15]), (2, &[4]), (2, &[0, 6])] {
            let same = same_with_bias(&dims, layer, units, bias);
            assert!(same >= 85, "{bias} in layer {layer}: {same} instead of {before}");
        }
    }
}

#[test]
fn a_scale_that_overflows_is_refused() {
    // Weights, activations and inputs that are all finite, but not what int8 counts them in.
    for (dims, weight, input) in [
        (&[4, 3][..], 1e200, InputScale::new(1e150, 0)),
        (&[4, 5, 3][..], 1e150, InputScale::new(1e300, 255)),
        (&[4, 3][..], 1e305, InputScale::new(1e6, 7)),
    ] {
        let arch = Arch::new(dims);
        let params = vec![weight; arch.num_params()];
        let mut observers = vec![Observer::new(); arch.num_layers()];
        for observer in &mut observers {
            observer.observe(Mat::new(&[1.0_f64; 32], 32, 1).unwrap());
        }
        let mut weights = vec![0; arch.quant_weights_len()];
        let mut channels = vec![Channel::default(); arch.quant_channels_len()];
        let found = quantize(&arch, &params, input, &observers, &mut weights, &mut channels);
        let error = found.unwrap_err();
        assert!(matches!(error, QuantError::NotFinite { what: "the scale", .. }), "{error:?}");
    }
}

#[test]
fn a_network_of_zeros_has_scores_of_zero() {
    let mut model = drawn(&[8, 6, 4], false, 2);
    model.params.fill(0.0);
    let int8 = Int8::new(&model, &[0.0; 8], &images(&model.net.arch, 50, 1)).unwrap();
    assert_eq!(int8.scores(model.net.arch, &[200; 8], 7).unwrap(), [0; 4]);
    assert!(int8.quantized.score_scale > 0.0);
}

#[test]
fn a_bias_larger_than_all_products_survives() {
    let mut model = drawn(&[4, 2], false, 2);
    model.params[..8].fill(1e-9);
    model.params[8..].copy_from_slice(&[1000.0, 2000.0]);
    let arch = model.net.arch;
    let int8 = Int8::new(&model, &[0.0; 4], &images(&arch, 50, 1)).unwrap();
    let scores = int8.scores(arch, &[9; 4], 0).unwrap();
    assert_eq!(predict(&scores), 1);
    let real = f64::from(scores[0]) * int8.quantized.score_scale;
    assert!((real - 1000.0).abs() < 0.1, "{real}");
}
