//! The header of an `.npy` file: the literal of a Python dict that says type, order and shape.

use crate::formats::elements::{Element, Problem};

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) is_big_endian: bool,
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<usize>,
}

/// Type of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number(Element),
    /// Text of so many characters of four bytes.
    Unicode(usize),
    /// Text of so many bytes.
    Bytes(usize),
}

impl Kind {
    /// Bytes of an element.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::Number(element) => element.size(),
            Self::Unicode(len) => len.saturating_mul(4),
            Self::Bytes(len) => len,
        }
    }
}

const PICKLED: &str = "holds pickled objects, which are never loaded";

impl Header {
    /// Reads the literal; an error is what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        let damaged = || Problem::from("its header is damaged");
        let (mut descr, mut order, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{').ok_or_else(damaged)?.trim_start();
        while !rest.starts_with('}') {
            let (key, after) = string(rest).ok_or_else(damaged)?;
            rest = after.trim_start().strip_prefix(':').ok_or_else(damaged)?.trim_start();
            let before = match key {
                "descr" if rest.starts_with('[') => {
                    return Err(Problem::with(
                        "its rows have fields of several types",
                        "save its numbers as one array of one type",
                    ));
                }
                "descr" => {
                    string(rest).map(|(found, after)| (descr.replace(found).is_some(), after))
                }
                "fortran_order" => {
                    boolean(rest).map(|(found, after)| (order.replace(found).is_some(), after))
                }
                "shape" => {
                    tuple(rest).map(|(found, after)| (shape.replace(found).is_some(), after))
                }
                _ => None,
            };
            let (is_twice, after) = before.ok_or_else(damaged)?;
            if is_twice {
                return Err(damaged());
            }
            rest = after.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if rest.starts_with('}') => rest,
                None => return Err(damaged()),
            };
        }
        if rest != "}" {
            return Err(damaged());
        }
        let (descr, is_fortran) = (descr.ok_or_else(damaged)?, order.ok_or_else(damaged)?);
        let (kind, is_big_endian) = element(descr)?;
        Ok(Self { kind, is_big_endian, is_fortran, shape: shape.ok_or_else(damaged)? })
    }
}

/// Type and order of bytes, as `<f8`.
fn element(descr: &str) -> Result<(Kind, bool), Problem> {
    let (is_big_endian, kind) = match descr.split_at_checked(1) {
        Some(("<" | "|" | "=", kind)) => (false, kind),
        Some((">", kind)) => (true, kind),
        _ => (false, descr),
    };
    let of_len = |len: &str| len.parse().ok().filter(|&len| len > 0);
    let kind = match (kind, kind.split_at_checked(1)) {
        ("b1" | "u1", _) => Some(Kind::Number(Element::U8)),
        ("i1", _) => Some(Kind::Number(Element::I8)),
        ("u2", _) => Some(Kind::Number(Element::U16)),
        ("i2", _) => Some(Kind::Number(Element::I16)),
        ("u4", _) => Some(Kind::Number(Element::U32)),
        ("i4", _) => Some(Kind::Number(Element::I32)),
        ("u8", _) => Some(Kind::Number(Element::U64)),
        ("i8", _) => Some(Kind::Number(Element::I64)),
        ("f2", _) => Some(Kind::Number(Element::F16)),
        ("f4", _) => Some(Kind::Number(Element::F32)),
        ("f8", _) => Some(Kind::Number(Element::F64)),
        (_, Some(("O", _))) => {
            return Err(Problem::with(PICKLED, "save it with plain numbers"));
        }
        (_, Some(("U", len))) => of_len(len).map(Kind::Unicode),
        (_, Some(("S", len))) => of_len(len).map(Kind::Bytes),
        _ => None,
    };
    let kind = kind.ok_or_else(|| {
        let descr: String = descr.chars().take(20).filter(|c| !c.is_control()).collect();
        Problem::with(
            format!("its elements are of type {descr:?}, and whole numbers, f2, f4, f8 and text are read"),
            "save it as array.astype('float32'), of complex numbers parts as columns",
        )
    })?;
    Ok((kind, is_big_endian))
}

fn string(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|&quote| quote == '\'' || quote == '"')?;
    text.get(1..)?.split_once(quote)
}

fn boolean(text: &str) -> Option<(bool, &str)> {
    let is = |word, value| text.strip_prefix(word).map(|after| (value, after));
    is("True", true).or_else(|| is("False", false))
}

fn tuple(text: &str) -> Option<(Vec<usize>, &str)> {
    let (inside, after) = text.strip_prefix('(')?.split_once(')')?;
    let inside = inside.trim();
    let inside = inside.strip_suffix(',').unwrap_or(inside);
    if inside.is_empty() {
        return Some((Vec::new(), after));
    }
    // Python 2 wrote an L behind its long numbers.
    let lens = inside.split(',').map(|len| len.trim().trim_end_matches('L').parse().ok());
    Some((lens.collect::<Option<_>>()?, after))
}
