//! The list that an export leaves of what it wrote, and what else lies in its folder.

use crate::sealed::hex;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, FileType};
use std::io;
use std::path::Path;

/// A file of the crate: its path, with `/`, and what is in it.
pub type CrateFile = (String, Vec<u8>);

/// The list of what an export wrote, as `sha256sum --check` reads it.
pub(super) const LIST: &str = ".barenet-export";
/// Folder of cargo's builds; it stays when a crate is replaced.
pub(super) const BUILT: &str = "target";
/// Cargo writes it anew from `Cargo.toml` as it likes.
const LOCK: &str = "Cargo.lock";

/// The files, and the list of them, which comes first: what is not whole is known as well.
pub(super) fn with_list(mut files: Vec<CrateFile>) -> Vec<CrateFile> {
    let list: String =
        files.iter().map(|(name, bytes)| format!("{}  {name}\n", hash(bytes))).collect();
    files.insert(0, (LIST.to_owned(), list.into_bytes()));
    files
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The hash of each file that an export wrote into a folder; nothing for a folder without a list.
fn read_list(folder: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder.join(LIST)).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once("  "));
    lines.map(|(hash, name)| (name.to_owned(), hash.to_owned())).collect()
}

/// The first thing in a folder that no export wrote there, or that was changed since, and why it counts.
pub(super) fn foreign(folder: &Path) -> io::Result<Option<(String, &'static str)>> {
    let list = read_list(folder);
    let mut found = None;
    walk(folder, "", &mut |name, kind| {
        let written = if list.is_empty() {
            "this folder has no list of what an export wrote (.barenet-export); exports of earlier versions \
             have none"
        } else {
            "no export wrote it"
        };
        let is_listed = list.contains_key(name);
        let why = match name {
            LIST if kind.is_file() && !list.is_empty() => None,
            BUILT => return Ok(Step::Over),
            _ if kind.is_dir() => {
                let below = format!("{name}/");
                (!list.keys().any(|file| file.starts_with(&below))).then_some(written)
            }
            LOCK if is_listed && kind.is_file() => None,
            _ if !is_listed => Some(written),
            _ if !kind.is_file() => Some("it was changed since the export"),
            _ => {
                let hash = hash(&fs::read(folder.join(name))?);
                (list.get(name) != Some(&hash)).then_some("it was changed since the export")
            }
        };
        let Some(why) = why else { return Ok(Step::On) };
        found = Some((name.to_owned(), why));
        Ok(Step::Stop)
    })?;
    Ok(found)
}

/// Next step of a walk.
enum Step {
    On,
    Over,
    Stop,
}

/// Shows everything in a folder, in the order of names, links not followed; a folder before what is in it.
fn walk(
    root: &Path,
    below: &str,
    visit: &mut impl FnMut(&str, FileType) -> io::Result<Step>,
) -> io::Result<bool> {
    let mut entries = fs::read_dir(root.join(below))?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        let kind = entry.file_type()?;
        match visit(&name, kind)? {
            Step::Stop => return Ok(false),
            Step::Over => {}
            Step::On if kind.is_dir() && !walk(root, &name, visit)? => return Ok(false),
            Step::On => {}
        }
    }
    Ok(true)
}

/// Removes what an export wrote into a folder, and the folder if nothing else is left in it.
pub(super) fn remove_export(folder: &Path) -> io::Result<()> {
    let list = read_list(folder);
    let mut folders = vec![folder.to_owned()];
    walk(folder, "", &mut |name, kind| {
        let path = folder.join(name);
        if kind.is_dir() {
            folders.push(path);
        } else if name == LIST || list.contains_key(name) {
            fs::remove_file(path)?;
        }
        Ok(if name == BUILT { Step::Over } else { Step::On })
    })?;
    folders.iter().rev().try_for_each(fs::remove_dir)
}
