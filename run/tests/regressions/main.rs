//! Inputs that fuzzing found worth keeping: the readers take them without a panic, and what they accept
//! is right. The targets in `fuzz/fuzz_targets` begin with the same files. Of checkpoints and weights, damaged
//! files are [made] of the seeds.

mod made;

use barenet::{Arch, Weights};
use barenet_data::Records;
use barenet_data::formats::archive::{read_batches, read_members};
use barenet_data::formats::cifar10::{IMAGE_LEN, NUM_CLASSES};
use barenet_data::formats::pickle::parse_batch;
use barenet_model::number::Number;
use barenet_model::sealed::reseal;
use barenet_model::weights::{from_safetensors, to_safetensors};
use barenet_run::checkpoint::{Checkpoint, read_config};
use std::fs;
use std::path::{Path, PathBuf};

fn fuzz(place: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz").join(place)
}

/// Calls a reader, which says whether it accepted, with every seed and every input kept. The
/// seeds must be accepted, or the test would say nothing.
fn replay(target: &str, accepts: impl Fn(&[u8]) -> bool) {
    let read = |folder: &str| {
        let entries = fs::read_dir(fuzz(folder).join(target)).unwrap();
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
            let mut images = Records::new(IMAGE_LEN);
            let accepted = parse_batch("f", bytes, count, &mut images).is_ok();
            assert!(images.labels().iter().all(|&label| (label as usize) < NUM_CLASSES));
            assert!((0..images.len()).all(|index| images.bytes(index).len() == IMAGE_LEN));
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

/// Whether a file is accepted, or would be if its checksum fitted: without, hardly any would get far.
fn with_and_without_its_checksum(bytes: &[u8], accepts: impl Fn(&[u8]) -> bool) -> bool {
    accepts(bytes) | reseal(bytes).is_some_and(|mended| accepts(&mended))
}

#[test]
fn checkpoints() {
    replay("checkpoint", |bytes| {
        with_and_without_its_checksum(bytes, |bytes| {
            accepts_checkpoint::<f32>(bytes) | accepts_checkpoint::<f64>(bytes)
        })
    });
}

/// Whether weights are accepted; then they are written as the bytes they were read from.
fn accepts_weights(bytes: &[u8]) -> bool {
    const ARCH: Arch<'static> = Arch::new(&[3, 2, 2]).with_batchnorm();
    let file = Path::new("f");
    let config = barenet_model::weights::read_config(bytes, file);
    let Ok(found) = from_safetensors::<f32>(bytes, &ARCH, file) else { return false };
    let weights = Weights::new(&ARCH, &found.params, &found.running).unwrap();
    let written = to_safetensors(&ARCH, weights, &found.scales, &config.unwrap()).unwrap();
    assert!(written == bytes);
    true
}

#[test]
fn weights() {
    replay("weights", |bytes| with_and_without_its_checksum(bytes, accepts_weights));
}

/// The damaged files that are made, where they lie.
fn made() -> Vec<(PathBuf, Vec<u8>)> {
    let seed = |name: &str| fs::read(fuzz("seeds").join(name)).unwrap();
    let checkpoints = made::checkpoints(&seed("checkpoint/f32"));
    let weights = made::weights(&seed("weights/small.safetensors"));
    let all = [("regressions/checkpoint", checkpoints), ("regressions/weights", weights)];
    let place = |folder: &str, (name, bytes)| (fuzz(folder).join(name), bytes);
    all.into_iter()
        .flat_map(|(folder, all)| all.into_iter().map(move |one| place(folder, one)))
        .collect()
}

#[test]
fn damaged_files_are_of_today_s_form() {
    for (file, bytes) in made() {
        assert!(
            fs::read(&file).is_ok_and(|found| found == bytes),
            "{} is made otherwise today: `cargo test -p barenet-run --test regressions -- --ignored`",
            file.display()
        );
    }
}

#[test]
#[ignore = "writes the damaged files into fuzz/regressions"]
fn damaged_files_are_written() {
    for (file, bytes) in made() {
        fs::write(file, bytes).unwrap();
    }
}
