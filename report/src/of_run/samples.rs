//! Samples of a data set as a page shows them: as pictures, or as rows.

use super::names::{class_name, target_name};
use super::units::channels;
use crate::page::Picture;
use crate::page::run::Sample;
use barenet_data::split::Part;
use barenet_data::table::Feature;
use barenet_data::{DataSet, Numbers, Origin, Records, SampleForm};
use barenet_run::inspection::{Answer, Inspected};

/// Columns of a row that are shown.
const MAX_COLUMNS: usize = 12;

/// The samples of a part of a data set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    data: &'a DataSet,
    records: &'a Records,
    origin: &'a Origin,
    /// Which set the samples lie in.
    set: &'static str,
}

impl<'a> Shown<'a> {
    pub(super) fn new(data: &'a DataSet, part: Part) -> Self {
        let records = data.records(part);
        let (origin, set) = match part {
            Part::Val if !data.val.is_empty() => (&data.places.val, "validation set"),
            Part::Test if !data.test.is_empty() => (&data.places.test, "test set"),
            Part::Train | Part::Val | Part::Test => (&data.places.train, "training set"),
        };
        Self { data, records, origin, set }
    }

    /// A sample, and what a network makes of it.
    pub(super) fn sample(&self, inspected: &Inspected) -> Sample {
        let place = inspected.place;
        let unknown = || format!("sample {} of the {}", place + 1, self.set);
        let origin = self.origin.describe(place, 0).unwrap_or_else(unknown);
        let picture = self.picture(place);
        let inputs = if picture.is_some() { Vec::new() } else { self.inputs(place) };
        Sample { origin, picture, answers: self.answers(inspected.answer), inputs }
    }

    fn answers(&self, answer: Answer) -> Vec<(String, String)> {
        let pair = |name: &str, value: String| (name.to_owned(), value);
        match answer {
            Answer::Mistake { right, named, probability, of_right } => {
                let class =
                    |label| class_name(self.data, usize::try_from(label).unwrap_or(usize::MAX));
                vec![
                    pair("Named", class(named)),
                    pair("Right", class(right)),
                    pair("Probability", share(probability)),
                    pair("Of the right one", share(of_right)),
                ]
            }
            Answer::Value { output, answer, target } => {
                let mut pairs = vec![
                    pair("Answer", number(answer)),
                    pair("Target", number(target)),
                    pair("Off by", number(answer - target)),
                ];
                if self.data.output_dim() > 1 {
                    pairs.insert(0, pair("Of", target_name(self.data, output)));
                }
                pairs
            }
            Answer::Score { score, is_other } => {
                let mut pairs = vec![pair("Score", number(score))];
                pairs.extend(is_other.map(|is_other| {
                    pair("Kind", if is_other { "other" } else { "normal" }.to_owned())
                }));
                pairs
            }
        }
    }

    /// The sample as a picture, if samples are pictures.
    fn picture(&self, place: usize) -> Option<Picture> {
        let layout = self.data.pictures()?;
        let mut row = Vec::new();
        self.records.append_row(place, &mut row);
        // Bytes are pixels; other numbers go from the least of the picture to the most.
        let (least, most) = match self.records.numbers() {
            Numbers::U8(_) => (0.0, 255.0),
            Numbers::I16(_) | Numbers::F32(_) => {
                let finite = || row.iter().copied().filter(|x| x.is_finite());
                (finite().reduce(f32::min)?, finite().reduce(f32::max)?)
            }
        };
        let byte = |x: f32| (255.0 * (x - least) / (most - least).max(f32::MIN_POSITIVE)) as u8;
        Some(channels(&row, layout, byte))
    }

    /// The first columns of the row.
    fn inputs(&self, place: usize) -> Vec<(String, String)> {
        let mut row = Vec::new();
        self.records.append_row(place, &mut row);
        if matches!(self.data.form, Some(SampleForm::Windows(_))) {
            return Vec::new();
        }
        let Some(encoding) = &self.data.encoding else {
            let numbered = (1..).zip(&row).take(MAX_COLUMNS);
            return numbered.map(|(n, &x)| (format!("x{n}"), number(x.into()))).collect();
        };
        let (mut rest, mut inputs) = (row.as_slice(), Vec::new());
        for Feature { column, texts } in encoding.features.iter().take(MAX_COLUMNS) {
            let len = texts.as_ref().map_or(1, Vec::len).min(rest.len());
            let (cells, after) = rest.split_at(len);
            rest = after;
            let value = match texts {
                None => cells.first().map_or_else(String::new, |&x| number(x.into())),
                Some(texts) => {
                    let mut named = cells.iter().zip(texts).filter(|(x, _)| **x > 0.5);
                    named
                        .next()
                        .map_or_else(|| "none of the known".to_owned(), |(_, text)| text.clone())
                }
            };
            inputs.push((column.to_string(), value));
        }
        inputs
    }
}

/// A number as the data have it.
fn number(x: f64) -> String {
    if x.is_nan() { "missing".to_owned() } else { crate::page::figure(x) }
}

/// A probability in hundredths.
fn share(probability: f64) -> String {
    format!("{:.1} %", 100.0 * probability)
}
