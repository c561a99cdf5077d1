//! Samples as a device gets them, and how their numbers become the bytes of an int8 network.

use anyhow::{Result, bail};
use barenet_data::split::{Index, Part, Split};
use barenet_data::{DataSet, Numbers, Records};
use barenet_model::export::inputs::Ranges;
use barenet_model::export::row::Row;
use barenet_model::number::Number;
use barenet_model::scales::Scales;

/// The samples of a part of some data.
pub(crate) fn rows_of<'a>(
    (data, split): (&'a DataSet, &'a Split),
    part: Part,
) -> impl ExactSizeIterator<Item = Row<'a>> + Clone + use<'a> {
    let (records, index) = (data.records(part), split.index(part));
    (0..index.len()).map(|sample| row(records, index, sample))
}

fn row<'a>(records: &'a Records, index: &Index, sample: usize) -> Row<'a> {
    let len = records.row_len();
    let start = index.place(sample).saturating_mul(len);
    let place = start..start.saturating_add(len);
    match records.numbers() {
        Numbers::U8(all) => Row::U8(all.get(place).unwrap_or_default()),
        Numbers::I16(all) => Row::I16(all.get(place).unwrap_or_default()),
        Numbers::F32(all) => Row::F32(all.get(place).unwrap_or_default()),
    }
}

/// Whether numbers are bytes as they are.
pub(crate) fn is_pixels<T>(like: Row<'_>, scales: &Scales<T>) -> bool {
    matches!(like, Row::U8(_)) && scales.factor.is_empty()
}

/// What the scaled inputs of a network are multiplied by, up to an offset, on their way to a byte of an export, as its weights
/// are divided by it: 0 of those that are always the same, and empty for 1.
pub(crate) fn input_factor<T: Number>(
    (data, split): (&DataSet, &Split),
    scales: &Scales<T>,
) -> Result<Vec<T>> {
    if data.fills_missing {
        let data = data.filled(&scales.means());
        return input_factor((&data, split), scales);
    }
    let train = rows_of((data, split), Part::Train);
    let Some(like) = train.clone().next() else { bail!("there are no samples") };
    if is_pixels(like, scales) {
        return Ok(Vec::new());
    }
    let ranges = Ranges::fit(train, data.input_dim())?;
    let mut factor = ranges.of_bytes(scales).factor;
    for input in ranges.constant() {
        factor.get_mut(input).into_iter().for_each(|factor| *factor = T::ZERO);
    }
    Ok(factor)
}
