//! Networks that are the same function as an ordinary one, written in ways that int8 does badly with.

use super::super::answer::Answer;
use super::super::model::agreement;
use super::losses::Count;
use super::*;
use barenet::{Rng, layer_grads};

const DIMS: [usize; 5] = [48, 32, 24, 16, 10];
const ARCH: Arch<'static> = Arch::new(&DIMS);

/// An ordinary network, whose units are above 0 for half of the images.
fn ordinary(seed: u64) -> Model {
    let mut params = vec![0.0; ARCH.num_params()];
    let mut rng = Rng::seed(seed);
    for layer in ARCH.layers() {
        let grads = layer_grads(&layer, &mut params).unwrap();
        let (mut dw, db) = (grads.dw, grads.db);
        rng.fill_normal(1.4 / (layer.fan_in as f64).sqrt(), dw.data_mut());
        if layer.params_start == 0 {
            // The mean image, as `fold` takes it in.
            for (unit, b) in db.iter_mut().enumerate() {
                let column = dw.data().iter().skip(unit).step_by(layer.fan_out);
                *b = -127.5 * column.sum::<f32>();
            }
        }
    }
    Model { local: None, dims: DIMS.to_vec(), numbers: Numbers::F32(params), answer: Answer::Class }
}

fn images(count: usize, seed: u64) -> Vec<Vec<u8>> {
    let mut rng = Rng::seed(seed);
    (0..count).map(|_| (0..DIMS[0]).map(|_| rng.below(256) as u8).collect()).collect()
}

/// Changes a unit: its weights and bias times the first, those that read it times the second.
fn scale(model: &mut Model, layer: usize, unit: usize, own: f32, read: f32) {
    let Numbers::F32(params) = &mut model.numbers else { unreachable!() };
    let this = ARCH.layers().nth(layer).unwrap();
    let grads = layer_grads(&this, params).unwrap();
    let mut dw = grads.dw;
    dw.data_mut().iter_mut().skip(unit).step_by(this.fan_out).for_each(|w| *w *= own);
    grads.db[unit] *= own;
    let next = ARCH.layers().nth(layer + 1).unwrap();
    let mut dw = layer_grads(&next, params).unwrap().dw;
    dw.row_iter_mut().nth(unit).unwrap().iter_mut().for_each(|w| *w *= read);
}

fn bias(model: &mut Model, layer: usize, unit: usize, value: f32) {
    let Numbers::F32(params) = &mut model.numbers else { unreachable!() };
    let this = ARCH.layers().nth(layer).unwrap();
    layer_grads(&this, params).unwrap().db[unit] = value;
}

/// The shares of images that int8 puts in the class of f32: as `quantize` makes it, and as it stands.
fn shares(model: &Model) -> (f64, f64) {
    let (calibration, test) = (images(200, 1), images(500, 2));
    let calibration: Vec<&[u8]> = calibration.iter().map(|image| &**image).collect();
    let test = || test.iter().map(|image| &**image);
    let expected = model.scores(test()).unwrap();
    let int8 = quantize(model, Input::Pixels, &calibration).unwrap();
    let plain = to_int8(model, Input::Pixels, &Method::default(), &calibration).unwrap();
    let share = |int8: &Model| agreement(&expected, &int8.scores(test()).unwrap());
    (share(&int8.model), share(&plain))
}

#[test]
fn factors_of_hidden_units_cost_nothing() {
    let (of_ordinary, _) = shares(&ordinary(1));
    assert!(of_ordinary > 0.95, "{of_ordinary}");
    for factors in [
        &[(0, 3, 1e3)][..],
        &[(0, 3, 1e-3)],
        &[(1, 0, 777.0), (1, 5, 0.002)],
        &[(0, 1, 3e4), (1, 2, 3e-4), (2, 3, 3e4)],
        &[(0, 0, 1e30), (2, 0, 1e-30)],
    ] {
        let mut model = ordinary(1);
        for &(layer, unit, factor) in factors {
            scale(&mut model, layer, unit, factor, 1.0 / factor);
        }
        let (share, as_it_stands) = shares(&model);
        assert!(share > of_ordinary - 0.02, "{factors:?}: {share}, as it stands {as_it_stands}");
    }
    // It is a test of something: as it stands, most is lost.
    let mut model = ordinary(1);
    scale(&mut model, 1, 0, 1e3, 1e-3);
    assert!(shares(&model).1 < 0.7);
}

#[test]
fn units_that_do_nothing_cost_nothing() {
    let (of_ordinary, _) = shares(&ordinary(2));
    type Change = fn(&mut Model);
    let changes: [(&str, Change); 6] = [
        ("a unit without weights, read a lot", |m| {
            scale(m, 0, 2, 0.0, 1e4);
            bias(m, 0, 2, 0.0);
        }),
        ("a unit with nothing but a bias", |m| {
            scale(m, 1, 2, 0.0, 1e-4);
            bias(m, 1, 2, 1e4);
        }),
        ("a unit that is never above 0, read a lot", |m| {
            scale(m, 0, 2, 1.0, 1e4);
            bias(m, 0, 2, -1e6);
        }),
        ("a large unit that nothing reads", |m| scale(m, 1, 7, 1e5, 0.0)),
        ("units that only such a unit reads", |m| {
            scale(m, 1, 7, 1e5, 0.0);
            scale(m, 2, 1, 1e5, 0.0);
        }),
        ("a layer most of which is dead", |m| {
            for unit in 0..20 {
                scale(m, 0, unit, 0.0, 1e6);
                bias(m, 0, unit, -5.0);
            }
        }),
    ];
    for (what, change) in changes {
        let mut model = ordinary(2);
        change(&mut model);
        let (share, as_it_stands) = shares(&model);
        assert!(share > of_ordinary - 0.03, "{what}: {share}, as it stands {as_it_stands}");
    }
}

