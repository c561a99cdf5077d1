//! The file that `--out`, or another flag, names.

use super::usage;
use anyhow::{Context, Result};
use barenet_data::disk::folder_of;
use barenet_run::folder::Folder;
use std::ffi::OsStr;
use std::path::Path;

/// The name of the file of `--out`.
pub(crate) fn name(out: &Path) -> Result<&str> {
    name_of("--out", out)
}

/// The name of a flag's file.
pub(crate) fn name_of<'a>(flag: &str, file: &'a Path) -> Result<&'a str> {
    match file.file_name().and_then(OsStr::to_str) {
        Some(name) => Ok(name),
        None => usage(format!("{flag} names no file")),
    }
}

/// The name of the file of `--out`, into which `what` is written: it ends as such files do, or in nothing.
pub(crate) fn name_with_ending<'a>(out: &'a Path, what: &str, ending: &str) -> Result<&'a str> {
    let name = name(out)?;
    match out.extension() {
        Some(other) if !other.eq_ignore_ascii_case(ending) => usage(format!(
            "--out {}: {what} is written as {}; name a file that ends in .{ending}",
            out.display(),
            ending.to_uppercase(),
        )),
        _ => Ok(name),
    }
}

/// The folder that it is to lie in.
pub(crate) fn folder(out: &Path) -> Result<Folder> {
    let folder = folder_of(out);
    Folder::open(folder).with_context(|| format!("{}: cannot be opened", folder.display()))
}
