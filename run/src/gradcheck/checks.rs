//! Every check of the document, in its order.

mod layers;
mod networks;
mod update_rules;

use barenet::Error;
use barenet::gradient_check::eval_numerical_gradient;

/// Quantity that a check compares with the document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// An error, to be at most the printed one.
    Error,
    /// A value, to be the printed one.
    Value,
}

/// One line of the document's output, and ours.
#[derive(Clone, Debug)]
pub struct Check {
    /// The part of the document.
    pub section: &'static str,
    /// The line.
    pub name: String,
    /// The quantity.
    pub quantity: Quantity,
    /// The document's figure.
    pub document: f64,
    /// This library's figure.
    pub ours: f64,
}

impl Check {
    /// Whether the document is met.
    #[must_use]
    pub fn passes(&self) -> bool {
        match self.quantity {
            // The document prints some errors with three digits: half a unit of the last is allowed.
            Quantity::Error => self.ours <= self.document * 1.005,
            Quantity::Value => (self.ours - self.document).abs() <= 1e-10 * self.document.abs(),
        }
    }
}

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

/// Runs every check.
///
/// # Errors
///
/// Never, as long as the shapes written here agree.
pub fn run_checks() -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    let sections: [(&'static str, Run); 7] = [
        ("affine", layers::affine),
        ("relu", layers::relu),
        ("affine_relu", layers::affine_relu),
        ("loss layers", layers::losses),
        ("TwoLayerNet", networks::two_layer_net),
        ("FullyConnectedNet", networks::fully_connected_net),
        ("update rules", update_rules::update_rules),
    ];
    for (name, run) in sections {
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
        assert_eq!(checks.len(), 44);
        let failed: Vec<_> = checks.iter().filter(|check| !check.passes()).collect();
        assert!(failed.is_empty(), "{failed:#?}");
    }
}
