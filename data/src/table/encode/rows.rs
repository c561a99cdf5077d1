//! Rows that are left out of a table before anything is learnt of it.

use super::roles::Roles;
use super::{EncodeOptions, Encoding};
use crate::Exact;
use crate::table::{Kind, Table, TableError};

/// How many rows were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Those that have no target, of data that are looked at.
    pub(crate) unlabelled: usize,
    /// Others that lack a cell.
    pub(crate) incomplete: usize,
}

impl Encoding {
    /// Takes the rows out of a table that is to be learnt that nothing may be learnt of. If that are all, none is: what is
    /// missing is said where samples are made.
    ///
    /// # Errors
    ///
    /// [`TableError`] if a column that is asked for is not there.
    pub(crate) fn take_lacking(
        table: &mut Table,
        options: &EncodeOptions,
    ) -> Result<LeftOut, TableError> {
        let roles = Roles::of(table, options)?;
        let lacking = roles.lacking(table, options);
        if !lacking.contains(&true) || !lacking.contains(&false) {
            return Ok(LeftOut::default());
        }
        let all = lacking.iter().filter(|&&lacks| lacks).count();
        let without_target = roles.unlabelled(table).iter().filter(|&&lacks| lacks).count();
        let unlabelled = if options.skips_unlabelled { without_target } else { 0 };
        table.take_rows(&lacking);
        Ok(LeftOut { unlabelled, incomplete: all - unlabelled })
    }
}

impl Table {
    /// Takes rows out. It is then the table that the file would be without them: texts are in the order in which the rows
    /// that are left have them first.
    pub(super) fn take_rows(&mut self, is_taken: &[bool]) {
        fn retain<T>(all: &mut Vec<T>, width: usize, is_taken: &[bool]) {
            let mut of_all = is_taken.iter().flat_map(|&taken| std::iter::repeat_n(taken, width));
            all.retain(|_| !of_all.next().unwrap_or(false));
        }
        let width = self.columns.len();
        retain(&mut self.cells, width, is_taken);
        retain(&mut self.lines, 1, is_taken);
        if !self.written.is_empty() {
            retain(&mut self.written, width, is_taken);
        }
        for (place, column) in self.columns.iter_mut().enumerate() {
            let cells = self.cells.iter_mut().skip(place).step_by(width.max(1));
            match &mut column.kind {
                Kind::Text(values) => *values = renumber(values, cells),
                // What they were before they were rounded is not known any more.
                Kind::Number if column.exact.is_rounded => {}
                Kind::Number => column.exact = Exact::of(cells.map(|cell| f64::from(*cell))),
            }
        }
    }
}

/// Numbers the texts of some cells anew, in the order in which they come.
fn renumber<'a>(values: &[String], cells: impl Iterator<Item = &'a mut f32>) -> Vec<String> {
    let mut places: Vec<Option<f32>> = vec![None; values.len()];
    let mut left = Vec::new();
    for cell in cells.filter(|cell| !cell.is_nan()) {
        let place = *cell as usize;
        let (Some(new), Some(text)) = (places.get_mut(place), values.get(place)) else { continue };
        *cell = *new.get_or_insert_with(|| {
            left.push(text.clone());
            (left.len() - 1) as f32
        });
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{ColumnRef, CsvOptions, Missing, read_csv_from};
    use crate::{Task, Wanted};

    fn table(text: &str) -> Table {
        let options = CsvOptions { keeps_written: true, ..CsvOptions::default() };
        read_csv_from(text.as_bytes(), "t.csv", &options).unwrap()
    }

    /// Rows of which some lack a cell: they alone have `plum`, `rare` and the texts before `fig`.
    const LACKING: &str =
        "fruit,n,kind\nplum,,a\nlime,1,\nfig,2,b\nlime,3,a\n,4,rare\nfig,5,b\nkiwi,6,a\n";
    const REST: &str = "fruit,n,kind\nfig,2,b\nlime,3,a\nfig,5,b\nkiwi,6,a\n";

    #[test]
    fn what_rows_have_that_are_left_out_becomes_no_input_and_no_class() {
        let options = EncodeOptions { missing: Missing::Drop, ..EncodeOptions::default() };
        let found = Encoding::learn(&table(LACKING), &options).unwrap();
        assert_eq!(found, Encoding::learn(&table(REST), &EncodeOptions::default()).unwrap());
        let inputs = ["fruit = fig", "fruit = lime", "fruit = kiwi", "n"];
        assert_eq!(
            (found.input_names(), &*found.class_names),
            (inputs.map(str::to_owned).to_vec(), &["a".to_owned(), "b".to_owned()][..])
        );
        let records = found.samples(table(LACKING), Missing::Drop).unwrap();
        assert_eq!(records, found.samples(table(REST), Missing::Refuse).unwrap());
        // Every input is 1 in some row.
        let mut sums = vec![0.0; 4];
        for index in 0..records.len() {
            let mut row = Vec::new();
            records.append_row(index, &mut row);
            sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        assert_eq!(sums, [2.0, 1.0, 1.0, 16.0]);
    }

    #[test]
    fn a_table_without_rows_is_that_of_the_file_without_them() {
        let options = EncodeOptions { missing: Missing::Drop, ..EncodeOptions::default() };
        let mut found = table(LACKING);
        let left_out = Encoding::take_lacking(&mut found, &options).unwrap();
        assert_eq!(left_out, LeftOut { unlabelled: 0, incomplete: 3 });
        assert_eq!(found.lines, [4, 5, 7, 8]);
        assert_eq!(Table { lines: vec![2, 3, 4, 5], ..found }, table(REST));
    }

    #[test]
    fn of_data_that_are_looked_at_rows_without_a_target_are_counted_apart() {
        let options = |missing| EncodeOptions {
            missing,
            skips_unlabelled: true,
            target: vec![ColumnRef::from("kind")],
            ..EncodeOptions::default()
        };
        for (missing, incomplete) in [(Missing::Mean, 0), (Missing::Drop, 2)] {
            let mut found = table(LACKING);
            let left_out = Encoding::take_lacking(&mut found, &options(missing)).unwrap();
            assert_eq!(left_out, LeftOut { unlabelled: 1, incomplete });
        }
        // Where every row lacks it, whoever makes samples says so.
        let mut none = table("n,kind\n1,\n2,?\n");
        let left_out = Encoding::take_lacking(&mut none, &options(Missing::Mean)).unwrap();
        assert_eq!((left_out, none.num_rows()), (LeftOut::default(), 2));
    }

    #[test]
    fn a_target_is_told_by_the_rows_that_stay() {
        // The fraction is in a row without its input.
        let text = "n,y\n1,0\n2,1\n,0.5\n3,0\n4,1\n";
        let options = EncodeOptions { missing: Missing::Drop, ..EncodeOptions::default() };
        let encoding = Encoding::learn(&table(text), &options).unwrap();
        assert_eq!(encoding.task, Task::Classify);
        let records = encoding.samples(table(text), Missing::Drop).unwrap();
        assert_eq!(records.targets(), &Wanted::Classes(vec![0, 1, 0, 1]));
    }
}
