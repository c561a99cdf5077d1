//! Inputs that count the rows.

use super::{each_row, names};
use crate::DataSet;

/// Whether numbers go up by 1 from row to row, as an index that was saved with a table does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Numbering {
    last: Option<f32>,
    pub(super) is_broken: bool,
}

/// So many numbers in a row are hardly so by chance.
pub(super) const FEWEST_NUMBERED: usize = 10;

impl Numbering {
    pub(super) fn add(&mut self, x: f32) {
        self.is_broken |= x.fract() != 0.0 || self.last.is_some_and(|last| x != last + 1.0);
        self.last = Some(x);
    }
}

pub(super) fn counts_the_rows(name: &str) -> String {
    format!(
        "{name} counts the rows: if it says no more than where a row stands, leave it out with --ignore"
    )
}

/// Warns of columns without a name, beside others that have one, that count the rows: pandas writes its index so.
pub(super) fn unnamed_numbering(data: &DataSet) -> Vec<String> {
    let Some(encoding) = data.encoding.as_ref().filter(|_| data.train.len() >= FEWEST_NUMBERED)
    else {
        return Vec::new();
    };
    // Where no column has a name, they are called by their numbers.
    let is_unnamed = |name: &str| name.starts_with("column ");
    if !encoding.features.iter().any(|feature| is_unnamed(&feature.column.to_string())) {
        return Vec::new();
    }
    let mut all = vec![Numbering::default(); data.input_dim()];
    each_row(&data.train, |row| all.iter_mut().zip(row).for_each(|(of, &x)| of.add(x)));
    let found = names(data).into_iter().zip(all);
    let found = found.filter(|(name, numbering)| is_unnamed(name) && !numbering.is_broken);
    found.map(|(name, _)| counts_the_rows(&name)).collect()
}
