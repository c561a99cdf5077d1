//! Files of the server: an archive like the real one, and a file that is none.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::sync::OnceLock;

/// Half a million bytes without pattern. They are no archive: what fetches them ends after the
/// download, with the file whole in its place.
pub(crate) fn noise() -> &'static [u8] {
    static NOISE: OnceLock<Vec<u8>> = OnceLock::new();
    NOISE.get_or_init(|| {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        (0..500_000).map(|_| next()).collect()
    })
}

/// An archive as large as the real one when it is unpacked: 60,000 black images of every class.
pub(crate) fn archive() -> &'static [u8] {
    static ARCHIVE: OnceLock<Vec<u8>> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut file = vec![0; 10_000 * 3073];
        file.chunks_exact_mut(3073)
            .zip((0..10).cycle())
            .for_each(|(image, label)| image[0] = label);
        let names = (1..=5).map(|i| format!("data_batch_{i}.bin")).chain(["test_batch.bin".into()]);
        for name in names {
            let mut header = tar::Header::new_gnu();
            header.set_size(file.len() as u64);
            header.set_mode(0o600);
            let path = format!("cifar-10-batches-bin/{name}");
            builder.append_data(&mut header, path, &file[..]).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    })
}
