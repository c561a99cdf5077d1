//! Whether a JPEG file is whole. Its decoder makes grey of what is missing, as browsers do, and says nothing.

/// What a JPEG file begins with.
pub(super) const START: &[u8] = b"\xff\xd8";
/// The marker of its end.
const END: u8 = 0xd9;

/// Whether the file is a JPEG, and the segments of its picture do not lead to the marker of its end. Whatever follows
/// that is no part of the picture: cameras put more there.
pub(super) fn is_cut_short(file: &[u8]) -> bool {
    file.strip_prefix(START).is_some_and(|segments| !ends(segments))
}

/// Whether segments come to the end of the picture. A thumbnail in one of them ends within that.
fn ends(mut rest: &[u8]) -> bool {
    // The bytes of a scan are passed over too: what looks like a marker there is followed by a zero.
    while let Some(at) = rest.windows(2).position(is_marker) {
        let (marker, segment) = match rest.get(at + 1..) {
            Some([marker, segment @ ..]) => (*marker, segment),
            _ => return false,
        };
        if marker == END {
            return true;
        }
        // The length of a segment counts its own two bytes.
        let len = segment.first_chunk().map_or(usize::MAX, |&len| u16::from_be_bytes(len).into());
        match segment.get(len..) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    false
}

/// Whether two bytes are a marker that begins a segment or is the end: no fill byte, no stuffed one, and none of those
/// markers that stand alone.
fn is_marker(bytes: &[u8]) -> bool {
    matches!(bytes, [0xff, code] if !matches!(code, 0 | 1 | 0xd0..=0xd8 | 0xff))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thumbnail within a segment, a scan with a stuffed byte and a restart, a comment, fill bytes and the end.
    const WHOLE: &[u8] =
        b"\xff\xd8\xff\xe1\0\x06\xff\xd8\xff\xd9\xff\xda\0\x03\x01\x10\xff\0\xff\xd0\x20\
                           \xff\xfe\0\x04hi\xff\xff\xd9";

    #[test]
    fn a_picture_is_whole_up_to_the_marker_of_its_end() {
        for len in START.len()..WHOLE.len() {
            assert!(is_cut_short(&WHOLE[..len]), "{len}");
        }
        assert!(!is_cut_short(WHOLE));
        assert!(!is_cut_short(&[WHOLE, b"\xff\xe1 and more"].concat()));
        assert!(!is_cut_short(b"BM"));
    }
}
