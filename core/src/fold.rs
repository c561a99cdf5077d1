//! A trained network made simpler for inference: batch norm and scalings disappear into weights and
//! biases.

mod local;

use crate::arch::Activation;
use crate::error::{Error, check_len};
use crate::float::Float;
use crate::net::FullyConnectedNet;
use crate::scaling::Scaling;
use crate::slices::copy;
use crate::state::{Weights, layer_grads, layer_params, layer_running};
use local::fold_local;

/// Folds batch norm into W and b, the scaling of inputs into those of the first layer, and that of targets
/// into those of the last one.
///
/// ```text
/// g = gamma / √(running_var + eps), or 1 without batch norm
/// W′ ← W · g        b′ ← (b − running_mean) · g + beta
/// W1′ ← inputs.factor · W1′        b1′ ← b1′ − inputs.offset · W1′
/// WL′ ← WL′ / targets.factor       bL′ ← bL′ / targets.factor + targets.offset
/// ```
///
/// It writes the parameters of the same network without batch norm, which gives the same
/// scores up to rounding, for inputs and outputs that are not scaled. Each number is computed in `f64` and
/// rounded once for each of the three lines. Locally connected layers fold likewise, an output at each place of its own.
///
/// # Shapes
///
/// | argument     | shape                                        | role                        |
/// |--------------|----------------------------------------------|-----------------------------|
/// | `inputs`     | (D), or [`Scaling::NONE`]                    | scaling of the inputs       |
/// | `targets`    | (C), or [`Scaling::NONE`]                    | scaling of the targets      |
/// | `folded`     | `net.arch.without_batchnorm().num_params()`  | output: W1 b1 W2 b2 …       |
///
/// # Errors
///
/// [`Error::Shape`] naming the first argument that disagrees; nothing is written in that case.
///
/// # Example
///
/// ```
/// use barenet::{Arch, FullyConnectedNet, Scaling, Weights, fold};
/// let net = FullyConnectedNet::new(Arch::new(&[2, 1]));
/// let params = [3.0, -1.0, 0.5]; // w, b
/// let mut folded = [0.0; 3];
/// let weights = Weights::new(&net.arch, &params, &[])?;
/// fold(&net, weights, Scaling::offset(&[10.0, 20.0]), Scaling::NONE, &mut folded)?;
/// assert_eq!(folded, [3.0, -1.0, -9.5]);
/// let targets = Scaling { offset: &[100.0], factor: &[0.5] };
/// fold(&net, weights, Scaling::NONE, targets, &mut folded)?;
/// assert_eq!(folded, [6.0, -2.0, 101.0]);
/// # Ok::<(), barenet::Error>(())
/// ```
pub fn fold<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    inputs: Scaling<'_, T>,
    targets: Scaling<'_, T>,
    folded: &mut [T],
) -> Result<(), Error> {
    let arch = net.arch.without_batchnorm();
    let weights = Weights::new(&net.arch, weights.params, weights.running)?;
    check_len("folded", arch.num_params(), folded.len())?;
    inputs.check("inputs", arch.input_dim())?;
    targets.check("targets", arch.num_classes())?;
    let _lengths_agree = fold_local(net, weights, inputs, folded);
    for (layer, plain) in net.arch.layers().zip(arch.layers()) {
        let (Some(from), Some(mut to)) =
            (layer_params(&layer, weights.params), layer_grads(&plain, folded))
        else {
            continue; // The lengths were checked.
        };
        copy(to.dw.data_mut(), from.w.data());
        copy(to.db, from.b);
        if let (Some(norm), Some(running)) = (from.norm, layer_running(&layer, weights.running)) {
            let scale = |gamma: T, var: T| norm_scale(gamma, var, net.batchnorm.eps);
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
        if plain.params_start == 0 {
            for (row, factor) in to.dw.row_iter_mut().zip(inputs.factor) {
                row.iter_mut().for_each(|w| *w = T::from_f64(w.to_f64() * factor.to_f64()));
            }
            let w = to.dw.as_mat();
            for (j, b) in to.db.iter_mut().enumerate() {
                let column = w.row_iter().filter_map(|row| row.get(j));
                let shift: f64 = inputs
                    .offset
                    .iter()
                    .zip(column)
                    .map(|(&mean, &w)| mean.to_f64() * w.to_f64())
                    .sum();
                *b = T::from_f64(b.to_f64() - shift);
            }
        }
        if plain.activation == Activation::Identity {
            for row in to.dw.row_iter_mut() {
                for (w, factor) in row.iter_mut().zip(targets.factor) {
                    *w = T::from_f64(w.to_f64() / factor.to_f64());
                }
            }
            for (b, factor) in to.db.iter_mut().zip(targets.factor) {
                *b = T::from_f64(b.to_f64() / factor.to_f64());
            }
            for (b, offset) in to.db.iter_mut().zip(targets.offset) {
                *b = T::from_f64(b.to_f64() + offset.to_f64());
            }
        }
    }
    Ok(())
}

/// gamma / √(var + eps)
fn norm_scale<T: Float>(gamma: T, var: T, eps: T) -> f64 {
    let var = var.to_f64();
    // Not 0 for an infinite variance, which would look like a result.
    let std = libm::sqrt(var + eps.to_f64());
    gamma.to_f64() / if var.is_finite() { std } else { f64::NAN }
}
