//! The generated crate: a folder that is there whole or not at all.

use super::library::{CORE_SOURCE, DSP_BUILD, DSP_SOURCE};
use super::model::Numbers;
use super::source::{BLAS_LIB_RS, barenet_toml, blas_toml};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use super::source::Contents;

/// The file by which a folder is known to be a generated crate.
const WEIGHTS: &str = "src/weights.bin";

/// A crate name for a run: `two-layer` becomes `two-layer-net`.
#[must_use]
pub fn crate_name(run: &str) -> String {
    let mut name = String::new();
    for c in run.chars() {
        let c = if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        if c != '-' || !(name.is_empty() || name.ends_with('-')) {
            name.push(c);
        }
    }
    let name = name.trim_end_matches('-');
    // Names begin with a letter; with an ending of its own, none is a keyword or a crate of Rust's.
    let starts = if name.starts_with(|c: char| c.is_ascii_alphabetic()) { "" } else { "run-" };
    format!("{starts}{name}-net").replace("--", "-")
}

/// Refuses a place that holds something, unless it is a generated crate and `force` is given.
///
/// # Errors
///
/// Naming the place.
pub fn check_place(out: &Path, force: bool) -> Result<()> {
    let is_free = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !out.exists(),
    };
    if is_free || (force && out.join(WEIGHTS).is_file()) {
        return Ok(());
    }
    if force {
        bail!(
            "{}: holds something else than a generated crate; choose another --out",
            out.display()
        );
    }
    bail!("{}: is there already; choose another --out, or --force to replace it", out.display());
}

/// Writes the crate beside its place, and moves it there when it is whole.
///
/// # Errors
///
/// Naming the file that cannot be written; what was there before then still is.
pub fn write(out: &Path, contents: &Contents<'_>) -> Result<()> {
    let name = out.file_name().with_context(|| format!("{}: names no folder", out.display()))?;
    let beside = |ending: &str| -> PathBuf {
        out.with_file_name(format!(".{}.{ending}", name.to_string_lossy()))
    };
    let unfinished = beside("unfinished");
    let replaced = beside("replaced");
    remove(&unfinished).with_context(|| cannot_write(out))?;
    let result = write_files(&unfinished, out, contents).and_then(|()| {
        // An empty folder may be replaced on some systems only when it is gone.
        remove(&replaced).with_context(|| cannot_write(out))?;
        if out.exists() {
            fs::rename(out, &replaced).with_context(|| cannot_write(out))?;
        }
        fs::rename(&unfinished, out).with_context(|| cannot_write(out))
    });
    if result.is_err() {
        // The first failure is what matters.
        let _leftover = fs::remove_dir_all(&unfinished);
        if !out.exists() {
            let _restored = fs::rename(&replaced, out);
        }
    }
    let _old = fs::remove_dir_all(&replaced);
    result
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn cannot_write(path: &Path) -> String {
    format!("{}: cannot be written", path.display())
}

/// Writes all files into `folder`, which is to become `out`.
fn write_files(folder: &Path, out: &Path, contents: &Contents<'_>) -> Result<()> {
    let words = contents.model.words();
    let weights: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let mut files: Vec<(String, Vec<u8>)> = vec![
        ("Cargo.toml".into(), contents.cargo_toml().into()),
        ("Cargo.lock".into(), contents.cargo_lock().into()),
        (".gitignore".into(), b"/target\n".into()),
        ("src/lib.rs".into(), contents.lib_rs().into()),
        (WEIGHTS.into(), weights),
        ("src/test_vector.rs".into(), contents.test_vector_rs().into()),
        ("src/images.bin".into(), contents.images.into()),
        ("tests/predict.rs".into(), contents.test_rs().into()),
        ("barenet/Cargo.toml".into(), barenet_toml().into()),
    ];
    for (name, text) in CORE_SOURCE {
        files.push((format!("barenet/src/{name}"), (*text).into()));
    }
    if let Some(channels) = contents.channels_rs() {
        files.push(("src/channels.rs".into(), channels.into()));
    }
    if let Numbers::Int8 { .. } = contents.model.numbers {
        files.push(("barenet-blas/Cargo.toml".into(), blas_toml().into()));
        files.push(("barenet-blas/build.rs".into(), DSP_BUILD.into()));
        files.push(("barenet-blas/src/lib.rs".into(), BLAS_LIB_RS.into()));
        files.push(("barenet-blas/src/cortex_m.rs".into(), DSP_SOURCE.into()));
    }
    for (name, bytes) in files {
        let path = folder.join(&name);
        fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(|| cannot_write(out))?;
        fs::write(&path, bytes).with_context(|| cannot_write(&out.join(name)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_a_crate_name_that_cargo_takes() {
        for (run, name) in [
            ("two-layer", "two-layer-net"),
            ("Best", "best-net"),
            ("3 layers", "run-3-layers-net"),
            ("a__b", "a-b-net"),
            ("ü", "run-net"),
            ("", "run-net"),
        ] {
            assert_eq!(crate_name(run), name);
        }
    }

    #[test]
    fn a_folder_that_holds_something_is_kept() {
        let place = tempfile::tempdir().unwrap();
        assert!(check_place(place.path(), false).is_ok(), "an empty folder is free");
        assert!(check_place(&place.path().join("new"), false).is_ok());
        fs::write(place.path().join("thesis.tex"), "").unwrap();
        assert!(check_place(place.path(), false).is_err());
        assert!(check_place(place.path(), true).is_err(), "it is no generated crate");
        fs::create_dir(place.path().join("src")).unwrap();
        fs::write(place.path().join(WEIGHTS), "").unwrap();
        assert!(check_place(place.path(), false).is_err());
        assert!(check_place(place.path(), true).is_ok());
    }
}
