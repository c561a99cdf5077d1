//! Numbers so far from all others that they are slips, such as a decimal point that was lost or 999999 for what is not known.

use super::huge::{HUGE, shown};
use super::{each_row, names, num_channels};
use crate::{DataSet, Numbers, Wanted};

/// How many standard deviations of the other numbers of a column one has to lie off: no distribution that is measured gives one.
const FAR: f64 = 10_000.0;
/// Fewest numbers of a column by which that is told.
const FEWEST: u64 = 10;

/// Warns of the columns of which one number is far from all others: it makes the scaling, and with it the network, useless.
pub(super) fn far(data: &DataSet) -> Vec<String> {
    let mut inputs = vec![Column::default(); data.input_dim()];
    // Bytes are not so far from each other, and are many.
    if !matches!(data.train.numbers(), Numbers::U8(_)) {
        let mut sample = 0;
        each_row(&data.train, |row| {
            inputs.iter_mut().zip(row).for_each(|(column, &x)| column.add(x, sample));
            sample += 1;
        });
    }
    let mut lines = Vec::new();
    if inputs.iter().any(|column| column.farthest().is_some()) {
        // Of a recording, the row of its window.
        let row_of = |place: usize| num_channels(data).map_or(0, |channels| place / channels);
        let all = names(data).into_iter().zip(&inputs).enumerate();
        lines.extend(all.filter_map(|(place, (name, column))| {
            Some(line(data, &name, row_of(place), column.farthest()?))
        }));
    }
    if let Wanted::Values { numbers, width } = data.train.targets() {
        for (place, name) in data.target_names.iter().enumerate().take(*width) {
            let mut column = Column::default();
            let all = numbers.iter().skip(place).step_by(*width);
            (0..).zip(all).for_each(|(sample, &x)| column.add(x, sample));
            let found = column.farthest();
            lines.extend(found.map(|found| line(data, &format!("the target {name}"), 0, found)));
        }
    }
    lines
}

fn line(data: &DataSet, name: &str, row: usize, (x, sample): (f32, usize)) -> String {
    let place =
        data.places.train.describe(sample, row).map_or_else(String::new, |at| format!("{at}: "));
    format!(
        "{place}{name} is {} once, {FAR} standard deviations and more from all other rows: correct that cell, or leave its \
         row out",
        shown(x)
    )
}

/// The number of a column that is largest in magnitude, and what the others are like.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    count: u64,
    sum: f64,
    squares: f64,
    largest: f32,
    /// The sample that has it.
    at: usize,
}

impl Column {
    fn add(&mut self, x: f32, sample: usize) {
        // What is beyond all bounds is an error.
        if x.is_nan() || x.abs() >= HUGE {
            return;
        }
        self.count += 1;
        // What was the largest until now is one of the others. The first of all takes the place of a 0, which adds nothing.
        let is_larger = x.abs() > self.largest.abs();
        let other = if is_larger {
            self.at = sample;
            std::mem::replace(&mut self.largest, x)
        } else {
            x
        };
        self.sum += f64::from(other);
        self.squares += f64::from(other) * f64::from(other);
    }

    /// The number that is far from all others, and its sample; none if there is no such number.
    fn farthest(&self) -> Option<(f32, usize)> {
        /// What numbers that are the same seem to differ by, as sums are rounded.
        const ROUNDED: f64 = 1e-6;
        if self.count < FEWEST {
            return None;
        }
        let others = (self.count - 1) as f64;
        let mean = self.sum / others;
        let deviation = (self.squares / others - mean * mean).max(0.0).sqrt();
        let differ = deviation > ROUNDED * mean.abs();
        let is_far = differ && (f64::from(self.largest) - mean).abs() > FAR * deviation;
        is_far.then_some((self.largest, self.at))
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::csv;
    use crate::inspect::cautions;
    use crate::{DataSet, Numbers, Records, Source, Wanted};

    fn cautioned(numbers: Vec<f32>, targets: Vec<f32>) -> Vec<String> {
        cautioned_of(Numbers::F32(numbers), targets)
    }

    fn cautioned_of(numbers: Numbers, targets: Vec<f32>) -> Vec<String> {
        let wanted = Wanted::Values { numbers: targets, width: 1 };
        let train = Records::of(1, numbers, wanted);
        let source = Source::read(&csv::KIND, "t.csv".to_owned());
        let target_names = vec!["y".to_owned()];
        cautions(&DataSet { train, target_names, ..DataSet::empty(source) })
    }

    #[test]
    fn one_number_far_from_all_others_is_named() {
        let usual = || (0..60).map(|n| (n % 7) as f32);
        let with = |at: usize, x: f32| -> Vec<f32> {
            usual().enumerate().map(|(n, usual)| if n == at { x } else { usual }).collect()
        };
        let others = || usual().map(|y| y * 3.0).collect::<Vec<f32>>();
        for at in [0, 5, 59] {
            for x in [1e15, -1e10, 1e6] {
                let found = cautioned(with(at, x), others());
                assert!(found.len() == 1 && found[0].starts_with("input 1 is "), "{found:?}");
                let found = cautioned(others(), with(at, x));
                assert!(found.len() == 1 && found[0].starts_with("the target y is "), "{found:?}");
            }
            assert_eq!(cautioned(with(at, 999.0), others()), [""; 0]);
        }
        // Integers can be as far.
        let bits = (0..60).map(|n| if n == 7 { i16::MAX } else { n % 2 }).collect();
        let found = cautioned_of(Numbers::I16(bits), others());
        assert!(found.len() == 1 && found[0].starts_with("input 1 is 32767 once"), "{found:?}");
        // Others that are all the same are no scale: what differs once may be what matters.
        let once = |usual: f32| (0..60).map(|n| if n == 7 { 1e7 } else { usual }).collect();
        assert_eq!(cautioned(once(0.0), others()), [""; 0]);
        assert_eq!(cautioned(once(1234.567), others()), [""; 0]);
    }
}
