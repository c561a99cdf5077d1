//! Which images are meant. The built-in ones stand in for CIFAR-10 only where nobody tried to have it:
//! whatever looks like an attempt is used or is an error, so that no run trains on other images than
//! those that somebody thought it had.

use super::{DataError, DataSet, FormatName, ReadOptions, Source, builtin};
use crate::formats::archive::is_called_cifar_10;
use crate::formats::form::is_packed_name;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The name that asks for the built-in images, in place of a path.
pub const BUILT_IN: &str = "builtin";
/// The other spelling of it, which output has.
const BUILT_IN_TOO: &str = "built-in";
/// Folder in which CIFAR-10 is looked for when nobody names one.
const FOLDER: &str = "data";

/// Folders within folders in which an attempt is looked for, and entries that are looked at in all.
const MAX_DEPTH: usize = 3;
const MAX_ENTRIES: usize = 10_000;

/// Finds and reads the data: `explicit`, otherwise what the environment variable `CIFAR10_DIR` names,
/// otherwise CIFAR-10 in the folder `./data`, otherwise the built-in data set. The name [`BUILT_IN`]
/// asks for the latter.
///
/// # Errors
///
/// [`DataError`] if what was asked for, by argument or by variable, cannot be read, or if `./data`
/// cannot be read and looks as if it were to hold CIFAR-10: it is a file, a link to what is not there,
/// an empty folder, as the one of a disk that is not mounted, or has files of such names, wherever in
/// it. Data that are damaged or missing are never silently replaced.
pub fn discover(explicit: Option<&Path>) -> Result<DataSet, DataError> {
    ReadOptions::default().discover(explicit)
}

impl ReadOptions {
    /// Finds and reads the data as [`discover`] does.
    ///
    /// # Errors
    ///
    /// Those of [`discover`] and [`Self::load`], and [`DataError::Unnamed`] if a format is asked for that is never
    /// looked for.
    pub fn discover(&self, explicit: Option<&Path>) -> Result<DataSet, DataError> {
        if let Some(path) = explicit {
            return named(path, self, is_called_cifar_10);
        }
        // Nothing else is looked for.
        if self.format.is_some_and(|name| name != FormatName::Cifar10) {
            return Err(DataError::Unnamed);
        }
        let options = Self { format: Some(FormatName::Cifar10), ..self.clone() };
        if let Some(path) = std::env::var_os("CIFAR10_DIR") {
            let result = if path.is_empty() {
                Err(DataError::EmptyVariable)
            } else {
                named(Path::new(&path), &options, is_like_cifar_10)
            };
            return result.map_err(|error| DataError::ByVariable(Box::new(error)));
        }
        load_or_built_in(Path::new(FOLDER), &options)
    }

    /// The built-in images.
    fn built_in(&self) -> Result<DataSet, DataError> {
        self.check_use(&builtin::KIND, Path::new(builtin::KIND.name))?;
        let mut data = builtin::generate();
        self.apply_task(&mut data).map(|()| data)
    }
}

/// Data set of a name or path. Of a folder without one, says what in it is like CIFAR-10.
fn named(
    path: &Path,
    options: &ReadOptions,
    is_like: fn(&str) -> bool,
) -> Result<DataSet, DataError> {
    let is_name = |name: &&str| path == Path::new(name) && path.as_os_str() == *name;
    // A path that ends with a slash is equal to one that does not, and means a folder.
    let Some(name) = [BUILT_IN, BUILT_IN_TOO].into_iter().find(is_name) else {
        return load_or_say_what_is_there(path, options, is_like);
    };
    if fs::symlink_metadata(path).is_ok() {
        return Err(DataError::Ambiguous(name.to_owned()));
    }
    options.built_in()
}

