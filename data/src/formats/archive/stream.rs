//! The bytes of an archive, unpacked and counted.

use super::MAX_UNPACKED;
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, Read};

/// All members of a gzip file, one after another. What follows the last is passed over, as gzip does:
/// tapes and tools pad files.
pub(super) struct Gzip<R> {
    decoder: Option<GzDecoder<R>>,
    /// Which member is being read, from 1.
    number: u64,
}

impl<R: BufRead> Gzip<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { decoder: Some(GzDecoder::new(reader)), number: 1 }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let number = self.number;
            let len = decoder.read(out).map_err(|error| {
                io::Error::other(if number == 1 {
                    error.to_string()
                } else {
                    format!("gzip member {number}: {error}")
                })
            })?;
            if len > 0 || out.is_empty() {
                return Ok(len);
            }
            let is_more = decoder.get_mut().fill_buf()?.first() == Some(&0x1F);
            self.decoder = self.decoder.take().filter(|_| is_more).map(|decoder| {
                self.number = self.number.saturating_add(1);
                GzDecoder::new(decoder.into_inner())
            });
        }
        Ok(0)
    }
}

/// A reader that fails rather than give more than [`MAX_UNPACKED`] bytes.
pub(super) struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R> Capped<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, left: MAX_UNPACKED }
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(out)?;
        self.left = u64::try_from(len).ok().and_then(|len| self.left.checked_sub(len)).ok_or_else(
            || io::Error::other(format!("it unpacks to more than {MAX_UNPACKED} bytes")),
        )?;
        Ok(len)
    }
}
