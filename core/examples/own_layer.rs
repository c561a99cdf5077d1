//! A layer of one's own, with its gradient check: leaky ReLU, out = x where x > 0, else slope·x.
//!
//! A layer is a pair of functions over slices. The backward pass gets the gradient of its output and what the
//! forward pass left for it, and overwrites the gradient of its input. What a layer must pass is the comparison
//! with the numerical gradient, in f64, at inputs away from its kinks.

use barenet::gradient_check::eval_numerical_gradient_array;
use barenet::layers::{affine_backward, affine_forward};
use barenet::{Float, Mat, MatMut, Portable, Rng, ShapeError};

/// out ← x where x > 0, else slope·x
fn leaky_relu_forward<T: Float>(slope: T, x: &[T], out: &mut [T]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = if x > T::ZERO { x } else { slope * x };
    }
}

/// dx ← dout where out > 0, else slope·dout. With slope > 0, out > 0 exactly where x > 0: `x` need not be kept.
fn leaky_relu_backward<T: Float>(slope: T, dout: &[T], out: &[T], dx: &mut [T]) {
    for ((dx, &dout), &out) in dx.iter_mut().zip(dout).zip(out) {
        *dx = if out > T::ZERO { dout } else { slope * dout };
    }
}

/// The largest |a − b| / max(1e-8, |a| + |b|): CS231n's relative error.
fn rel_error(a: &[f64], b: &[f64]) -> f64 {
    let error = |(a, b): (&f64, &f64)| (a - b).abs() / f64::max(1e-8, a.abs() + b.abs());
    a.iter().zip(b).map(error).fold(0.0, f64::max)
}

fn main() -> Result<(), ShapeError> {
    const SLOPE: f64 = 0.1;
    const H: f64 = 1e-4;

    // The layer alone.
    let mut x = [0.0; 40];
    Rng::seed(1).fill_normal(1.0, &mut x);
    // Finite differences across the kink at 0 would be wrong, and say nothing of the layer.
    for x in x.iter_mut().filter(|x| x.abs() < 10.0 * H) {
        *x = 0.5;
    }
    let (mut dout, mut out, mut dx) = ([0.0; 40], [0.0; 40], [0.0; 40]);
    Rng::seed(2).fill_normal(1.0, &mut dout);
    leaky_relu_forward(SLOPE, &x, &mut out);
    leaky_relu_backward(SLOPE, &dout, &out, &mut dx);
    let (mut scratch, mut numerical) = ([0.0; 80], [0.0; 40]);
    let layer = |x: &[f64], out: &mut [f64]| leaky_relu_forward(SLOPE, x, out);
    eval_numerical_gradient_array(layer, &mut x, &dout, H, &mut scratch, &mut numerical)?;
    println!("leaky ReLU           dx error {:.1e}", rel_error(&dx, &numerical));
    assert!(rel_error(&dx, &numerical) < 1e-8);

    // Between two of the library's: affine → leaky ReLU, x [4, 10], w [10, 5], the gradient of w.
    let (mut w, b) = ([0.0; 50], [0.1; 5]);
    Rng::seed(3).fill_normal(0.5, &mut w);
    let x = Mat::new(&x, 4, 10)?;
    let sandwich = |w: &[f64], out: &mut [f64]| -> Result<(), ShapeError> {
        let mut a = [0.0; 20];
        affine_forward(&Portable, x, Mat::new(w, 10, 5)?, &b, MatMut::new(&mut a, 4, 5)?)?;
        leaky_relu_forward(SLOPE, &a, out);
        Ok(())
    };
    let (mut out, mut da, mut dw, mut db) = ([0.0; 20], [0.0; 20], [0.0; 50], [0.0; 5]);
    let dout = &dout[..20];
    sandwich(&w, &mut out)?;
    leaky_relu_backward(SLOPE, dout, &out, &mut da);
    affine_backward(
        &Portable,
        Mat::new(&da, 4, 5)?,
        x,
        Mat::new(&w, 10, 5)?,
        None,
        MatMut::new(&mut dw, 10, 5)?,
        &mut db,
    )?;
    let (mut scratch, mut numerical) = ([0.0; 40], [0.0; 50]);
    let forward = |w: &[f64], out: &mut [f64]| sandwich(w, out).unwrap_or(());
    eval_numerical_gradient_array(forward, &mut w, dout, H, &mut scratch, &mut numerical)?;
    println!("affine → leaky ReLU  dw error {:.1e}", rel_error(&dw, &numerical));
    assert!(rel_error(&dw, &numerical) < 1e-7);
    Ok(())
}