#[test]
fn an_output_that_is_always_0_costs_nothing() {
    for dead in [&[0][..], &[9], &[1, 2, 3, 4, 5, 6, 7, 8]] {
        let mut model = ordinary(3);
        let Numbers::F32(params) = &mut model.numbers else { unreachable!() };
        let last = ARCH.layers().last().unwrap();
        // Small scores: next to them a scale of 1 is a coarse one.
        let mut grads = layer_grads(&last, params).unwrap();
        grads.dw.data_mut().iter_mut().for_each(|w| *w *= 1e-4);
        for &class in dead {
            grads.dw.data_mut().iter_mut().skip(class).step_by(10).for_each(|w| *w = 0.0);
        }
        let (share, _) = shares(&model);
        assert!(share > 0.95, "{dead:?}: {share}");
    }
}

#[test]
fn what_was_lost_is_measured() {
    let calibration = images(100, 1);
    let calibration: Vec<&[u8]> = calibration.iter().map(|image| &**image).collect();
    let int8 = quantize(&ordinary(4), Input::Pixels, &calibration).unwrap();
    let losses = losses(&int8, &calibration).unwrap();
    assert_eq!(losses.len(), 4);
    for loss in &losses {
        assert!((25.0..80.0).contains(&loss.signal_to_noise), "{loss:?}");
        assert!((0.0..0.2).contains(&loss.clipped), "{loss:?}");
    }
    // Numbers that int8 has lose nothing; half of them beyond the end are clipped.
    let mut count = Count::default();
    count.add(&[0.5, 1.0, 2.0, 127.5], &[1_u8, 2, 4, 255], &[u8::MAX]);
    assert_eq!((count.signal_to_noise(), count.clipped()), (f64::INFINITY, 0.25));
}

#[test]
fn a_layer_alone_is_to_blame_for_no_more_than_all_together() {
    let calibration = images(100, 1);
    let calibration: Vec<&[u8]> = calibration.iter().map(|image| &**image).collect();
    let mut method = Method { bits: vec![Bits::Eight; 4], ..Method::default() };
    method.bits[1] = Bits::Four;
    let int8 = quantize_by(&ordinary(4), Input::Pixels, &method, &calibration).unwrap();
    let losses = losses(&int8, &calibration).unwrap();
    assert_eq!(losses.iter().map(|loss| loss.bits).collect::<Vec<_>>(), method.bits);
    let (scores, each) = alone(&int8, &losses, &calibration).unwrap();
    let expected = ordinary(4).scores(calibration.iter().copied()).unwrap();
    for (scores, expected) in scores.chunks(10).zip(&expected) {
        let Scores::F32(expected) = expected else { unreachable!() };
        for (score, &expected) in scores.iter().zip(expected) {
            assert!(
                (score - f64::from(expected)).abs() < 1e-3 * f64::from(expected.abs().max(1.0))
            );
        }
    }
    let noises: Vec<f64> = each.iter().map(|found| noise(&scores, found)).collect();
    // The one of 4 bits is off by most, far more than any other.
    for (layer, &noise) in noises.iter().enumerate() {
        assert!(noise > 0.0 && (layer == 1 || noise < 0.1 * noises[1]), "{noises:?}");
    }
    let end = 10.0_f64.powf(-losses[3].signal_to_noise / 10.0);
    assert!((0.5..2.0).contains(&(noises.iter().sum::<f64>() / end)), "{noises:?} {end}");
    assert!((losses[3].relative_error().powi(2) - end).abs() < 1e-12);
}

#[test]
fn ranges_follow_the_rule_of_the_calibration() {
    let calibration = images(2000, 1);
    let calibration: Vec<&[u8]> = calibration.iter().map(|image| &**image).collect();
    let by = |calibration_rule| {
        let method = Method { calibration: calibration_rule, ..Method::default() };
        let int8 = quantize_by(&ordinary(4), Input::Pixels, &method, &calibration).unwrap();
        losses(&int8, &calibration).unwrap()
    };
    let max = by(Calibration::Max);
    for loss in &max[..3] {
        // Nothing lies beyond, up to a step.
        assert!((0.99..1.01).contains(&(loss.end / loss.largest_output)), "{loss:?}");
    }
    for rule in [Calibration::Percentile, Calibration::SquaredError] {
        let is_less = by(rule)[..3].iter().zip(&max).any(|(loss, max)| loss.end < 0.99 * max.end);
        assert!(is_less, "{rule:?}");
    }
}

#[test]
fn bits_of_another_number_of_layers_are_refused() {
    let calibration = images(100, 1);
    let calibration: Vec<&[u8]> = calibration.iter().map(|image| &**image).collect();
    let method = Method { bits: vec![Bits::Four; 3], ..Method::default() };
    let error = quantize_by(&ordinary(4), Input::Pixels, &method, &calibration).unwrap_err();
    assert_eq!(error.to_string(), "bits are given of 3 layers, and the network has 4");
}
