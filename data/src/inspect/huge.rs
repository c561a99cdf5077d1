//! Numbers beyond all bounds: beside them no scaling leaves anything of the others, and no loss is finite.

use super::way_out::takes_ignore;
use super::{names, num_channels};
use crate::table::error::quoted;
use crate::{DataError, DataSet, Numbers, Origin, Records, SampleForm, Wanted};

/// Numbers of this magnitude and more have squares that `f32` does not hold.
pub(super) const HUGE: f32 = 1e18;
/// How many times farther from 0 than the others such a number is.
const TIMES: f32 = 1e4;

/// Refuses numbers whose squares `f32` does not hold among others of a column, or of a channel of recordings, that are much
/// smaller, in whatever part: they are slips, or say that something is not known, and no network learns with them.
///
/// # Errors
///
/// [`DataError::Format`] that names the first of them: its file, line and column, as far as they are known.
///
/// ```
/// use barenet_data::{DataSet, Numbers, Records, Source, Wanted, formats::csv, inspect::check_numbers};
/// let of = |numbers: Vec<f32>| {
///     let train = Records::of(1, Numbers::F32(numbers), Wanted::Nothing(3));
///     DataSet { train, ..DataSet::empty(Source::read(&csv::KIND, "t.csv".to_owned())) }
/// };
/// let error = check_numbers(&of(vec![0.5, 2.0, 1e25])).unwrap_err();
/// assert!(error.to_string().starts_with("table from t.csv, sample 3, input 1: is 1e25"));
/// assert!(check_numbers(&of(vec![3e24, 2e24, 1e25])).is_ok());
/// ```
pub fn check_numbers(data: &DataSet) -> Result<(), DataError> {
    let parts = [
        (&data.train, &data.places.train, ""),
        (&data.val, &data.places.val, "validation "),
        (&data.test, &data.places.test, "test "),
    ];
    let channels = num_channels(data);
    let inputs = parts.map(|(records, ..)| match records.numbers() {
        Numbers::F32(numbers) => &numbers[..],
        Numbers::U8(_) | Numbers::I16(_) => &[],
    });
    let targets = parts.map(|(records, ..)| match records.targets() {
        Wanted::Values { numbers, .. } => &numbers[..],
        Wanted::Classes(_) | Wanted::Nothing(_) => &[],
    });
    let found = first(&inputs, channels.unwrap_or(data.input_dim()));
    let (slip, is_target) = match found {
        Some(slip) => (slip, false),
        None => match first(&targets, data.target_names.len()) {
            Some(slip) => (slip, true),
            None => return Ok(()),
        },
    };
    let Some((records, origin, part)) = parts.get(slip.part) else { return Ok(()) };
    let Slip { at, column, x, least, .. } = slip;
    let place = Place { data, records, origin, part };
    let file = place.text(at, column, is_target, channels);
    let others = shown(least);
    let samples = data.source.kind.samples;
    Err(DataError::Format {
        file,
        problem: format!(
            "is {}, and the most that other {samples} have there is {others}: no network learns with such numbers",
            shown(x)
        ),
        advice: if takes_ignore(data.source.kind) {
            "correct the cell, or leave it empty and take --missing drop or --missing mean, or leave the column out with \
             --ignore"
        } else {
            "correct it, or write NaN for it and take --missing drop or --missing mean, or leave its column out of the array"
        },
    })
}

/// A number that no network learns with.
struct Slip {
    part: usize,
    /// Its place among the numbers of its part.
    at: usize,
    column: usize,
    x: f32,
    /// The most, in magnitude, of the others that are not like it.
    least: f32,
}

/// The first such number of some parts, whose numbers are of so many columns in turn.
fn first(parts: &[&[f32]], num_columns: usize) -> Option<Slip> {
    let is_huge = |x: &f32| x.abs() >= HUGE;
    // Nearly always there is none.
    if !parts.iter().any(|numbers| numbers.iter().any(is_huge)) {
        return None;
    }
    let mut columns = vec![Column::default(); num_columns];
    for numbers in parts {
        for row in numbers.chunks(num_columns.max(1)) {
            columns.iter_mut().zip(row).for_each(|(column, &x)| column.add(x));
        }
    }
    parts.iter().enumerate().find_map(|(part, numbers)| {
        let mut places = numbers.iter().enumerate().filter(|(_, x)| is_huge(x));
        places.find_map(|(at, &x)| {
            let column = at.checked_rem(num_columns)?;
            let others = columns.get(column).filter(|column| column.has_slips())?;
            Some(Slip { part, at, column, x, least: others.most })
        })
    })
}

/// The numbers of a column, those that are huge apart.
#[derive(Clone, Copy, Default)]
struct Column {
    count: usize,
    num_huge: usize,
    /// The most, in magnitude, of those that are not.
    most: f32,
    /// The least of those that are.
    least_huge: f32,
}

impl Column {
    fn add(&mut self, x: f32) {
        let size = x.abs();
        if size >= HUGE {
            self.least_huge = if self.num_huge == 0 { size } else { self.least_huge.min(size) };
            self.num_huge += 1;
        } else if !x.is_nan() {
            self.count += 1;
            self.most = self.most.max(size);
        }
    }

