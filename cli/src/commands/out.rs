//! The file that `--out` names.

use super::usage;
use anyhow::{Context, Result};
use barenet_data::disk::folder_of;
use barenet_run::folder::Folder;
use std::ffi::OsStr;
use std::path::Path;

/// Its name.
pub(crate) fn name(out: &Path) -> Result<&str> {
    match out.file_name().and_then(OsStr::to_str) {
        Some(name) => Ok(name),
        None => usage("--out names no file"),
    }
}

/// The folder that it is to lie in.
pub(crate) fn folder(out: &Path) -> Result<Folder> {
    let folder = folder_of(out);
    Folder::open(folder).with_context(|| format!("{}: cannot be opened", folder.display()))
}
