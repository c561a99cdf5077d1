//! How a folder is made, or taken over from a process that was killed before it had anything whole.

use super::{Folder, LOCK, lock, unfinished_name};
use anyhow::{Context, Result, bail};
use barenet_data::disk::folder_of;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A folder and those around it, as far as they do not exist, the innermost first.
fn missing(path: &Path) -> Vec<PathBuf> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    path.ancestors().take_while(is_missing).map(Path::to_path_buf).collect()
}

impl Folder {
    /// Opens a folder, or makes it. One that was made is removed again with this value, unless
    /// something was written there.
    ///
    /// # Errors
    ///
    /// Naming the folder, if it cannot be made.
    pub fn make(path: &Path) -> Result<Self> {
        if let Some(there) = path.ancestors().find(|path| path.is_file()) {
            bail!("{}: {} is no folder; choose another --out", path.display(), there.display());
        }
        let cannot = || format!("{}: cannot make this folder", path.display());
        let made = missing(path);
        fs::create_dir_all(path).with_context(cannot)?;
        let mut folder = Self::open(path).with_context(cannot)?;
        folder.made = made;
        Ok(folder)
    }

    /// Makes a folder that nobody else has made, or returns `None`.
    pub(crate) fn make_new(path: &Path) -> Result<Option<Self>> {
        let cannot = |path: &Path| format!("{}: cannot make this folder", path.display());
        let parent = folder_of(path);
        loop {
            let mut made = missing(parent);
            fs::create_dir_all(parent).with_context(|| cannot(parent))?;
            match fs::create_dir(path) {
                Ok(()) => {
                    made.insert(0, path.to_owned());
                    let mut folder = Self::open(path).with_context(|| cannot(path))?;
                    folder.made = made;
                    return Ok(Some(folder));
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
                // Whoever made the parent had no use for it, and has removed it meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound && !parent.exists() => {}
                Err(error) => return Err(error).with_context(|| cannot(path)),
            }
        }
    }

    /// Opens a folder in which there is nothing but what a process left that was killed before it had
    /// anything whole. It goes with this value as if it had been made.
    pub(crate) fn reclaim(path: &Path, works: &str) -> Option<Self> {
        let folder = Self::open(path).ok()?;
        let text = folder.place(LOCK).and_then(fs::read).ok()?;
        let token = lock::token_in(&text)?;
        // From here on nobody else writes there.
        let mut folder = folder.lock(works).ok()?;
        let is_left = |entry: io::Result<fs::DirEntry>| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let is_left = name == LOCK || name.ends_with(&unfinished_name("", token)[1..]);
            is_left.then_some(name)
        };
        let names: BTreeSet<_> =
            fs::read_dir(folder.place(".").ok()?).ok()?.map(is_left).collect::<Option<_>>()?;
        folder.made = vec![path.to_owned()];
        folder.made_lock = true;
        *folder.unfinished() = names.into_iter().filter(|name| name != LOCK).collect();
        Some(folder)
    }
}
