//! Norms of gradients and parameters, by which one sees whether training moves.

use serde::Serialize;

/// What the last step before a check was like, of all layers together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Norms {
    /// The [norm of the step's gradients](barenet::Solver::grad_norm), before they were clipped.
    pub grad_norm: f64,
    /// The [norm of the parameters](barenet::Solver::weight_norm) after it.
    pub weight_norm: f64,
}
