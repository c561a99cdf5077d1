//! A folder of files for each class: `PATH/CLASS/…`, or `PATH/train/CLASS/…` beside `val` and `test`, in whatever case.

use super::class_files::ClassFiles;
use super::is_there;
use crate::class_names::{add_class_names, nearest_class};
use crate::table::error::{and_more, quoted};
use crate::{DataError, ReadOptions, Task};
use barenet::Label;
use std::fs;
use std::path::{Path, PathBuf};

/// Names of the folder with the samples that train.
const TRAIN: [&str; 2] = ["train", "training"];
/// Of those that validate.
const VAL: [&str; 3] = ["val", "valid", "validation"];
/// Of those that test.
const TEST: [&str; 2] = ["test", "testing"];
/// Entries of a folder that are looked at to see what is in it.
const LOOKED_AT: usize = 100;

/// Files by class, in the order of their names: the same on every machine.
#[derive(Debug, Default)]
pub(super) struct ClassFolders {
    pub(super) class_names: Vec<String>,
    pub(super) train: Vec<(Label, PathBuf)>,
    pub(super) val: Vec<(Label, PathBuf)>,
    pub(super) test: Vec<(Label, PathBuf)>,
}

/// What the files of a class are.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// The word for one.
    pub(super) word: &'static str,
    /// Whether a file is one; an error if it should be and is not.
    pub(super) is_one: fn(&Path) -> Result<bool, DataError>,
    /// The files of the other format of such folders.
    pub(super) other: ClassFiles,
}

/// Whether there is such a file in a folder of a class.
pub(super) fn recognises(path: &Path, is_one: fn(&Path) -> bool) -> Result<bool, DataError> {
    Ok(files_to_look_at(path)?.any(|file| is_one(&file)))
}

/// The first such file in a folder of a class, and how many there are, as far as they are looked at.
pub(super) fn find_some(path: &Path, is_one: fn(&Path) -> bool) -> Option<(PathBuf, usize)> {
    let mut found = files_to_look_at(path).ok()?.filter(|file| is_one(file));
    let first = found.next()?;
    Some((first, 1 + found.count()))
}

/// Files in the folders of classes: enough of them to see what they are.
fn files_to_look_at(path: &Path) -> Result<impl Iterator<Item = PathBuf>, DataError> {
    let is_folder = is_there(path)? && path.is_dir();
    let train = if is_folder { part_of(path, &TRAIN) } else { None };
    let top = train.as_deref().unwrap_or(path);
    let all = if is_folder { entries(top).unwrap_or_default() } else { Vec::new() };
    let classes = all.into_iter().filter(|class| class.is_dir());
    Ok(classes.take(LOOKED_AT).flat_map(|class| {
        let files = entries(&class).unwrap_or_default();
        files.into_iter().filter(|file| file.is_file()).take(LOOKED_AT)
    }))
}

/// The files in a folder and in its folders, in the order of their names.
pub(super) fn files_within(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut files = Vec::new();
    for entry in entries(folder)? {
        let inner = if entry.is_dir() { entries(&entry)? } else { vec![entry] };
        files.extend(inner.into_iter().filter(|file| !file.is_dir()));
    }
    Ok(files)
}

impl ClassFolders {
    /// Lists all files of classes at a path, and of the parts that options name.
    ///
    /// # Errors
    ///
    /// [`DataError`] naming a class without files, a class of a part that the training part has not, unless for an
    /// autoencoder, or what may not be looked at.
    pub(super) fn find(
        path: &Path,
        options: &ReadOptions,
        wanted: Wanted,
    ) -> Result<Self, DataError> {
        let train = part_of(path, &TRAIN);
        let has_parts = train.is_some();
        let part = |named: &Option<PathBuf>, names: &[&str]| {
            let beside = || if has_parts { part_of(path, names) } else { None };
            named.clone().or_else(beside)
        };
        let train = train.unwrap_or_else(|| path.to_owned());
        let known = options.trained_form.as_ref().map(|(_, class_names)| class_names);
        let mut class_names = match known {
            Some(class_names) => class_names.clone(),
            None => classes(&train)?.into_iter().map(|(name, _)| name).collect(),
        };
        let shown = train.display().to_string();
        match &class_names[..] {
            [] => {
                let problem = format!("has no folder of {}s", wanted.word);
                return Err(wrong(&shown, problem, "make one for each class"));
            }
            [one] if known.is_none() && options.encode.task != Some(Task::Reconstruct) => {
                let problem =
                    format!("has one class only, {one:?}: there is nothing to tell apart");
                return Err(wrong(
                    &shown,
                    problem,
                    "make a folder for another, or take --task reconstruct",
                ));
            }
            _ => {}
        }
        warn_of_strays(&train, wanted)?;
        // To an autoencoder all classes but the normal one are anomalies, and none of them needs to train.
        let takes_new = options.encode.task == Some(Task::Reconstruct);
        let mut files = |folder: Option<PathBuf>| {
            let Some(folder) = folder else { return Ok(Vec::new()) };
            if takes_new {
                let found = classes(&folder)?.into_iter().map(|(name, _)| name);
                add_class_names(&mut class_names, found);
            }
            files(&folder, &class_names, wanted)
        };
        let train = files(Some(train))?;
        let val = files(part(&options.val, &VAL))?;
        let test = files(part(&options.test, &TEST))?;
        Ok(Self { class_names, train, val, test })
    }
}

