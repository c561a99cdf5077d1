//! Data sets in memory from which training reads fast.

use barenet_data::{DataError, DataSet};
use std::path::Path;

/// Reads the data set that is asked for, or found, as [`barenet_data::discover`] does, onto huge pages.
///
/// # Errors
///
/// Those of [`barenet_data::discover`].
pub fn read(explicit: Option<&Path>) -> Result<DataSet, DataError> {
    barenet_data::prepare_memory_with(barenet_blas::prefer_huge_pages);
    barenet_data::discover(explicit)
}
