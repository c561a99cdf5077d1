//! The generated crate: its name and its files.

use super::crate_text::blas_lib_rs;
use super::library::{CORE_SOURCE, DSP_BUILD, DSP_INT4_SOURCE, DSP_SOURCE, FLASH_SOURCE, LICENCES};
use super::listing::CrateFile;

pub use super::contents::Contents;

/// The most characters of a run in a crate's name, which becomes part of the names of files.
const NAME_LEN: usize = 50;

/// A crate name for a run: `two-layer` becomes `two-layer-net`.
#[must_use]
pub fn crate_name(run: &str) -> String {
    let mut name = String::new();
    for c in run.chars() {
        let c = if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        if name.len() == NAME_LEN {
            break;
        }
        if c != '-' || !(name.is_empty() || name.ends_with('-')) {
            name.push(c);
        }
    }
    let name = name.trim_end_matches('-');
    // Names begin with a letter; with an ending of its own, none is a keyword or a crate of Rust's.
    let starts = if name.starts_with(|c: char| c.is_ascii_alphabetic()) { "" } else { "run-" };
    format!("{starts}{name}-net").replace("--", "-")
}

/// All files of the crate.
#[must_use]
pub fn files(contents: &Contents<'_>) -> Vec<CrateFile> {
    let words = contents.model.words();
    let weights: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let mut files: Vec<CrateFile> = vec![
        ("Cargo.toml".into(), contents.cargo_toml().into()),
        ("Cargo.lock".into(), contents.cargo_lock().into()),
        (".gitignore".into(), b"/target\n".into()),
        ("src/lib.rs".into(), contents.lib_rs().into()),
        ("src/weights.bin".into(), weights),
        ("src/test_vector.rs".into(), contents.test_vector_rs().into()),
        ("tests/predict.rs".into(), contents.test_rs().into()),
        ("barenet/Cargo.toml".into(), contents.barenet_toml().into()),
        ("barenet-blas/Cargo.toml".into(), contents.blas_toml().into()),
        ("barenet-blas/src/lib.rs".into(), blas_lib_rs(contents.is_int8()).into()),
        ("barenet-blas/src/flash.rs".into(), FLASH_SOURCE.into()),
    ];
    files.extend(contents.more_files());
    if let Some(maps) = contents.maps_rs() {
        files.push(("src/maps.rs".into(), maps.into()));
    }
    for (name, text) in CORE_SOURCE {
        files.push((format!("barenet/src/{name}"), (*text).into()));
    }
    add_licences("", &mut files);
    add_licences("barenet/", &mut files);
    add_licences("barenet-blas/", &mut files);
    if let Some(channels) = contents.channels_rs() {
        files.push(("src/channels.rs".into(), channels.into()));
    }
    if contents.is_int8() {
        files.push(("barenet-blas/build.rs".into(), DSP_BUILD.into()));
        files.push(("barenet-blas/src/cortex_m.rs".into(), DSP_SOURCE.into()));
        files.push(("barenet-blas/src/cortex_m/int4.rs".into(), DSP_INT4_SOURCE.into()));
    }
    files
}

/// Adds the licences of the source, which hold wherever the folder is taken.
fn add_licences(folder: &str, files: &mut Vec<CrateFile>) {
    for (name, text) in LICENCES {
        files.push((format!("{folder}{name}"), text.into()));
    }
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
            ("\"]\n[dependencies]", "dependencies-net"),
        ] {
            assert_eq!(crate_name(run), name);
        }
        assert!(crate_name(&"long ".repeat(1000)).len() < 64);
    }
}
