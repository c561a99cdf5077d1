//! Samples of a table whose columns are known.

use super::roles::Roles;
use super::{Encoding, Feature, Missing, class_name};
use crate::class_names::nearest_class;
use crate::table::error::{and_more, quoted};
use crate::table::{Column, ColumnRef, Table, TableError};
use crate::{Numbers, Records, Task, Wanted};
use barenet::Label;

/// Places of columns in a table.
struct Places {
    features: Vec<usize>,
    targets: Vec<usize>,
    group: Option<usize>,
}

impl Encoding {
    /// Makes samples of a table: of its columns of these names, or numbers where it has no names.
    ///
    /// # Errors
    ///
    /// [`TableError`] if a column is missing, or a cell is missing or is nothing that can be encoded.
    pub fn samples(&self, table: Table, missing: Missing) -> Result<Records, TableError> {
        self.samples_and_lines(table, missing).map(|(records, _)| records)
    }

    /// The same, and the line of the file on which each begins.
    pub(crate) fn samples_and_lines(
        &self,
        mut table: Table,
        missing: Missing,
    ) -> Result<(Records, Vec<u32>), TableError> {
        let places = self.places(&table)?;
        let kept = self.rows_without_missing(&table, &places, missing)?;
        let targets = self.read_targets(&table, &places, &kept)?;
        let groups = places.group.map_or_else(Vec::new, |place| {
            let codes: Vec<f32> = table.column(place).collect();
            kept.iter().filter_map(|&row| codes.get(row)).map(|&code| code as u32).collect()
        });
        self.warn_of_new_texts(&table, &places);
        let inputs = self.read_inputs(&mut table, &places, &kept);
        let mut records = Records::of(self.input_dim(), Numbers::F32(inputs), targets);
        records.groups = groups;
        let mut lines = table.lines;
        if kept.len() < lines.len() {
            lines = kept.iter().filter_map(|&row| lines.get(row).copied()).collect();
        }
        Ok((records, lines))
    }

    fn places(&self, table: &Table) -> Result<Places, TableError> {
        let find = |column: &ColumnRef| {
            let place = table.find(column)?;
            place.ok_or_else(|| {
                let problem = format!(
                    "column {} was trained with and is ignored here",
                    quoted(&column.to_string())
                );
                TableError::new(&table.file, problem, "leave it out of --ignore")
            })
        };
        let find_feature = |feature: &Feature| {
            let place = find(&feature.column)?;
            let Some(column) = table.columns.get(place) else { return Ok(place) };
            let (is, was) = match (column.values(), &feature.texts) {
                (Some(_), None) => ("text", "numbers"),
                (None, Some(_)) => ("numbers", "text"),
                _ => return Ok(place),
            };
            if let (Some((row, text)), "text") = (table.first_text(place), is) {
                let problem = format!(
                    "{} is no number, and the column was of numbers in training",
                    quoted(text)
                );
                let error = TableError::new(&table.file, problem, "correct it, or remove the row");
                return Err(table.locate(error, row, place));
            }
            let problem = format!("is of {is}, and was of {was} in training");
            let advice = "give it the values that it had, or train without it";
            Err(TableError::new(&table.file, problem, advice).of(&column.name))
        };
        let features = self.features.iter().map(find_feature).collect::<Result<_, _>>()?;
        let targets = self.targets.iter().map(find).collect::<Result<_, _>>()?;
        Ok(Places { features, targets, group: self.group.as_ref().map(find).transpose()? })
    }

    /// Logs a warning for each column that has texts which it had not in training: a network makes of such a cell what
    /// it makes of no text.
    fn warn_of_new_texts(&self, table: &Table, places: &Places) {
        for (feature, &place) in self.features.iter().zip(&places.features) {
            let (Some(known), Some(column)) = (&feature.texts, table.columns.get(place)) else {
                continue;
            };
            let values = column.values().unwrap_or_default();
            let mut new = values.iter().filter(|value| !known.contains(value));
            if let Some(first) = new.next() {
                let more = and_more(new.count());
                log::warn!(
                    "{}, column {}: {}{more} was not there in training, and counts as none of its texts",
                    table.file,
                    quoted(&column.name),
                    quoted(first),
                );
            }
        }
    }

    /// Takes rows out of a table that lack a target, or the group; the result is how many.
    ///
    /// # Errors
    ///
    /// [`TableError`] if a column is missing.
    pub(crate) fn take_unlabelled(&self, table: &mut Table) -> Result<usize, TableError> {
        let Places { targets, group, .. } = self.places(table)?;
        let lacking = Roles { targets, group }.unlabelled(table);
        let count = lacking.iter().filter(|&&lacks| lacks).count();
        if count > 0 {
            table.take_rows(&lacking);
        }
        Ok(count)
    }

