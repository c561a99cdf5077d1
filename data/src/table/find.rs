//! Columns as people name them.

use super::error::{listed, quoted};
use super::{Column, Table, TableError};
use std::fmt;

/// A column, by its name or its number from 1.
///
/// A name that looks like a number is a name wherever a column has it.
///
/// ```
/// use barenet_data::table::ColumnRef;
/// assert_eq!(ColumnRef::from(3), ColumnRef::from("3"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ColumnRef(String);

impl From<&str> for ColumnRef {
    fn from(name: &str) -> Self {
        Self(name.trim().to_owned())
    }
}

impl From<usize> for ColumnRef {
    fn from(number: usize) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ColumnRef {
    /// The place of the column among those of a file.
    pub(crate) fn find_in<'a, I>(&self, columns: I, file: &str) -> Result<usize, TableError>
    where
        I: Iterator<Item = (usize, &'a str)> + Clone,
    {
        let Self(wanted) = self;
        let number = wanted.parse::<usize>().ok();
        columns
            .clone()
            .position(|(_, name)| name == wanted)
            .or_else(|| columns.clone().position(|(place, _)| Some(place) == number))
            .ok_or_else(|| {
                let nearest = nearest(wanted, columns.clone().map(|(_, name)| name));
                let advice = match nearest {
                    Some(name) => format!("the nearest name is {}", quoted(name)),
                    None => {
                        let is_named = |&(number, name): &(usize, &str)| name != unnamed(number);
                        let named = columns.clone().filter(is_named).map(|(_, name)| name);
                        match (number, named.clone().next()) {
                            (Some(_), _) => {
                                format!("its columns have the numbers 1 to {}", columns.count())
                            }
                            (None, Some(_)) => format!("its columns are {}", listed(named)),
                            (None, None) => {
                                "its columns have no names: put a row of them above, or name numbers from 1"
                                    .to_owned()
                            }
                        }
                    }
                };
                TableError::new(file, format!("has no column {}", quoted(wanted)), advice)
            })
    }
}

/// What a column without a name is called.
pub(super) fn unnamed(number: usize) -> String {
    format!("column {number}")
}

/// The name that is most like another, unless all are quite different.
///
/// ```
/// use barenet_data::table::nearest;
/// assert_eq!(nearest("weigth", ["height", "weight"].into_iter()), Some("weight"));
/// assert_eq!(nearest("x", ["height", "weight"].into_iter()), None);
/// ```
#[must_use]
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Names are read by people; the distance of long ones takes their product.
    const LONG: usize = 200;
    let lower = wanted.to_lowercase();
    names
        .filter(|name| name.len().max(lower.len()) <= LONG)
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|&(distance, name)| {
            let len = name.chars().count();
            distance <= len.max(4) / 2 && distance < len.max(wanted.chars().count())
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

impl Table {
    /// All columns of the file in their order, and whether each was read: then its place.
    pub(super) fn find(&self, wanted: &ColumnRef) -> Result<Option<usize>, TableError> {
        let mut all: Vec<(&Column, Option<usize>)> = Vec::new();
        all.extend(self.columns.iter().enumerate().map(|(place, column)| (column, Some(place))));
        all.extend(self.ignored.iter().map(|column| (column, None)));
        all.sort_by_key(|(column, _)| column.number);
        let names = all.iter().map(|(column, _)| (column.number, column.name.as_str()));
        let found = wanted.find_in(names, &self.file)?;
        Ok(all.get(found).and_then(|&(_, place)| place))
    }
}
