use super::*;
use crate::Portable;
use crate::gradient_check::{eval_numerical_gradient_array, rel_error};
use crate::machine::Pass;
use crate::slices::First;
use std::vec;
use std::vec::Vec;

const WINDOWS: [Windows; 3] = [
    Windows { height: 5, width: 4, channels: 2, size: 3, stride: 2, padding: 1, units: 3 },
    Windows { height: 4, width: 4, channels: 3, size: 2, stride: 1, padding: 0, units: 2 },
    Windows { height: 6, width: 5, channels: 1, size: 4, stride: 3, padding: 2, units: 2 },
];
const N: usize = 3;

fn numbers(len: usize, seed: u64) -> Vec<f64> {
    let mut numbers = vec![0.0; len];
    crate::Rng::seed(seed).fill_normal(1.0, &mut numbers);
    numbers
}

/// The same layer as the sum over every pair of an input and a place, from the coordinates of both.
fn by_coordinates(windows: &Windows, x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
    let Windows { height, width, channels, size, stride, padding, units } = *windows;
    let (mut out, mut next) = (Vec::new(), 0);
    let places = |side: usize| (side + 2 * padding - size) / stride + 1;
    for (top, left) in (0..places(height)).flat_map(|i| (0..places(width)).map(move |j| (i, j))) {
        let sees = |y: usize, x: usize| {
            (top * stride..top * stride + size).contains(&(y + padding))
                && (left * stride..left * stride + size).contains(&(x + padding))
        };
        let mut seen = Vec::new();
        for input in 0..height * width * channels {
            let pixel = input / channels;
            if sees(pixel / width, pixel % width) {
                seen.push(input);
            }
        }
        for unit in 0..units {
            for n in 0..N {
                let w = w[next..].iter().skip(unit).step_by(units);
                let products = seen.iter().zip(w).map(|(&i, w)| x[i * N + n] * w);
                out.push(products.sum::<f64>() + b[out.len() / N]);
            }
        }
        next += seen.len() * units;
    }
    assert_eq!(next, w.len());
    out
}

fn forward(windows: &Windows, x: &[f64], w: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![7.0; windows.num_outputs() * N];
    let x = Mat::new(x, windows.num_inputs(), N).unwrap();
    let out_mat = MatMut::new(&mut out, windows.num_outputs(), N).unwrap();
    local_forward(&Portable, windows, x, w, b, out_mat).unwrap();
    out
}

#[test]
fn a_unit_sees_the_pixels_of_its_window_and_no_other() {
    for windows in WINDOWS {
        let x = numbers(windows.num_inputs() * N, 1);
        let (w, b) = (numbers(windows.num_weights(), 2), numbers(windows.num_outputs(), 3));
        let (found, expected) =
            (forward(&windows, &x, &w, &b), by_coordinates(&windows, &x, &w, &b));
        assert!(rel_error(&found, &expected) < 1e-12, "{windows:?}");
        let without = by_coordinates(&windows, &x, &w, &vec![0.0; b.len()]);
        assert!(rel_error(&forward(&windows, &x, &w, &[]), &without) < 1e-12);
    }
}

