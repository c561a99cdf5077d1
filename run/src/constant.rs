//! Inputs that were the same in all samples that trained: the weights behind them stay as they were drawn, and what a network
//! makes of another number there is chance.

use barenet_data::formats::numpy;
use barenet_data::split::Index;
use barenet_data::{DataSet, Numbers, Records};
use serde::{Deserialize, Serialize};

/// An input that was the same in all samples that trained, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Constant(usize, f32);

/// More of them than that are not looked at again.
const MAX: usize = 1000;

/// The constant inputs of the columns of a table, or of an array of other numbers than bytes: of pixels there are many, and
/// none is told by a name.
pub(crate) fn constant_inputs(data: &DataSet, samples: &Index) -> Vec<Constant> {
    let is_array = data.source.kind.word == numpy::KIND.word
        && !matches!(data.train.numbers(), Numbers::U8(_));
    if data.encoding.is_none() && !is_array {
        return Vec::new();
    }
    // Those that are the same until now; after a few samples that are nearly none.
    let mut left: Vec<(usize, Option<f32>)> =
        (0..data.input_dim()).map(|input| (input, None)).collect();
    for sample in samples.iter() {
        left.retain_mut(|(input, first)| match number(&data.train, sample, *input) {
            Some(x) => *first.get_or_insert(x) == x,
            None => true,
        });
        if left.is_empty() {
            break;
        }
    }
    left.into_iter().filter_map(|(input, x)| Some(Constant(input, x?))).take(MAX).collect()
}

/// The number of an input of a sample; none if it is missing.
fn number(records: &Records, sample: usize, input: usize) -> Option<f32> {
    let at = sample.checked_mul(records.row_len())?.checked_add(input)?;
    records.numbers().get(at).filter(|x| !x.is_nan())
}

/// Those that are constant to another network too.
pub(crate) fn common(found: Vec<Constant>, other: &[Constant]) -> Vec<Constant> {
    found.into_iter().filter(|constant| other.contains(constant)).collect()
}

/// The warning of constant inputs that are something else in some samples, if there are any. `place` is where the samples are
/// from, `word` what they are.
pub(crate) fn changed(
    constants: &[Constant],
    names: &[String],
    (records, samples): (&Records, &Index),
    (place, word): (&str, &str),
) -> Option<String> {
    let differ = |&Constant(input, was): &Constant| {
        let numbers = || samples.iter().filter_map(|sample| number(records, sample, input));
        let first = numbers().find(|&x| x != was)?;
        Some((input, was, first, numbers().filter(|&x| x != was).count()))
    };
    let mut found = constants.iter().filter_map(differ);
    let (input, was, first, count) = found.next()?;
    let name = match names.get(input) {
        Some(name) => name.clone(),
        None => format!("input {}", input + 1),
    };
    let more = match found.count() {
        0 => String::new(),
        more => format!(" (and so are {more} more inputs)"),
    };
    Some(format!(
        "{place}: {name} is constant in training ({was} in all samples), and another number, such as {first}, in {count} of {} \
         {word} here{more}: what the network makes of that is chance; train without it, or with data in which it varies",
        samples.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet_data::{
        Encoding, Source, Wanted, formats::csv, table::CsvOptions, table::read_csv_from,
    };

    const TEXT: &str = "site,unit,a,y\n7,mm,1,p\n7,mm,2,q\n,mm,3,p\n7,mm,4,q\n8,cm,5,p\n";

    fn data() -> DataSet {
        let table = || read_csv_from(TEXT.as_bytes(), "t.csv", &CsvOptions::default()).unwrap();
        let encoding = Encoding::learn(&table(), &Default::default()).unwrap();
        let train = encoding.samples(table(), barenet_data::table::Missing::Mean).unwrap();
        let source = Source::read(&csv::KIND, "t.csv".to_owned());
        DataSet { train, encoding: Some(encoding), ..DataSet::empty(source) }
    }

    #[test]
    fn what_is_the_same_in_the_samples_that_train_is_found_and_said_where_it_differs() {
        let data = data();
        // site, unit = mm, unit = cm, a
        let found = constant_inputs(&data, &Index::Range(0..4));
        assert_eq!(found, [Constant(0, 7.0), Constant(1, 1.0), Constant(2, 0.0)]);
        assert!(constant_inputs(&data, &Index::Range(0..5)).is_empty());
        let names = data.encoding.as_ref().unwrap().input_names();
        let said =
            |samples: Index| changed(&found, &names, (&data.train, &samples), ("new.csv", "rows"));
        assert_eq!(said(Index::Range(0..4)), None);
        let line = said(Index::Range(1..5)).unwrap();
        assert!(line.starts_with("new.csv: site is constant in training (7 in all"), "{line}");
        assert!(
            line.contains("such as 8, in 1 of 4 rows here (and so are 2 more inputs)"),
            "{line}"
        );
        assert_eq!(common(found.clone(), &found[1..]), found[1..]);
    }

    #[test]
    fn pixels_are_not_looked_at() {
        let bytes = Records::of(2, Numbers::U8(vec![7; 4]), Wanted::Nothing(2));
        let numbers = Records::of(2, Numbers::F32(vec![7.0; 4]), Wanted::Nothing(2));
        let found = |train: Records| {
            let source = Source::read(&numpy::KIND, "x.npz".to_owned());
            constant_inputs(&DataSet { train, ..DataSet::empty(source) }, &Index::Range(0..2)).len()
        };
        assert_eq!((found(bytes), found(numbers)), (0, 2));
    }
}
