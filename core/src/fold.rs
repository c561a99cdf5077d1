//! A trained network made simpler for inference: batch norm and the mean image disappear into
//! weights and biases.

use crate::error::{Error, check_len};
use crate::float::Float;
use crate::net::FullyConnectedNet;
use crate::slices::copy;
use crate::state::{Weights, layer_grads, layer_params, layer_running};

/// Folds batch norm into W and b, and the subtraction of a mean image into the first b.
///
/// ```text
/// g = gamma / √(running_var + eps), or 1 without batch norm
/// W′ ← W · g        b′ ← (b − running_mean) · g + beta
/// b1′ ← b1′ − mean_image · W1′
/// ```
///
/// It writes the parameters of the same network without batch norm, which gives the same
/// scores up to rounding, for images from which nothing was subtracted. Each number is computed in
/// `f64` and rounded once.
///
/// # Shapes
///
/// | argument     | shape                                        | role                        |
/// |--------------|----------------------------------------------|-----------------------------|
/// | `mean_image` | (D)                                          | what was subtracted, if any |
/// | `folded`     | `net.arch.without_batchnorm().num_params()`  | output: W1 b1 W2 b2 …       |
///
/// # Errors
///
/// [`Error::Shape`] naming the first argument that disagrees; nothing is written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Arch, FullyConnectedNet, Weights, fold};
/// let net = FullyConnectedNet::new(Arch::new(&[2, 1]));
/// let params = [3.0, -1.0, 0.5]; // w, b
/// let mut folded = [0.0; 3];
/// fold(&net, Weights::new(&net.arch, &params, &[])?, Some(&[10.0, 20.0]), &mut folded)?;
/// assert_eq!(folded, [3.0, -1.0, -9.5]);
/// # Ok::<(), barenet::Error>(())
/// ```
pub fn fold<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    mean_image: Option<&[T]>,
    folded: &mut [T],
) -> Result<(), Error> {
    let arch = net.arch.without_batchnorm();
    let weights = Weights::new(&net.arch, weights.params, weights.running)?;
    check_len("folded", arch.num_params(), folded.len())?;
    if let Some(mean_image) = mean_image {
        check_len("mean_image", arch.input_dim(), mean_image.len())?;
    }
    for (layer, plain) in net.arch.layers().zip(arch.layers()) {
        let (Some(from), Some(mut to)) =
            (layer_params(&layer, weights.params), layer_grads(&plain, folded))
        else {
            continue; // The lengths were checked.
        };
        copy(to.dw.data_mut(), from.w.data());
        copy(to.db, from.b);
        if let (Some(norm), Some(running)) = (from.norm, layer_running(&layer, weights.running)) {
            let scale = |gamma: T, var: T| {
                let var = var.to_f64();
                // Not 0 for an infinite variance, which would look like a result.
                let std = libm::sqrt(var + net.batchnorm.eps.to_f64());
                gamma.to_f64() / if var.is_finite() { std } else { f64::NAN }
            };
            for row in to.dw.row_iter_mut() {
                for ((w, &gamma), &var) in row.iter_mut().zip(norm.gamma).zip(running.var) {
                    *w = T::from_f64(w.to_f64() * scale(gamma, var));
                }
            }
            let learnt = norm.gamma.iter().zip(norm.beta);
            let statistics = running.mean.iter().zip(running.var);
            for ((b, (&gamma, &beta)), (&mean, &var)) in
                to.db.iter_mut().zip(learnt).zip(statistics)
            {
                let centered = b.to_f64() - mean.to_f64();
                *b = T::from_f64(centered * scale(gamma, var) + beta.to_f64());
            }
        }
        if let (Some(mean_image), 0) = (mean_image, plain.params_start) {
            let w = to.dw.as_mat();
            for (j, b) in to.db.iter_mut().enumerate() {
                let column = w.row_iter().filter_map(|row| row.get(j));
                let shift: f64 = mean_image
                    .iter()
                    .zip(column)
                    .map(|(&mean, &w)| mean.to_f64() * w.to_f64())
                    .sum();
                *b = T::from_f64(b.to_f64() - shift);
            }
        }
    }
    Ok(())
}
