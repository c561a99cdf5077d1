//! Inputs that fuzzing found worth keeping: the readers take them without a panic, and what they accept
//! is right. The targets in `fuzz/fuzz_targets` begin with the same files.

use barenet::{Arch, Weights};
use barenet_data::Images;
use barenet_data::formats::archive::{read_batches, read_members};
use barenet_data::formats::cifar10::{IMAGE_LEN, NUM_CLASSES};
use barenet_data::formats::pickle::parse_batch;
use barenet_model::number::Number;
use barenet_model::weights::{from_safetensors, to_safetensors};
use barenet_run::checkpoint::{Checkpoint, read_config};
use std::fs;
use std::path::{Path, PathBuf};

/// Calls a reader, which says whether it accepted, with every seed and every input kept. The
/// seeds must be accepted, or the test would say nothing.
fn replay(target: &str, accepts: impl Fn(&[u8]) -> bool) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let read = |folder: &str| {
        let entries = fs::read_dir(fuzz.join(folder).join(target)).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect::<Vec<_>>()
    };
    for (bytes, file) in read("seeds") {
        assert!(accepts(&bytes), "{} is refused", file.display());
    }
    let kept = read("regressions");
    assert!(kept.len() > 10, "{target}: {} inputs", kept.len());
    for (bytes, _) in kept {
        let _accepted_or_not = accepts(&bytes);
    }
}

#[test]
fn archives() {
    replay("archive", |bytes| {
        let _refused_or_not = read_members("f", bytes);
        read_batches("f", bytes, 1).is_ok()
    });
}

#[test]
fn pickles() {
    replay("pickle", |bytes| {
        [1, 2].into_iter().any(|count| {
            let mut images = Images::new(IMAGE_LEN);
            let accepted = parse_batch("f", bytes, count, &mut images).is_ok();
            assert!(images.labels().iter().all(|&label| (label as usize) < NUM_CLASSES));
            assert!((0..images.len()).all(|index| images.image(index).len() == IMAGE_LEN));
            accepted
        })
    });
}

/// Whether a checkpoint is accepted; then it is written as the bytes it was read from.
fn accepts_checkpoint<T: Number + PartialEq>(bytes: &[u8]) -> bool {
    let file = Path::new("f");
    let Ok(checkpoint) = Checkpoint::<T>::from_bytes(bytes, file) else { return false };
    assert_eq!(read_config(bytes, file).unwrap(), checkpoint.config);
    assert!(checkpoint.to_bytes().unwrap() == bytes);
    true
}

#[test]
fn checkpoints() {
    replay("checkpoint", |bytes| {
        // Also with a checksum that fits, without which hardly any would get far.
        let mended = barenet_model::sealed::reseal(bytes).unwrap_or_default();
        let accepts =
            |bytes: &[u8]| accepts_checkpoint::<f32>(bytes) | accepts_checkpoint::<f64>(bytes);
        accepts(bytes) | accepts(&mended)
    });
}

#[test]
fn weights() {
    const ARCH: Arch<'static> = Arch::new(&[3, 2, 2]).with_batchnorm();
    replay("weights", |bytes| {
        let file = Path::new("f");
        let config = barenet_model::weights::read_config(bytes, file);
        let Ok(found) = from_safetensors::<f32>(bytes, &ARCH, file) else { return false };
        let weights = Weights::new(&ARCH, &found.params, &found.running).unwrap();
        let written = to_safetensors(&ARCH, weights, &found.mean_image, &config.unwrap()).unwrap();
        assert!(written == bytes);
        true
    });
}
