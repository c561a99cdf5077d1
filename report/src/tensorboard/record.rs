//! Records of a file: length and bytes, each with a checksum.
//!
//! ```text
//! length: u64    masked CRC-32C of it: u32    bytes    masked CRC-32C of them: u32        all little-endian
//! ```
//!
//! Source: <https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>

use crc::{CRC_32_ISCSI, Crc};

/// More bytes than a record of ours has: what is longer is damaged.
const MAX_LEN: u64 = 1 << 20;

/// CRC-32C (Castagnoli), which is in the catalogue as that of iSCSI.
const CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// A checksum as files have it: that of bytes with a checksum in them would say little.
fn masked(bytes: &[u8]) -> u32 {
    CRC32C.checksum(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// Appends a record of which `bytes` are the content.
pub(super) fn append(bytes: &[u8], file: &mut Vec<u8>) {
    let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes();
    file.extend_from_slice(&len);
    file.extend_from_slice(&masked(&len).to_le_bytes());
    file.extend_from_slice(bytes);
    file.extend_from_slice(&masked(bytes).to_le_bytes());
}

/// Splits the first record off; `None` at the end, and where the rest is cut or damaged.
pub(super) fn next<'a>(file: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, rest) = file.split_first_chunk::<8>()?;
    let (len_crc, rest) = rest.split_first_chunk::<4>()?;
    let number = u64::from_le_bytes(*len);
    if masked(len) != u32::from_le_bytes(*len_crc) || number > MAX_LEN {
        return None;
    }
    let (bytes, rest) = rest.split_at_checked(usize::try_from(number).ok()?)?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    if masked(bytes) != u32::from_le_bytes(*crc) {
        return None;
    }
    *file = rest;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_castagnolis() {
        // RFC 3720, B.4
        assert_eq!(CRC32C.checksum(b"123456789"), 0xE306_9283);
        assert_eq!(CRC32C.checksum(&[0; 32]), 0x8A91_36AA);
        assert_eq!(CRC32C.checksum(&[0xFF; 32]), 0x62A8_AB43);
    }

    #[test]
    fn a_cut_or_a_changed_byte_ends_the_records_before_it() {
        let mut file = Vec::new();
        append(b"first", &mut file);
        let first = file.len();
        append(b"second", &mut file);
        let read = |mut bytes: &[u8]| {
            std::iter::from_fn(move || next(&mut bytes).map(<[u8]>::len)).collect::<Vec<_>>()
        };
        assert_eq!(read(&file), [5, 6]);
        for len in 0..file.len() {
            assert_eq!(read(&file[..len]), if len < first { vec![] } else { vec![5] }, "{len}");
        }
        for place in 0..file.len() {
            let mut damaged = file.clone();
            damaged[place] ^= 4;
            assert_eq!(read(&damaged), if place < first { vec![] } else { vec![5] }, "{place}");
        }
    }
}