    /// Whether those that are huge are few, and far from the others.
    fn has_slips(&self) -> bool {
        self.num_huge > 0 && self.count > self.num_huge && self.least_huge > TIMES * self.most
    }
}

/// Where the numbers of a part are.
struct Place<'a> {
    data: &'a DataSet,
    records: &'a Records,
    origin: &'a Origin,
    part: &'a str,
}

impl Place<'_> {
    /// Where one of them is, for people: the file, the line and the column.
    fn text(&self, at: usize, column: usize, is_target: bool, channels: Option<usize>) -> String {
        let Self { data, records, origin, part } = self;
        let width = if is_target { data.target_names.len() } else { records.row_len() };
        let (sample, within) =
            (at.checked_div(width).unwrap_or(0), at.checked_rem(width).unwrap_or(0));
        let channel = match &data.form {
            Some(SampleForm::Windows(form)) => form.channels.get(column),
            _ => None,
        };
        let name = match (is_target, channel) {
            (true, _) => data.target_names.get(column).cloned(),
            (false, Some(channel)) => Some(channel.clone()),
            (false, None) => names(data).get(column).cloned(),
        };
        let name = name.unwrap_or_default();
        let row = channels.map_or(0, |channels| within / channels.max(1));
        match origin.describe(sample, row) {
            Some(place) => format!("{place}, column {}", quoted(&name)),
            None if is_target => {
                format!("{}, {part}sample {}, target {name}", data.source, sample + 1)
            }
            None => format!("{}, {part}sample {}, {name}", data.source, sample + 1),
        }
    }
}

/// A number in a message: large ones by their power of ten.
pub(super) fn shown(x: f32) -> String {
    if x.abs() < 1e7 { x.to_string() } else { format!("{x:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::csv;
    use crate::{Source, WindowForm};

    fn data(width: usize, numbers: Vec<f32>) -> DataSet {
        let count = numbers.len() / width;
        let train = Records::of(width, Numbers::F32(numbers), Wanted::Nothing(count));
        DataSet { train, ..DataSet::empty(Source::read(&csv::KIND, "t.csv".to_owned())) }
    }

    fn error(data: &DataSet) -> Option<String> {
        check_numbers(data).err().map(|error| error.to_string())
    }

    #[test]
    fn a_number_beyond_all_bounds_is_refused_by_line_and_column_in_each_part() {
        let fine = || data(2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let lines = |file: &str| Origin::Lines { file: file.to_owned(), lines: vec![2, 3, 7] };
        assert_eq!(error(&fine()), None);
        for x in [1e25_f32, -1e20] {
            let mut slip = data(2, vec![1.0, 2.0, 3.0, 4.0, 5.0, x]);
            slip.places.train = lines("t.csv");
            let found = error(&slip).unwrap();
            let expected = format!(
                "t.csv, line 7, column \"input 2\": is {x:e}, and the most that other rows have there is 4"
            );
            assert!(found.starts_with(&expected), "{found}");
            let mut test = fine();
            test.test = slip.train;
            test.places.test = lines("u.csv");
            assert!(error(&test).unwrap().starts_with("u.csv, line 7, column"));
            test.places.test = Origin::Unknown;
            let found = error(&test).unwrap();
            assert!(found.starts_with("table from t.csv, test sample 3, input 2: is"), "{found}");
        }
    }

    #[test]
    fn several_are_refused_and_columns_that_are_as_large_are_not() {
        // Two that say that something is not known.
        assert!(error(&data(1, vec![1.0, 1e36, 2.0, 3.0, 1e36])).is_some());
        // Masses of stars, and of all things.
        assert_eq!(error(&data(1, vec![2e30, 4e29, 1e31])), None);
        assert_eq!(error(&data(1, vec![1e17, 3e16, 1e15, 1e12, 9e18, 2.0])), None);
        let numbers = vec![1.0, 2.0, 1e30];
        let wanted = Wanted::Values { numbers, width: 1 };
        let train = Records::of(1, Numbers::F32(vec![1.0, 2.0, 3.0]), wanted);
        let target = DataSet { train, target_names: vec!["y".to_owned()], ..data(1, Vec::new()) };
        let found = error(&target).unwrap();
        assert!(found.starts_with("table from t.csv, sample 3, target y: is 1e30"), "{found}");
    }

    #[test]
    fn of_a_recording_the_row_is_named_in_which_it_is() {
        // Two windows of two rows of two channels, the second of which has it in its second row.
        let mut windows = data(4, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 1e25]);
        let channels = vec!["x".to_owned(), "y".to_owned()];
        windows.form = Some(SampleForm::Windows(WindowForm { window: 2, stride: 1, channels }));
        let (files, starts) = (vec!["a/1.csv".into()], vec![(0, 0), (0, 1)]);
        windows.places.train = Origin::Windows { files, starts };
        assert!(error(&windows).unwrap().starts_with("a/1.csv, row 3, column \"y\": is 1e25"));
    }
}
