//! How a CSV file is read.

use super::ColumnRef;

/// How a CSV file is read. What is not said is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CsvOptions {
    /// The byte between cells; by default `,`, `;` or tab, whichever cuts the first lines evenly, or `|` if none does.
    pub delimiter: Option<u8>,
    /// Whether the first row names the columns.
    pub header: Option<bool>,
    /// Columns taken as text although they look like numbers.
    pub text: Vec<ColumnRef>,
    /// Columns that are not read.
    pub ignore: Vec<ColumnRef>,
    /// Whether the cells are kept as they are written too, in [`Table::written`](super::Table::written).
    pub keeps_written: bool,
    /// The only columns that are read, where they are there: as another table had them.
    pub only: Option<Vec<Wanted>>,
    /// The columns of whose names there must not be two; by default all that are read.
    pub unique: Option<Vec<ColumnRef>>,
}

/// A column that another table had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The column.
    pub column: ColumnRef,
    /// Whether it is of text.
    pub is_text: bool,
}
