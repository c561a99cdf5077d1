//! The blocks of a tar archive, and numbers in them.

/// Bytes of a block.
pub(in crate::formats) const BLOCK_LEN: usize = 512;
/// A block.
pub(in crate::formats) type Block = [u8; BLOCK_LEN];

/// Whether a block is one of those that end an archive.
pub(in crate::formats) fn is_zero(block: &Block) -> bool {
    block.iter().all(|&byte| byte == 0)
}

/// Whether a block is a header: its checksum is right. Some old programs summed signed bytes.
pub(in crate::formats) fn has_right_checksum(block: &Block) -> bool {
    // The checksum itself counts as spaces.
    let bytes =
        || block.iter().enumerate().map(|(i, &b)| if (148..156).contains(&i) { b' ' } else { b });
    let unsigned: i64 = bytes().map(i64::from).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    let expected = tar::Header::from_byte_slice(block).cksum();
    expected.is_ok_and(|expected| [unsigned, signed].contains(&i64::from(expected)))
}

/// The length of a block, for sizes.
pub(in crate::formats) const BLOCK: u64 = 512;

/// A decimal number.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