/// Reads data; of a folder without any, says what in it looks like CIFAR-10: in a folder of its own, in
/// other letters, or packed.
fn load_or_say_what_is_there(
    path: &Path,
    options: &ReadOptions,
    is_like: fn(&str) -> bool,
) -> Result<DataSet, DataError> {
    let result = options.load(path);
    if matches!(result, Err(DataError::NotFound(_) | DataError::NoData { .. })) && path.is_dir() {
        let mut found = None;
        // That there is no data set is what matters, if it cannot be looked at more closely.
        let _looked = look(path, path, MAX_DEPTH, is_like, &mut 0, &mut found);
        if let Some(found) = found {
            return Err(DataError::NotFoundBut { folder: path.display().to_string(), found });
        }
    }
    result
}

/// Reads CIFAR-10 from a folder that may not be there, or may hold nothing but other things.
fn load_or_built_in(folder: &Path, options: &ReadOptions) -> Result<DataSet, DataError> {
    let stand_in = || {
        let drawn = options.built_in()?;
        Ok(DataSet { source: Source { is_stand_in: true, ..drawn.source }, ..drawn })
    };
    // Not `metadata`: a link is an attempt wherever it leads.
    if fs::symlink_metadata(folder).is_err_and(|e| e.kind() == ErrorKind::NotFound) {
        return stand_in();
    }
    let result = options.load(folder);
    if matches!(result, Err(DataError::NotFound(_))) {
        let Some(found) = attempt(folder)? else { return stand_in() };
        let folder = folder.display().to_string();
        return Err(DataError::Attempt(Box::new(DataError::NotFoundBut { folder, found })));
    }
    result.map_err(|error| DataError::Attempt(Box::new(error)))
}

/// Entry of a folder without CIFAR-10 that looks as if it were to be there, if there is one.
fn attempt(folder: &Path) -> Result<Option<String>, DataError> {
    let (mut num_entries, mut found) = (0, None);
    look(folder, folder, MAX_DEPTH, is_like_cifar_10, &mut num_entries, &mut found)?;
    let is_empty = num_entries == 0;
    Ok(found.or_else(|| is_empty.then(|| "the folder is empty (is its disk mounted?)".to_owned())))
}

/// Looks for the first such entry in the order of names.
fn look(
    top: &Path,
    folder: &Path,
    depth: usize,
    is_like: fn(&str) -> bool,
    num_entries: &mut usize,
    found: &mut Option<String>,
) -> Result<(), DataError> {
    let entries = fs::read_dir(folder).map_err(|e| DataError::io(folder, e))?;
    let mut paths = Vec::new();
    for entry in entries.take(MAX_ENTRIES) {
        paths.push(entry.map_err(|e| DataError::io(folder, e))?.path());
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        // What every new file system, version control or desktop puts there; and source, as in the folder
        // `data` of this repository.
        if name.starts_with('.') || name == "lost+found" || name.ends_with(".rs") {
            continue;
        }
        *num_entries += 1;
        if found.is_some() || *num_entries > MAX_ENTRIES {
            return Ok(());
        }
        let shown = path.strip_prefix(top).unwrap_or(&path).display();
        match fs::metadata(&path) {
            Err(error) => {
                *found = Some(format!("{shown} is there: {}", DataError::io(&path, error)));
            }
            Ok(metadata) if is_like(&name) || metadata.len() == BATCH_LEN => {
                *found = Some(format!("{shown} is there"));
            }
            Ok(metadata) if metadata.is_dir() && depth > 0 => {
                look(top, &path, depth - 1, is_like, num_entries, found)?;
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Bytes of each file of the binary version, whatever it is called.
const BATCH_LEN: u64 =
    (crate::formats::cifar10::IMAGES_PER_FILE * crate::formats::cifar10::RECORD_LEN) as u64;

/// Whether a name, in lower case, is like those that CIFAR-10 comes under: its own ones, and those of
/// packed, serialised or unfinished files.
fn is_like_cifar_10(name: &str) -> bool {
    const PARTS: [&str; 3] = ["cifar", "batch", ".part"];
    const ENDS: [&str; 6] = [".bin", ".pkl", ".pickle", ".download", ".npz", ".npy"];
    PARTS.iter().any(|part| name.contains(part))
        || ENDS.iter().any(|end| name.ends_with(end))
        || is_packed_name(name)
}

#[cfg(test)]
mod tests;
