//! The samples of a part as a network sees them: scaled, and with what missing numbers count as.

use barenet_data::DataSet;
use barenet_data::samples::Samples;
use barenet_data::split::{Part, Split};
use barenet_model::number::Number;
use barenet_model::scales::Scales;

/// The samples of a part of the data with the scalings of a run.
pub(crate) fn scaled<'a, T: Number>(
    (data, split, part): (&'a DataSet, &'a Split, Part),
    scales: &'a Scales<T>,
) -> Samples<'a, T> {
    Samples::new(data, split, part, scales.inputs(), scales.targets()).filled_with(&scales.fill)
}
