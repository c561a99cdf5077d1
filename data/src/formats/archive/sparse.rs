//! Files with holes: an archive stores the pieces between, and where they belong.

use super::block::{BLOCK_LEN, Block, number};
use std::io::{self, Read};

/// Pieces that a file may have: far more than one of [`super::MAX_UNPACKED`] has in blocks of a disk.
const MAX_PIECES: usize = 1 << 16;

/// Bytes that are stored, and where in the file they belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) offset: u64,
    pub(super) len: u64,
}

impl Piece {
    pub(super) fn of(pair: &[u64]) -> Option<Self> {
        let &[offset, len] = pair else { return None };
        Some(Self { offset, len })
    }
}

/// The pieces of a file, in order, and its length.
#[derive(Clone, Debug)]
pub(super) struct Sparse {
    pieces: Vec<Piece>,
    size: u64,
}

impl Sparse {
    /// Pieces that follow one another, lie within the file, and are as long together as what is stored.
    pub(super) fn new(pieces: Vec<Piece>, size: u64, stored: u64) -> io::Result<Self> {
        let (mut end, mut sum) = (0, 0_u64);
        for piece in &pieces {
            let is_behind = piece.offset >= end;
            end = piece.offset.checked_add(piece.len).filter(|_| is_behind).ok_or_else(wrong)?;
            sum = sum.checked_add(piece.len).ok_or_else(wrong)?;
        }
        if end > size || sum != stored || pieces.len() > MAX_PIECES {
            return Err(wrong());
        }
        Ok(Self { pieces, size })
    }

    /// Appends the file to `out`, as far as the first `limit` bytes.
    pub(super) fn read(
        self,
        stored: &mut dyn Read,
        limit: u64,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        for piece in self.pieces {
            fill(out, piece.offset.min(limit));
            let end = piece.offset.saturating_add(piece.len).min(limit);
            let len = end.saturating_sub(piece.offset);
            read_exactly(stored, len, out)?;
        }
        fill(out, self.size.min(limit));
        Ok(())
    }
}

/// Appends zeros until there are `len` bytes.
fn fill(out: &mut Vec<u8>, len: u64) {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    if len > out.len() {
        out.resize(len, 0);
    }
}

/// Appends `len` bytes to `out`.
pub(super) fn read_exactly(from: &mut dyn Read, len: u64, out: &mut Vec<u8>) -> io::Result<()> {
    let found = from.take(len).read_to_end(out)?;
    if u64::try_from(found).is_ok_and(|found| found == len) {
        return Ok(());
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

fn wrong() -> io::Error {
    io::Error::other("its list of holes is wrong")
}

/// The pieces that a header of GNU tar lists, and the blocks behind it.
pub(super) fn read_gnu(header: &tar::Header, from: &mut dyn Read) -> io::Result<(Vec<Piece>, u64)> {
    let gnu = header.as_gnu().ok_or_else(wrong)?;
    let mut pieces = Vec::new();
    let mut add = |listed: &[tar::GnuSparseHeader]| {
        for piece in listed.iter().filter(|piece| !piece.is_empty()) {
            pieces.push(Piece { offset: piece.offset()?, len: piece.length()? });
        }
        if pieces.len() > MAX_PIECES { Err(wrong()) } else { Ok(()) }
    };
    add(&gnu.sparse)?;
    let mut is_extended = gnu.is_extended();
    while is_extended {
        let mut more = tar::GnuExtSparseHeader::new();
        from.read_exact(more.as_mut_bytes())?;
        add(more.sparse())?;
        is_extended = more.is_extended();
    }
    Ok((pieces, gnu.real_size()?))
}

/// The pieces that are listed before the data of a file: a number of them, then two numbers each, in
/// lines, in whole blocks.
pub(super) fn read_map(from: &mut dyn Read) -> io::Result<Vec<Piece>> {
    let (mut numbers, mut line) = (Vec::new(), Vec::new());
    loop {
        let mut block: Block = [0; BLOCK_LEN];
        from.read_exact(&mut block)?;
        for byte in block {
            if byte != b'\n' {
                line.push(byte);
                continue;
            }
            numbers.push(number(&line).ok_or_else(wrong)?);
            line.clear();
            let Some((&count, listed)) = numbers.split_first() else { continue };
            let count = usize::try_from(count).ok().filter(|&count| count <= MAX_PIECES);
            if listed.len() / 2 == count.ok_or_else(wrong)? {
                let pieces = listed.chunks_exact(2).map(Piece::of).collect::<Option<_>>();
                return pieces.ok_or_else(wrong);
            }
        }
        // No number has so many digits.
        if line.len() > BLOCK_LEN {
            return Err(wrong());
        }
    }
}
