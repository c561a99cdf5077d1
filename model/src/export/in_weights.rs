//! What is in the weights of an exported network beside the weights that were trained.

use std::fmt;

/// What was folded into the weights.
///
/// # Example
///
/// ```
/// use barenet_model::export::in_weights::InWeights;
///
/// let both = InWeights { batchnorm: true, scaling: "mean image" };
/// assert_eq!(both.to_string(), "batch norm and mean image");
/// assert!(InWeights::default().is_nothing());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InWeights<'a> {
    /// Whether batch norm was.
    pub batchnorm: bool,
    /// Name of the scaling of the inputs, such as `mean image`; empty where they are not scaled.
    pub scaling: &'a str,
}

impl InWeights<'_> {
    /// Whether the weights are those that were trained.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        !self.batchnorm && self.scaling.is_empty()
    }

    /// The end of the sentence on what goes in: what becomes of it.
    pub(super) fn end_of_sentence(&self) -> String {
        if self.is_nothing() {
            return ".".to_owned();
        }
        let is = if self.batchnorm && !self.scaling.is_empty() { "are" } else { "is" };
        format!(": {self} {is} folded into the weights.")
    }
}

impl fmt::Display for InWeights<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let and = if self.batchnorm && !self.scaling.is_empty() { " and " } else { "" };
        write!(f, "{}{and}{}", if self.batchnorm { "batch norm" } else { "" }, self.scaling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_what_was_folded_and_nothing_else() {
        for (batchnorm, scaling, end) in [
            (true, "mean image", ": batch norm and mean image are folded into the weights."),
            (true, "", ": batch norm is folded into the weights."),
            (false, "scaling", ": scaling is folded into the weights."),
            (false, "", "."),
        ] {
            assert_eq!(InWeights { batchnorm, scaling }.end_of_sentence(), end);
        }
    }
}
