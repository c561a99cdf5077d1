//! The scalings of a network's inputs and targets, which are files' to keep and exports' to fold.

use crate::number::Number;
use barenet::Scaling;

/// The scalings of a network's inputs and targets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scales<T> {
    /// The numbers that are subtracted from inputs.
    pub offset: Vec<T>,
    /// The numbers to multiply inputs with then; none for 1.
    pub factor: Vec<T>,
    /// The scaled inputs that missing ones count as; none for 0.
    pub fill: Vec<T>,
    /// The numbers that are subtracted from targets; none where they are not scaled.
    pub target_offset: Vec<T>,
    /// The numbers to multiply targets with then.
    pub target_factor: Vec<T>,
}

impl<T: Number> Scales<T> {
    /// A subtraction from the inputs alone, such as that of a mean image.
    #[must_use]
    pub fn offset(offset: Vec<T>) -> Self {
        Self { offset, ..Self::default() }
    }

    /// Whether inputs are other numbers after it.
    #[must_use]
    pub fn scales_inputs(&self) -> bool {
        self.offset.iter().any(|&x| x != T::ZERO) || self.factor.iter().any(|&x| x != T::ONE)
    }

    /// Scalings in `f64`, each an offset and a factor.
    #[must_use]
    pub fn of(inputs: (&[f64], &[f64]), targets: (&[f64], &[f64])) -> Self {
        let convert = |numbers: &[f64]| numbers.iter().map(|&number| T::from_f64(number)).collect();
        Self {
            offset: convert(inputs.0),
            factor: convert(inputs.1),
            target_offset: convert(targets.0),
            target_factor: convert(targets.1),
            fill: Vec::new(),
        }
    }

    /// The scaling of the inputs.
    #[must_use]
    pub fn inputs(&self) -> Scaling<'_, T> {
        Scaling { offset: &self.offset, factor: &self.factor }
    }

    /// The inputs that missing ones count as, before they are scaled.
    #[must_use]
    pub fn means(&self) -> Vec<f32> {
        let number = |all: &[T], input: usize, none: f64| {
            all.get(input).map_or(none, |number| number.to_f64())
        };
        let mean = |(input, offset): (usize, &T)| {
            let (fill, factor) = (number(&self.fill, input, 0.0), number(&self.factor, input, 1.0));
            (offset.to_f64() + fill / factor) as f32
        };
        self.offset.iter().enumerate().map(mean).collect()
    }

    /// The scaling of the targets.
    #[must_use]
    pub fn targets(&self) -> Scaling<'_, T> {
        Scaling { offset: &self.target_offset, factor: &self.target_factor }
    }
}
