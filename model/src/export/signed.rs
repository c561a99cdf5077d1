//! Networks whose inputs and outputs are signed bytes: those of int8 files of TFLite.

use super::row::Row;
use anyhow::{Result, bail};
use barenet::quant::{ByteScale, unsigned_bytes};

/// What the signed bytes of a network stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signed {
    /// Bytes that go in.
    pub input: ByteScale,
    /// Bytes that come out.
    pub output: ByteScale,
}

impl Signed {
    /// The unsigned bytes of a row, of signed bytes or of real numbers, as the device computes them.
    pub(super) fn to_bytes(self, row: Row<'_>) -> Result<Vec<u8>> {
        match row {
            Row::I8(x) => {
                let mut bytes = vec![0; x.len()];
                unsigned_bytes(x, &mut bytes)?;
                Ok(bytes)
            }
            Row::F32(x) => {
                let mut bytes = vec![0; x.len()];
                self.input.unsigned(x, &mut bytes)?;
                Ok(bytes)
            }
            Row::U8(_) | Row::I16(_) => bail!("the network takes signed bytes, or real numbers"),
        }
    }

    /// The signed bytes of scores.
    pub(super) fn to_signed(self, scores: &[i16]) -> Result<Vec<i8>> {
        let mut bytes = vec![0; scores.len()];
        self.output.signed(scores, &mut bytes)?;
        Ok(bytes)
    }
}
