//! Tests: scores stay the same when units change, and ranges become alike.

use super::super::observe_units;
use super::*;
use crate::{FoldedNet, Mat, Portable, Rng};

const ARCH: Arch<'static> = Arch::new(&[6, 5, 4, 3]);
const LEN: usize = ARCH.num_params();
const IMAGES: usize = 64;

fn drawn(seed: u64) -> [f64; LEN] {
    let mut params = [0.0; LEN];
    Rng::seed(seed).fill_normal(1.0, &mut params);
    params
}

fn images() -> [f64; 6 * IMAGES] {
    let mut rng = Rng::seed(9);
    core::array::from_fn(|_| f64::from(rng.below(256) as u8))
}

fn scores(params: &[f64], image: &[f64]) -> [f64; 3] {
    let mut workspace = [0.0; ARCH.infer_workspace_len(1)];
    let net = FoldedNet::try_new(ARCH, params).unwrap();
    net.scores(image, &mut workspace).unwrap().try_into().unwrap()
}

#[track_caller]
fn same_function(a: &[f64], b: &[f64]) {
    for image in images().chunks(6) {
        for (a, b) in scores(a, image).into_iter().zip(scores(b, image)) {
            assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{a} {b}");
        }
    }
}

fn ranges(params: &[f64]) -> [f64; 9] {
    let (images, mut ranges) = (images(), [0.0; 9]);
    let mut workspace = [0.0; ARCH.infer_workspace_len(IMAGES)];
    let x = Mat::new(&images, IMAGES, 6).unwrap();
    observe_units(&Portable, &ARCH, params, x, &mut workspace, &mut ranges).unwrap();
    ranges
}

/// Multiplies a unit of a hidden layer, and divides what reads it.
fn multiply(params: &mut [f64], index: usize, unit: usize, factor: f64) {
    let (layer, next) = pairs(&ARCH).nth(index).unwrap();
    let mut pair = Pair::of(&layer, &next, params).unwrap();
    pair.column(unit).for_each(|w| *w *= factor);
    pair.b[unit] *= factor;
    pair.row(unit).for_each(|w| *w /= factor);
}

#[test]
fn a_network_with_equalized_units_is_the_same_function_whatever_factors_they_had() {
    for balance in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let plain = drawn(1);
        let mut factors = plain;
        for (index, unit, factor) in [(0, 0, 1e3), (0, 3, 1e-3), (1, 2, 1e6), (1, 0, 7e-9)] {
            multiply(&mut factors, index, unit, factor);
        }
        let (mut a, mut b) = (plain, factors);
        let input = InputScale::PIXELS;
        equalize(&ARCH, &mut a, input, &ranges(&plain), balance).unwrap();
        equalize(&ARCH, &mut b, input, &ranges(&factors), balance).unwrap();
        let seen = ranges(&plain);
        if seen.iter().all(|&range| range > 0.0) {
            same_function(&plain, &a);
        }
        // Up to one common factor of each layer, of which quantisation knows nothing.
        let (a, b) = (ranges(&a), ranges(&b));
        for layer in [0..5, 5..9] {
            let common = a[layer.start] / b[layer.start];
            for (a, b) in a[layer.clone()].iter().zip(&b[layer]) {
                assert!((a - b * common).abs() <= 1e-9 * a, "balance {balance}: {a} {b}");
            }
        }
    }
}

#[test]
fn balance_1_makes_all_ranges_of_a_layer_the_same() {
    let mut params = drawn(1);
    multiply(&mut params, 0, 1, 1e4);
    let before = ranges(&params);
    equalize(&ARCH, &mut params, InputScale::PIXELS, &before, 1.0).unwrap();
    let after = ranges(&params);
    for layer in [&after[..5], &after[5..]] {
        let seen = || layer.iter().copied().filter(|&range| range > 0.0);
        let (least, most) = (seen().fold(f64::INFINITY, f64::min), seen().fold(0.0, f64::max));
        assert!(most < least * 1.01, "{layer:?}");
    }
}

#[test]
fn units_that_do_nothing_are_taken_out_and_leave_what_they_were() {
    let mut params = drawn(2);
    let set = |params: &mut [f64], index: usize, unit: usize, own: f64, bias: f64, read: f64| {
        let (layer, next) = pairs(&ARCH).nth(index).unwrap();
        let mut pair = Pair::of(&layer, &next, params).unwrap();
        pair.column(unit).for_each(|w| *w *= own);
        pair.b[unit] = bias;
        pair.row(unit).for_each(|w| *w *= read);
    };
    set(&mut params, 0, 0, 0.0, 50.0, 1e3); // always 50
    set(&mut params, 0, 1, 0.0, -50.0, 1e9); // always 0
    set(&mut params, 0, 2, 1e9, 1.0, 0.0); // read by none
    set(&mut params, 1, 3, 1e9, 1.0, 0.0);
    let mut without = params;
    remove_unused(&ARCH, &mut without).unwrap();
    same_function(&params, &without);
    let left = |index: usize, unit: usize| {
        let (layer, next) = pairs(&ARCH).nth(index).unwrap();
        let mut params = without;
        let mut pair = Pair::of(&layer, &next, &mut params).unwrap();
        largest(pair.column(unit)) + largest(pair.row(unit)) + pair.bias(unit).abs()
    };
    for (index, unit) in [(0, 0), (0, 1), (0, 2), (1, 3)] {
        assert_eq!(left(index, unit), 0.0, "unit {unit} of layer {index}");
    }
    // A layer of nothing but constants: all that follows is constant.
    params[..30].fill(0.0);
    let mut without = params;
    remove_unused(&ARCH, &mut without).unwrap();
    same_function(&params, &without);
    assert!(without[..without.len() - 3].iter().all(|&number| number == 0.0));
}

#[test]
fn numbers_at_the_end_of_what_there_is_stay_numbers() {
    for (extreme, balance) in [(1e300, 1.0), (1e-300, 1.0), (1e300, 0.0), (1e-305, 0.5)] {
        let mut params = drawn(3);
        multiply(&mut params, 0, 2, extreme);
        let before = ranges(&params);
        remove_unused(&ARCH, &mut params).unwrap();
        equalize(&ARCH, &mut params, InputScale::PIXELS, &before, balance).unwrap();
        assert!(params.iter().all(|number| number.is_finite()), "{extreme}");
    }
    let mut params = drawn(3);
    params[4] = f64::NAN;
    params[40] = f64::INFINITY;
    remove_unused(&ARCH, &mut params).unwrap();
    equalize(&ARCH, &mut params, InputScale::PIXELS, &[f64::NAN; 9], 1.0).unwrap();
    assert!(params[4].is_nan(), "what is no number is for quantize to refuse");
    let error = equalize(&ARCH, &mut params, InputScale::PIXELS, &[1.0; 8], 1.0).unwrap_err();
    assert_eq!(error.what, "ranges");
}
