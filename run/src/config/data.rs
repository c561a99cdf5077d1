//! What a run makes of data: its parts, their scalings, and the weights of classes.

use super::Config;
use crate::settings::{ClassWeights, Name, SettingsError, Values};
use barenet::Float;
use barenet_data::scale::{Fitted, Scale};
use barenet_data::split::{Sizes, Split, SplitError};
use barenet_data::{DataSet, Task};
use barenet_model::number::Number;
use barenet_model::scales::Scales;

impl Config {
    /// Splits a data set as the settings say.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if it has fewer samples than asked for, and the data's own error if a part would have none.
    pub fn split(&self, data: &DataSet) -> anyhow::Result<Split> {
        let Values { train_size: train, val_size: val, test_size: test, seed, .. } = self.values;
        // The course's experiments take the first test images; of one's own data all that are given to test.
        let is_of_course = data.source.kind.is_of_course;
        let test = if is_of_course { test } else { test.min(data.test.len()) };
        let sizes = Sizes {
            train,
            val,
            test: Some(test),
            val_fraction: self.values.val_fraction,
            test_fraction: self.values.test_fraction,
            fold: self.values.folds.map(|folds| (self.values.fold.unwrap_or(1) - 1, folds)),
            seed,
        };
        let source = || data.source.to_string();
        Split::new(data, sizes).map_err(|error| match error {
            SplitError::OneSample { .. }
            | SplitError::Untrained { .. }
            | SplitError::Empty { .. }
            | SplitError::TooMany => anyhow::Error::new(error).context(source()),
            _ => SettingsError::new(error.to_string()).into(),
        })
    }

    /// How the inputs are scaled.
    #[must_use]
    pub fn scale_of(&self, data: &DataSet) -> Scale {
        let is_of_course = data.source.kind.is_of_course;
        let default = if is_of_course { Scale::MeanImage } else { Scale::Standard };
        self.values.scale.map_or(default, Name::value)
    }

    /// The scalings of inputs and targets, fitted to the samples that a split has for it.
    #[must_use]
    pub fn scales<T: Number>(&self, data: &DataSet, split: &Split) -> Scales<T> {
        let fit = |scale| Fitted::to(&data.train, &split.fitted, scale, data.pictures());
        let inputs = fit(self.scale_of(data));
        let targets = Fitted::to_targets(&data.train, &split.fitted);
        let scales =
            Scales::of((&inputs.offset, &inputs.factor), (&targets.offset, &targets.factor));
        if !data.fills_missing
            || !matches!(self.scale_of(data), Scale::MinMax | Scale::Channels | Scale::None)
        {
            return scales;
        }
        let means = fit(Scale::MeanImage).offset;
        let factors = inputs.factor.iter().copied().chain(std::iter::repeat(1.0));
        let fill = means.iter().zip(&inputs.offset).zip(factors);
        let fill = fill.map(|((mean, offset), factor)| T::from_f64((mean - offset) * factor));
        Scales { fill: fill.collect(), ..scales }
    }

    /// The weights of the classes; empty if every sample counts as much. Of N training samples in C classes, n of
    /// them in its class, it is N / (C·n), as scikit-learn's `balanced`.
    #[must_use]
    pub fn class_weights<T: Float>(&self, data: &DataSet, split: &Split) -> Vec<T> {
        let is_balanced =
            self.values.class_weights.is_some_and(|w| w == ClassWeights::Balanced.into());
        let labels = data.train.labels();
        if !is_balanced || labels.is_empty() || data.task != Task::Classify {
            return Vec::new();
        }
        let counts = split.train.class_counts(labels, data.class_names.len());
        let all = f64::from_usize(split.train.len()) / f64::from_usize(counts.len());
        counts.iter().map(|&count| T::from_f64(all / f64::from_usize(count.max(1)))).collect()
    }
}
