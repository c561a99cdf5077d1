//! Arrays of a network of other programs, by the first bytes: an `.npz` archive, `.npy` files one after another, which are put into
//! one, as changes within an archive hardly get past its checksums, and otherwise safetensors.

#![no_main]

mod network;

use barenet_model::interchange::arrays::NamedArray;
use barenet_model::interchange::{Notes, names, npz, safetensors};
use libfuzzer_sys::fuzz_target;
use network::check;
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const NPY: &[u8] = b"\x93NUMPY";

/// An archive of the files, as the weights and biases of an `nn.Sequential`.
fn archive(files: &[u8]) -> Vec<u8> {
    let starts = files.windows(NPY.len()).enumerate().filter(|(_, start)| *start == NPY);
    let starts: Vec<usize> = starts.map(|(place, _)| place).collect();
    let ends = starts.iter().skip(1).copied().chain([files.len()]);
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (number, (&start, end)) in starts.iter().zip(ends).enumerate() {
        let part = if number % 2 == 0 { "weight" } else { "bias" };
        archive.start_file(format!("{}.{part}.npy", number / 2 * 2), options).expect("a new name");
        archive.write_all(&files[start..end]).expect("memory takes all");
    }
    archive.finish().expect("memory takes all").into_inner()
}

/// Checks what was read, and that it is the same when it was written and read again.
fn check_read(
    (arrays, notes): (Vec<NamedArray>, Notes),
    write: fn(&[NamedArray], &Notes) -> anyhow::Result<Vec<u8>>,
    read: fn(&[u8]) -> anyhow::Result<(Vec<NamedArray>, Notes)>,
) {
    for array in &arrays {
        assert!(array.shape.iter().product::<usize>() == array.numbers.len());
    }
    if let Ok(chain) = names::from_arrays(&arrays) {
        check(&chain.network);
    }
    // Each was of this kind in the file, so the same numbers come back, NaN as any NaN.
    let written = write(&arrays, &notes).expect("what was read can be written");
    let (again, same_notes) = read(&written).expect("what was written can be read");
    assert!(same_notes == notes && again.len() == arrays.len());
    for (one, other) in arrays.iter().zip(&again) {
        assert!(one.name == other.name && one.shape == other.shape && one.kind == other.kind);
        let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
        assert!(one.numbers.iter().zip(&other.numbers).all(same));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let archived = bytes.starts_with(NPY).then(|| archive(bytes));
    let bytes = archived.as_deref().unwrap_or(bytes);
    if bytes.starts_with(b"PK") {
        npz::read(bytes).into_iter().for_each(|read| check_read(read, npz::write, npz::read));
    } else if let Ok(read) = safetensors::read(bytes) {
        check_read(read, safetensors::write, safetensors::read);
    }
});
