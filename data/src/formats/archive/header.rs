//! The headers of a tar archive: blocks, and the records that extend them.

use super::block::number;
use super::sparse::Piece;

/// Fields of an extended header (pax) for the next file.
#[derive(Clone, Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// The name of a file with holes, whose `path` is made up.
    pub(super) sparse_name: Option<Vec<u8>>,
    pub(super) sparse_size: Option<u64>,
    pub(super) pieces: Vec<Piece>,
    /// Whether the pieces are listed before the data.
    pub(super) is_map_in_data: bool,
}

impl Extended {
    /// Reads records `LEN KEY=VALUE\n`, where the length is that of the whole record; values may have
    /// line ends.
    pub(super) fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut extended = Self::default();
        let mut offset = None;
        // Some programs pad with zeros.
        while bytes.first().is_some_and(|&byte| byte != 0) {
            let digits = bytes.iter().position(|&byte| byte == b' ')?;
            let len = usize::try_from(number(bytes.get(..digits)?)?).ok()?;
            let (record, rest) = bytes.split_at_checked(len)?;
            let (&end, text) = record.get(digits.checked_add(1)?..)?.split_last()?;
            let equals = text.iter().position(|&byte| byte == b'=')?;
            let (key, value) = (text.get(..equals)?, text.get(equals.checked_add(1)?..)?);
            if end != b'\n' {
                return None;
            }
            match key {
                b"path" => extended.path = Some(value.to_vec()),
                b"size" => extended.size = Some(number(value)?),
                b"GNU.sparse.name" => extended.sparse_name = Some(value.to_vec()),
                b"GNU.sparse.size" | b"GNU.sparse.realsize" => {
                    extended.sparse_size = Some(number(value)?);
                }
                b"GNU.sparse.major" => extended.is_map_in_data = value == b"1",
                b"GNU.sparse.offset" => offset = Some(number(value)?),
                b"GNU.sparse.numbytes" => {
                    extended.pieces.push(Piece { offset: offset.take()?, len: number(value)? });
                }
                b"GNU.sparse.map" => {
                    let numbers: Option<Vec<_>> = value.split(|&b| b == b',').map(number).collect();
                    let pairs = numbers?;
                    extended.pieces = pairs.chunks(2).map(Piece::of).collect::<Option<_>>()?;
                }
                _ => {}
            }
            bytes = rest;
        }
        Some(extended)
    }
}
