//! Every check of the document, in its order.

mod layers;
mod networks;
mod update_rules;

use super::check::{Check, Quantity};
use barenet::Error;
use barenet::gradient_check::eval_numerical_gradient;

/// Collects checks of one section.
struct Section<'a> {
    name: &'static str,
    checks: &'a mut Vec<Check>,
}

impl Section<'_> {
    fn push(&mut self, name: impl Into<String>, quantity: Quantity, document: f64, ours: f64) {
        let name = name.into();
        self.checks.push(Check { section: self.name, name, quantity, document, ours });
    }

    fn error(&mut self, name: impl Into<String>, document: f64, ours: f64) {
        self.push(name, Quantity::Error, document, ours);
    }

    fn value(&mut self, name: impl Into<String>, document: f64, ours: f64) {
        self.push(name, Quantity::Value, document, ours);
    }
}

/// Adds the checks of a section.
type Run = fn(&mut Section<'_>) -> Result<(), Error>;

/// The sections of the document that have checks, in its order: the name that [`Check::section`] has, the heading, and
/// the checks.
const SECTIONS: [(&str, &str, Run); 10] = [
    ("affine", "Affine layer: forward", layers::affine),
    ("affine", "Affine layer: backward", layers::affine_gradients),
    ("relu", "ReLU layer: forward", layers::relu),
    ("relu", "ReLU layer: backward", layers::relu_gradients),
    ("affine_relu", "\"Sandwich\" layers", layers::affine_relu),
    ("loss layers", "Loss layers: Softmax and SVM", layers::losses),
    ("TwoLayerNet", "Two-layer network", networks::two_layer_net),
    ("FullyConnectedNet", "Initial loss and gradient check", networks::fully_connected_net),
    ("update rules", "SGD+Momentum", update_rules::momentum),
    ("update rules", "RMSProp and Adam", update_rules::rmsprop_and_adam),
];

/// Runs every check.
///
/// # Errors
///
/// Never, as long as the shapes written here agree.
pub fn run_checks() -> Result<Vec<Check>, Error> {
    run_where(|_| true)
}

/// Runs the checks under one heading of the document; there may be none.
///
/// # Errors
///
/// Those of [`run_checks`].
pub fn run_checks_of(heading: &str) -> Result<Vec<Check>, Error> {
    run_where(|found| found == heading)
}

fn run_where(is_asked_for: impl Fn(&str) -> bool) -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    for (name, _, run) in SECTIONS.into_iter().filter(|(_, heading, _)| is_asked_for(heading)) {
        run(&mut Section { name, checks: &mut checks })?;
    }
    Ok(checks)
}

/// The gradient of a function that may fail.
fn numerical(
    f: impl Fn(&[f64]) -> Result<f64, Error>,
    x: &[f64],
    h: f64,
) -> Result<Vec<f64>, Error> {
    let (mut x, mut grad) = (x.to_vec(), vec![0.0; x.len()]);
    eval_numerical_gradient(|x| f(x).unwrap_or(f64::NAN), &mut x, h, &mut grad)?;
    Ok(grad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_the_document_passes() {
        let checks = run_checks().unwrap();
        assert_eq!(checks.len(), 47);
        let failed: Vec<_> = checks.iter().filter(|check| !check.passes()).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }
}
