//! The checks of single layers and losses.

use super::{Section, numerical};
use crate::gradcheck::numpy_random::{NumpyRandom, linspace};
use barenet::gradient_check::{eval_numerical_gradient_array, rel_error};
use barenet::layers::{
    affine_backward, affine_forward, affine_relu_backward, affine_relu_forward, relu_backward,
    relu_forward, softmax_loss, svm_loss,
};
use barenet::{Error, Label, Mat, MatMut, Portable};

/// The step of numerical gradients through functions that are linear, or linear in pieces that are
/// wide against it: there a large step has no error but that of rounding.
const LINEAR_STEP: f64 = 1e-3;

/// The gradient of a function of many values that may fail.
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

pub(super) fn affine(section: &mut Section<'_>) -> Result<(), Error> {
    let (x, w, b) = (linspace(-0.1, 0.5, 240), linspace(-0.2, 0.3, 360), linspace(-0.3, 0.1, 3));
    let mut out = [0.0; 6];
    let out_mat = MatMut::new(&mut out, 2, 3)?;
    affine_forward(&Portable, Mat::new(&x, 2, 120)?, Mat::new(&w, 120, 3)?, &b, out_mat)?;
    let correct_out = [1.49834967, 1.70660132, 1.91485297, 3.25553199, 3.5141327, 3.77273342];
    section.error("forward difference", 9.769848888397517e-10, rel_error(&out, &correct_out));
    Ok(())
}

pub(super) fn affine_gradients(section: &mut Section<'_>) -> Result<(), Error> {
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

pub(super) fn relu(section: &mut Section<'_>) -> Result<(), Error> {
    let mut out = [0.0; 12];
    relu_forward(&linspace(-0.5, 0.5, 12), &mut out)?;
    let correct_out = [
        0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.04545455, 0.13636364, 0.22727273, 0.31818182, 0.40909091,
        0.5,
    ];
    section.error("forward difference", 4.999999798022158e-8, rel_error(&out, &correct_out));
    Ok(())
}

pub(super) fn relu_gradients(section: &mut Section<'_>) -> Result<(), Error> {
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

pub(super) fn affine_relu(section: &mut Section<'_>) -> Result<(), Error> {
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

pub(super) fn losses(section: &mut Section<'_>) -> Result<(), Error> {
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