    /// The rows in which no cell that is needed is missing.
    fn rows_without_missing(
        &self,
        table: &Table,
        places: &Places,
        missing: Missing,
    ) -> Result<Vec<usize>, TableError> {
        let features = if missing == Missing::Mean { &[][..] } else { &places.features };
        let needed = || features.iter().chain(&places.targets).chain(&places.group);
        let mut kept = Vec::with_capacity(table.num_rows());
        for (index, row) in table.rows().enumerate() {
            let lacks = needed().find(|&&place| row.get(place).is_none_or(|cell| cell.is_nan()));
            match (lacks, missing) {
                (None, _) => kept.push(index),
                (Some(_), Missing::Drop) => {}
                (Some(&place), Missing::Refuse | Missing::Mean) => {
                    let is_input = places.features.contains(&place);
                    let advice = match missing {
                        Missing::Mean => {
                            "only inputs can be taken as their mean: fill it in, or leave such rows out with --missing drop"
                        }
                        _ if is_input => {
                            "fill it in, or leave such rows out with --missing drop, or take the mean with --missing mean"
                        }
                        _ => "fill it in, or leave such rows out with --missing drop",
                    };
                    let error = TableError::new(&table.file, "the cell is missing", advice);
                    return Err(table.locate(error, index, place));
                }
            }
        }
        if kept.is_empty() {
            return Err(TableError::new(
                &table.file,
                "every row has a missing cell",
                "leave columns out with --ignore",
            ));
        }
        Ok(kept)
    }

    fn read_targets(
        &self,
        table: &Table,
        places: &Places,
        kept: &[usize],
    ) -> Result<Wanted, TableError> {
        let cell = |row: usize, place: usize| {
            table.rows().nth(row).and_then(|row| row.get(place)).copied().unwrap_or(f32::NAN)
        };
        if self.class_names.is_empty() {
            if self.task == Task::Reconstruct {
                return Ok(Wanted::Nothing(kept.len()));
            }
            for &place in &places.targets {
                if let Some(column) =
                    table.columns.get(place).filter(|column| column.values().is_some())
                {
                    let error = TableError::new(
                        &table.file,
                        "is of text, and a regression learns numbers",
                        "name another --target, or take --task classify",
                    );
                    return Err(error.of(&column.name));
                }
            }
            let numbers = kept
                .iter()
                .flat_map(|&row| places.targets.iter().map(move |&place| cell(row, place)));
            return Ok(Wanted::Values { numbers: numbers.collect(), width: places.targets.len() });
        }
        let Some((&place, column)) =
            places.targets.first().and_then(|place| Some((place, table.columns.get(*place)?)))
        else {
            return Ok(Wanted::Nothing(kept.len()));
        };
        let codes: Vec<f32> = table.column(place).collect();
        let mut labels = Vec::with_capacity(kept.len());
        for &row in kept {
            let name = class_name(column, codes.get(row).copied().unwrap_or(f32::NAN));
            let label = self.class_names.iter().position(|class| *class == name);
            let Some(label) = label.and_then(|label| Label::try_from(label).ok()) else {
                let error = TableError::new(
                    &table.file,
                    format!(
                        "class {} is not one of those that train{}",
                        quoted(&name),
                        nearest_class(&name, &self.class_names)
                    ),
                    "correct it, or train with samples of it",
                );
                return Err(table.locate(error, row, place));
            };
            labels.push(label);
        }
        Ok(Wanted::Classes(labels))
    }

    /// The inputs, in the place of the cells where they are not more: a large table is not held twice.
    fn read_inputs(&self, table: &mut Table, places: &Places, kept: &[usize]) -> Vec<f32> {
        let (len, width) = (self.input_dim(), table.columns.len());
        // Of a text of the table, its place among those of the feature.
        let maps: Vec<Option<(usize, Vec<Option<usize>>)>> = self
            .features
            .iter()
            .zip(&places.features)
            .map(|(feature, &place)| {
                let texts = feature.texts.as_ref()?;
                let values = table.columns.get(place).and_then(Column::values).unwrap_or_default();
                let map = values.iter().map(|value| texts.iter().position(|text| text == value));
                Some((texts.len(), map.collect()))
            })
            .collect();
        let mut row = vec![0.0; len];
        let encode = |cells: &[f32], row: &mut [f32]| {
            row.fill(0.0);
            let mut start = 0;
            for (place, map) in places.features.iter().zip(&maps) {
                let cell = cells.get(*place).copied().unwrap_or(0.0);
                match map {
                    None => {
                        if let Some(input) = row.get_mut(start) {
                            *input = cell;
                        }
                        start += 1;
                    }
                    Some((count, _)) if cell.is_nan() => {
                        // Each counts as its mean: how frequent its text is.
                        row.get_mut(start..start + count)
                            .into_iter()
                            .for_each(|row| row.fill(f32::NAN));
                        start += count;
                    }
                    Some((count, map)) => {
                        // A text that is new here is none of those that were.
                        let hot = map.get(cell as usize).copied().flatten();
                        if let Some(input) = hot.and_then(|hot| row.get_mut(start + hot)) {
                            *input = 1.0;
                        }
                        start += count;
                    }
                }
            }
        };
        let mut cells = std::mem::take(&mut table.cells);
        if len <= width {
            for (to, &from) in kept.iter().enumerate() {
                if let Some(cells) = cells.get(from * width..(from + 1) * width) {
                    encode(cells, &mut row);
                }
                if let Some(place) = cells.get_mut(to * len..(to + 1) * len) {
                    place.copy_from_slice(&row);
                }
            }
            cells.truncate(kept.len() * len);
            return cells;
        }
        let mut inputs = Vec::with_capacity(kept.len() * len);
        for &from in kept {
            if let Some(cells) = cells.get(from * width..(from + 1) * width) {
                encode(cells, &mut row);
            }
            inputs.extend_from_slice(&row);
        }
        inputs
    }
}