#[test]
fn gradients_are_the_numerical_ones() {
    for windows in WINDOWS {
        let x = numbers(windows.num_inputs() * N, 1);
        let (w, b) = (numbers(windows.num_weights(), 2), numbers(windows.num_outputs(), 3));
        let dout = numbers(windows.num_outputs() * N, 4);
        let [mut dx, mut dw, mut db] = [&x, &w, &b].map(|like| vec![7.0; like.len()]);
        let mat = |data, rows| Mat::new(data, rows, N).unwrap();
        local_backward(
            &Portable,
            &windows,
            mat(&dout, windows.num_outputs()),
            mat(&x, windows.num_inputs()),
            &w,
            Some(MatMut::new(&mut dx, windows.num_inputs(), N).unwrap()),
            &mut dw,
            &mut db,
        )
        .unwrap();
        let numerical = |f: &dyn Fn(&[f64]) -> Vec<f64>, at: &[f64]| {
            let (mut at, mut grad) = (at.to_vec(), vec![0.0; at.len()]);
            let mut scratch = vec![0.0; 2 * dout.len()];
            let f = |at: &[f64], out: &mut [f64]| out.copy_from_slice(&f(at));
            eval_numerical_gradient_array(f, &mut at, &dout, 1e-4, &mut scratch, &mut grad)
                .unwrap();
            grad
        };
        assert!(rel_error(&dx, &numerical(&|x| forward(&windows, x, &w, &b), &x)) < 1e-7);
        assert!(rel_error(&dw, &numerical(&|w| forward(&windows, &x, w, &b), &w)) < 1e-7);
        assert!(rel_error(&db, &numerical(&|b| forward(&windows, &x, &w, b), &b)) < 1e-7);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let windows = WINDOWS[1];
    let (x, w) = (vec![0.0; windows.num_inputs()], vec![0.0; windows.num_weights()]);
    let run = |windows: &Windows, w: &[f64], out: usize| {
        let mut scores = vec![7.0; out];
        let result = local_forward(
            &Portable,
            windows,
            Mat::new(&x, x.len(), 1).unwrap(),
            w,
            &[],
            MatMut::new(&mut scores, out, 1).unwrap(),
        );
        assert!(result.is_ok() || scores.iter().all(|&x| x == 7.0));
        result
    };
    let out = windows.num_outputs();
    run(&windows, &w, out).unwrap();
    for bad in [
        Windows { size: 0, ..windows },
        Windows { units: 0, ..windows },
        Windows { stride: 0, ..windows },
        Windows { padding: 2, ..windows },
        Windows { size: 5, ..windows },
        Windows { units: 3, ..windows },
        Windows { height: usize::MAX, ..windows },
        Windows { size: usize::MAX, padding: usize::MAX - 1, ..windows },
        Windows { height: usize::MAX, channels: 0, ..windows },
    ] {
        assert!(run(&bad, &w, out).is_err(), "{bad:?}");
    }
    // So many windows that to count their pixels would take for ever.
    let bad = Windows { size: 1 << 40, padding: (1 << 40) - 1, ..windows };
    assert!(run(&bad, &w, out).is_err());
    assert!(run(&windows, &w[1..], out).is_err());
    assert!(run(&windows, &w, out - 1).is_err());
}

#[test]
fn a_batch_without_samples_gives_zero_gradients() {
    let windows = WINDOWS[1];
    let w = vec![1.0; windows.num_weights()];
    let (mut dw, mut db) = (vec![f64::NAN; w.len()], vec![f64::NAN; windows.num_outputs()]);
    let (x, dout) = (Mat::new(&[], windows.num_inputs(), 0), Mat::new(&[], db.len(), 0));
    let (x, dout) = (x.unwrap(), dout.unwrap());
    local_backward(&Portable, &windows, dout, x, &w, None, &mut dw, &mut db).unwrap();
    assert!(dw.iter().chain(&db).all(|&d| d == 0.0));
}

#[test]
fn a_batch_is_turned_with_the_channels_of_a_pixel_together_and_in_any_parts() {
    for (batch, channels, pixels) in [(37, 3, 150), (16, 1, 64), (1, 2, 65), (5, 3, 1)] {
        let len = channels * pixels;
        let x = numbers(batch * len, 3);
        let x_mat = Mat::new(&x, batch, len).unwrap();
        let expected: Vec<f64> = (0..len * batch)
            .map(|i| {
                let (row, n) = (i / batch, i % batch);
                x[n * len + row % channels * pixels + row / channels]
            })
            .collect();
        let turned = |parts: &[usize]| {
            let mut out = vec![7.0; len * batch];
            let (mut rest, mut first) = (&mut out[..], 0);
            for part in parts.iter().copied().chain([pixels]) {
                let at = (part * channels * batch).min(rest.len());
                let (part, after) = rest.split_at_mut(at);
                let first_row = First(first);
                let num_pixels = pixels;
                TransposeRows { x: &x_mat, channels, num_pixels, first_row, out: part }.run();
                (rest, first) = (after, first + at);
            }
            out
        };
        assert_eq!(turned(&[]), expected, "{batch} x {len}");
        assert_eq!(turned(&[1, 63, 2]), expected, "{batch} x {len} in parts");
    }
}

#[test]
fn a_matrix_is_turned_in_any_parts() {
    for (rows, cols) in [(37, 50), (16, 16), (1, 17), (40, 1)] {
        let x = numbers(rows * cols, 3);
        let x_mat = Mat::new(&x, rows, cols).unwrap();
        let expected: Vec<f64> = (0..rows * cols).map(|i| x[i % rows * cols + i / rows]).collect();
        for part in [0, 1, 20] {
            let mut out = vec![7.0; rows * cols];
            let at = (part * rows).min(out.len());
            let (first, second) = out.split_at_mut(at);
            Transpose { x: x_mat, first: First(0), out: first }.run();
            Transpose { x: x_mat, first: First(at), out: second }.run();
            assert_eq!(out, expected, "{rows} x {cols} after {part}");
        }
    }
}
