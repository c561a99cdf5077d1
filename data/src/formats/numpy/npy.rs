//! Arrays of numpy, `.npy`: versions 1 to 3, both orders of axes and of bytes.
//!
//! Source: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

mod header;

use crate::formats::elements::{self, Layout, Problem};
use crate::{Array, DataError};
use barenet::Label;
use header::{Header, Kind};
use std::collections::BTreeMap;
use std::io::Read;

/// The first bytes of a file.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// More bytes than the header of an array of numbers takes.
const MAX_HEADER_LEN: usize = 1 << 16;
/// More axes than numpy has.
const MAX_AXES: usize = 64;

/// Content of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Numbers.
    Numbers(Array),
    /// Text, such as the names of classes.
    Text {
        /// Lengths of the axes.
        shape: Vec<usize>,
        /// The different texts, in their order.
        names: Vec<String>,
        /// Which of them each element is.
        labels: Vec<Label>,
    },
}

impl Content {
    /// Lengths of the axes; none of a single value.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Numbers(array) => &array.shape,
            Self::Text { shape, .. } => shape,
        }
    }
}

/// Reads an array of which there are at most `limit` bytes, whatever its header says.
///
/// # Errors
///
/// [`DataError::Format`] if the header is damaged or promises more than there is, if bytes are left over, if
/// an element is no finite `f32` or no UTF-8, or if they are objects, which are never loaded.
pub fn read(name: &str, mut source: impl Read, limit: u64) -> Result<Content, DataError> {
    read_array(&mut source, limit).map_err(|Problem { text, advice }| match advice {
        Some(advice) => DataError::Format { file: name.to_owned(), problem: text, advice },
        None => wrong(name, text),
    })
}

/// A file of arrays that is not what it should be.
pub(in crate::formats) fn wrong(name: &str, problem: impl Into<String>) -> DataError {
    let advice = "save the array again with numpy.save or numpy.savez";
    DataError::Format { file: name.to_owned(), problem: problem.into(), advice }
}

fn read_array(source: &mut impl Read, limit: u64) -> Result<Content, Problem> {
    let Header { kind, is_big_endian, is_fortran, shape } = read_header(source)?;
    if shape.len() > MAX_AXES {
        return Err(format!("its shape has {} axes", shape.len()).into());
    }
    let Kind::Number(element) = kind else {
        let count = elements::count_of(&shape, kind.size(), limit)?;
        let (names, mut labels) = read_text(source, kind, is_big_endian, count)?;
        elements::check_end(source, &shape)?;
        if is_fortran {
            labels = elements::to_c_order(&labels, &shape);
        }
        return Ok(Content::Text { shape, names, labels });
    };
    let layout = Layout { element, is_big_endian, is_fortran };
    elements::read_array(source, layout, shape, limit).map(Content::Numbers)
}

fn read_header(source: &mut impl Read) -> Result<Header, Problem> {
    let short = |_| "truncated: its header is not whole".to_owned();
    let mut start = [0; 8];
    source.read_exact(&mut start).map_err(short)?;
    if !start.starts_with(MAGIC) {
        return Err("is no array of numpy".into());
    }
    let [.., version, _] = start;
    let len = match version {
        1 => {
            let mut len = [0; 2];
            source.read_exact(&mut len).map_err(short)?;
            usize::from(u16::from_le_bytes(len))
        }
        2 | 3 => {
            let mut len = [0; 4];
            source.read_exact(&mut len).map_err(short)?;
            usize::try_from(u32::from_le_bytes(len)).unwrap_or(usize::MAX)
        }
        other => return Err(format!("is of version {other}, and 1 to 3 are read").into()),
    };
    if len > MAX_HEADER_LEN {
        return Err(format!("its header is said to have {len} bytes").into());
    }
    let mut text = vec![0; len];
    source.read_exact(&mut text).map_err(short)?;
    let text = String::from_utf8(text).map_err(|_| "its header is no text".to_owned())?;
    Header::parse(&text)
}

/// Distinct texts in their order, and which of them each element is.
fn read_text(
    source: &mut impl Read,
    kind: Kind,
    is_big_endian: bool,
    count: usize,
) -> Result<(Vec<String>, Vec<Label>), String> {
    // As they come, and numbered in the order of their names at the end.
    let mut found = BTreeMap::new();
    let mut labels = Vec::new();
    let mut bytes = Vec::new();
    let size = u64::try_from(kind.size()).unwrap_or(u64::MAX);
    for number in 0..count {
        bytes.clear();
        source.take(size).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() < kind.size() {
            return Err(format!("truncated: it ends in text {number} of {count}"));
        }
        let text = match kind {
            Kind::Unicode(_) => {
                let order = if is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
                let characters =
                    bytes.as_chunks().0.iter().map(|&bytes| char::try_from(order(bytes)));
                characters.collect::<Result<String, _>>().ok()
            }
            _ => std::str::from_utf8(&bytes).ok().map(str::to_owned),
        };
        let text = text.ok_or_else(|| format!("text {number} is no Unicode"))?;
        let text = text.trim_end_matches('\0');
        let label = match found.get(text) {
            Some(&label) => label,
            None => {
                let label = Label::try_from(found.len()).map_err(|_| "too many texts")?;
                found.insert(text.to_owned(), label);
                label
            }
        };
        labels.push(label);
    }
    let mut places = vec![0; found.len()];
    let mut names = Vec::with_capacity(found.len());
    for ((name, label), place) in found.into_iter().zip(0..) {
        let old = usize::try_from(label).ok().and_then(|label| places.get_mut(label));
        old.into_iter().for_each(|old| *old = place);
        names.push(name);
    }
    for label in &mut labels {
        let new = usize::try_from(*label).ok().and_then(|label| places.get(label));
        *label = new.copied().unwrap_or(0);
    }
    Ok((names, labels))
}

#[cfg(test)]
pub(super) mod tests;
