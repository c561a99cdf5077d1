//! Locally connected layers made simpler for inference.
//!
//! An output has weights and a bias of its own at every place, and the edges cut off what a window has outside the picture: no
//! number there is seen as 0. So a scaling of the inputs folds as that of an affine layer does.

use super::norm_scale;
use crate::arch::LocalSpec;
use crate::float::Float;
use crate::net::FullyConnectedNet;
use crate::scaling::Scaling;
use crate::slices::{copy, rows_of, rows_of_mut};
use crate::state::Weights;

/// Folds the locally connected layers of a network; the lengths were checked.
pub(super) fn fold_local<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    weights: Weights<'_, T>,
    inputs: Scaling<'_, T>,
    folded: &mut [T],
) -> Option<()> {
    let plain = net.arch.without_batchnorm();
    for (layer, plain) in net.arch.local_layers().zip(plain.local_layers()) {
        let [w, b] = folded.get_disjoint_mut([plain.w(), plain.b()]).ok()?;
        copy(w, weights.params.get(layer.w())?);
        if layer.batchnorm {
            fold_norm(net, &layer, weights, w, b)?;
        } else {
            copy(b, weights.params.get(layer.b())?);
        }
        if layer.params_start == 0 {
            fold_inputs(net, &layer, inputs, w, b)?;
        }
    }
    Some(())
}

/// w′ ← w · g        b′ ← beta − running_mean · g
fn fold_norm<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    layer: &LocalSpec,
    weights: Weights<'_, T>,
    w: &mut [T],
    b: &mut [T],
) -> Option<()> {
    let (gamma, beta) = (weights.params.get(layer.gamma())?, weights.params.get(layer.beta())?);
    let mean = weights.running.get(layer.running_mean())?;
    let var = weights.running.get(layer.running_var())?;
    let scale = |gamma: T, var: T| norm_scale(gamma, var, net.batchnorm.eps);
    for place in layer.windows.places() {
        let gamma = gamma.get(place.outputs.clone())?;
        let var = var.get(place.outputs)?;
        for row in rows_of_mut(w.get_mut(place.weights)?, layer.windows.units) {
            for ((w, &gamma), &var) in row.iter_mut().zip(gamma).zip(var) {
                *w = T::from_f64(w.to_f64() * scale(gamma, var));
            }
        }
    }
    for (((b, &gamma), &beta), (&mean, &var)) in
        b.iter_mut().zip(gamma).zip(beta).zip(mean.iter().zip(var))
    {
        *b = T::from_f64(beta.to_f64() - mean.to_f64() * scale(gamma, var));
    }
    Some(())
}

/// w′ ← factor · w        b′ ← b − Σ offset · w′
fn fold_inputs<T: Float>(
    net: &FullyConnectedNet<'_, T>,
    layer: &LocalSpec,
    inputs: Scaling<'_, T>,
    w: &mut [T],
    b: &mut [T],
) -> Option<()> {
    let (windows, picture) = (&layer.windows, net.arch.local().picture);
    for place in windows.places() {
        let samples = place.inputs(windows).map(|input| picture.place_in_sample(input));
        let w = w.get_mut(place.weights)?;
        for (row, at) in rows_of_mut(w, windows.units).zip(samples.clone()) {
            let Some(factor) = inputs.factor.get(at) else { continue };
            row.iter_mut().for_each(|w| *w = T::from_f64(w.to_f64() * factor.to_f64()));
        }
        for (unit, b) in b.get_mut(place.outputs)?.iter_mut().enumerate() {
            let column = rows_of(w, windows.units).filter_map(|row| row.get(unit));
            let shift: f64 = column
                .zip(samples.clone())
                .filter_map(|(w, at)| Some(inputs.offset.get(at)?.to_f64() * w.to_f64()))
                .sum();
            *b = T::from_f64(b.to_f64() - shift);
        }
    }
    Some(())
}