/// Logs a warning for files that would be samples, and lie in no folder of a class.
fn warn_of_strays(folder: &Path, wanted: Wanted) -> Result<(), DataError> {
    let is_stray = |file: &PathBuf| file.is_file() && (wanted.is_one)(file).unwrap_or(false);
    let mut strays = entries(folder)?.into_iter().filter(is_stray);
    if let Some(first) = strays.next() {
        let more = and_more(strays.count());
        log::warn!("{}{more}: in no folder of a class, and left out", first.display());
    }
    Ok(())
}

/// The files of a part, class by class.
fn files(
    folder: &Path,
    class_names: &[String],
    wanted: Wanted,
) -> Result<Vec<(Label, PathBuf)>, DataError> {
    let (mut all, mut strays) = (Vec::new(), Vec::new());
    for (name, class) in classes(folder)? {
        let label = (0..).zip(class_names).find(|(_, known)| **known == name);
        let Some((label, _)) = label else {
            let problem = format!(
                "is of no class that was trained{}; these are {}",
                nearest_class(&name, class_names),
                class_names.join(", ")
            );
            return Err(wrong(&class.display().to_string(), problem, "rename or remove it"));
        };
        let (before, strays_before) = (all.len(), strays.len());
        for file in entries(&class)? {
            if file.is_dir() {
                let problem = "is a folder in that of a class".to_owned();
                return Err(wrong(
                    &file.display().to_string(),
                    problem,
                    "put its files into the latter",
                ));
            }
            if (wanted.is_one)(&file)? {
                all.push((label, file));
            } else {
                strays.push(file);
            }
        }
        if all.len() == before {
            let strays = strays.get(strays_before..).unwrap_or_default();
            return Err(without(&class, strays, wanted));
        }
    }
    if let Some(first) = strays.first() {
        let (more, word) = (and_more(strays.len() - 1), wanted.word);
        log::warn!("{}{more}: no {word}, and left out", first.display());
    }
    Ok(all)
}

/// The error of a folder of a class that has nothing in it but strays.
fn without(class: &Path, strays: &[PathBuf], wanted: Wanted) -> DataError {
    let Wanted { word, other, .. } = wanted;
    let one_of_other = strays.iter().find(|file| (other.is_one)(file));
    let name = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        format!(", but {}{}", quoted(&name), and_more(strays.len() - 1))
    };
    let found = one_of_other.or(strays.first()).map_or_else(String::new, name);
    let mut advice = "put some there, or remove it".to_owned();
    if one_of_other.is_some() {
        advice += &format!("; if it is of {0}, say --format {0}", other.word);
    }
    let place = class.display().to_string();
    DataError::NoData { place, found: format!("has no {word} in it{found}"), advice }
}

/// Names and folders of classes.
fn classes(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let folders = entries(folder)?.into_iter().filter(|entry| entry.is_dir());
    Ok(folders
        .map(|class| (class.file_name().unwrap_or_default().to_string_lossy().into_owned(), class))
        .collect())
}

/// The folder of a part: of the first of its names, in that case if there is one.
fn part_of(path: &Path, names: &[&str]) -> Option<PathBuf> {
    let all = entries(path).ok()?;
    let is_called = |folder: &&PathBuf, name: &str| {
        folder.file_name().is_some_and(|found| found.eq_ignore_ascii_case(name)) && is_part(folder)
    };
    names.iter().find_map(|name| {
        let exact = Some(path.join(name)).filter(|folder| is_part(folder));
        exact.or_else(|| all.iter().find(|folder| is_called(folder, name)).cloned())
    })
}

/// Whether a folder has folders of classes in it: without, it is one.
fn is_part(folder: &Path) -> bool {
    entries(folder).is_ok_and(|entries| entries.iter().any(|entry| entry.is_dir()))
}

/// What is in a folder, by name, but for hidden entries.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| DataError::io(folder, e))? {
        let entry = entry.map_err(|e| DataError::io(folder, e))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

pub(super) fn wrong(file: &str, problem: String, advice: &'static str) -> DataError {
    DataError::Format { file: file.to_owned(), problem, advice }
}
