//! A figure of the document beside ours, and when they agree.

/// Quantity that a check compares with the document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// An error, to be at most the printed one.
    Error,
    /// A value, to be the printed one.
    Value,
    /// A count, to be the printed one.
    Count,
    /// A figure of other random numbers, to be at most so far away.
    Near(f64),
    /// An accuracy of other random numbers, to be at most so far below.
    NotBelow(f64),
    /// A difference, to have the sign of the printed one, which is positive.
    Positive,
}

/// One line of the document's output, and ours.
#[derive(Clone, Debug, PartialEq)]
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
    /// Whether the document is met. A figure of ours that is not a number meets nothing.
    #[must_use]
    pub fn passes(&self) -> bool {
        let Self { document, ours, .. } = *self;
        // Figures are printed with three digits: a difference of exactly so much is allowed.
        const ROUNDING: f64 = 1e-9;
        match self.quantity {
            // The document prints some errors with three digits: half a unit of the last is allowed.
            Quantity::Error => ours <= document * 1.005,
            Quantity::Value => (ours - document).abs() <= 1e-10 * document.abs(),
            Quantity::Count => ours == document,
            Quantity::Near(distance) => (ours - document).abs() <= distance + ROUNDING,
            Quantity::NotBelow(distance) => ours >= document - distance - ROUNDING,
            Quantity::Positive => ours > 0.0,
        }
    }

    /// Within what they are to agree, for a person.
    ///
    /// ```
    /// use barenet_run::gradcheck::{Check, Quantity};
    ///
    /// let (section, name, quantity) = ("solver", "accuracy".to_owned(), Quantity::NotBelow(0.03));
    /// let check = Check { section, name, quantity, document: 0.521, ours: 0.515 };
    /// assert!(check.passes());
    /// assert_eq!(check.within(), "at most 0.03 below");
    /// assert_eq!(check.text(check.ours), "0.515");
    /// ```
    #[must_use]
    pub fn within(&self) -> String {
        match self.quantity {
            Quantity::Error => "not above".to_owned(),
            Quantity::Value => "10 digits".to_owned(),
            Quantity::Count => "equal".to_owned(),
            Quantity::Near(distance) => format!("at most {distance:.2} away"),
            Quantity::NotBelow(0.0) => "not below".to_owned(),
            Quantity::NotBelow(distance) => format!("at most {distance:.2} below"),
            Quantity::Positive => "above 0".to_owned(),
        }
    }

    /// One of the two figures, with the digits that the document prints.
    #[must_use]
    pub fn text(&self, figure: f64) -> String {
        match self.quantity {
            Quantity::Error => format!("{figure:.2e}"),
            Quantity::Value => format!("{figure:.10}"),
            Quantity::Count => format!("{figure:.0}"),
            Quantity::Near(_) | Quantity::NotBelow(_) | Quantity::Positive => {
                format!("{figure:.3}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_quantity_agrees_up_to_its_distance_and_no_farther() {
        for (quantity, document, meets, misses) in [
            (Quantity::Error, 1e-8, 1.004e-8, 1.006e-8),
            (Quantity::Value, 2.3, 2.3 + 2e-10, 2.3 + 3e-10),
            (Quantity::Count, 49_000.0, 49_000.0, 48_999.0),
            (Quantity::Near(0.1), 0.5, 0.6, 0.602),
            (Quantity::Near(0.1), 0.5, 0.4, 0.398),
            (Quantity::NotBelow(0.03), 0.534, 0.504, 0.503),
            (Quantity::NotBelow(0.03), 0.534, 0.9, f64::NAN),
            (Quantity::NotBelow(0.0), 0.5, 0.5, 0.499),
            (Quantity::Positive, 0.074, 0.001, 0.0),
            (Quantity::Error, 1e-8, 0.0, f64::NAN),
            (Quantity::Near(0.1), 0.5, 0.5, f64::NAN),
        ] {
            let passes = |ours| {
                Check { section: "", name: String::new(), quantity, document, ours }.passes()
            };
            assert!(passes(meets) && !passes(misses), "{quantity:?} {document}");
        }
    }
}
