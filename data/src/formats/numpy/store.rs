//! Where arrays lie: in files of their own, or in a zip archive.

use super::npy::{self, Content};
use super::roles::{self, Pair};
use crate::split::Part;
use crate::{DataError, ReadOptions, reading};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// More than this many times its size nothing deflates.
const MAX_RATIO: u64 = 1032;
/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Arrays and their names.
#[derive(Debug)]
pub(super) struct Store {
    place: String,
    names: Vec<String>,
    lies: Lies,
}

#[derive(Debug)]
enum Lies {
    /// A file for each array.
    Files(Vec<PathBuf>),
    Npz(Npz<File>),
}

/// The files of a folder that end in `.npy`, by the names of their arrays.
pub(super) fn arrays_in(folder: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let entries = fs::read_dir(folder).map_err(|e| DataError::io(folder, e))?;
    let mut found = Vec::new();
    for entry in entries.take(MAX_ENTRIES) {
        let path = entry.map_err(|e| DataError::io(folder, e))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.and_then(|name| name.strip_suffix(".npy")) {
            found.push((name.to_owned(), path));
        }
    }
    found.sort();
    Ok(found)
}

impl Store {
    /// Finds the arrays at a path. Beside a file of samples lies one of their targets.
    pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Self, DataError> {
        let place = path.display().to_string();
        if path.is_dir() {
            let (names, files) = arrays_in(path)?.into_iter().unzip();
            return Ok(Self { place, names, lies: Lies::Files(files) });
        }
        let mut file = reading::open(path).map_err(|e| DataError::io(path, e))?;
        let mut start = [0; 4];
        let is_zip = file.read_exact(&mut start).is_ok() && super::is_zip(&start);
        if is_zip {
            let npz = Npz::open(&place, file)?;
            return Ok(Self { place, names: npz.names(), lies: Lies::Npz(npz) });
        }
        let (mut names, mut files) = (vec!["X".to_owned()], vec![path.to_owned()]);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let part = roles::part_of_features(&stem).filter(|_| options.encode.target.is_empty());
        if let (Some(part), Some(folder)) = (part, path.parent()) {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            let beside = arrays_in(folder)?;
            let all: Vec<_> = beside.iter().map(|(name, _)| name.clone()).collect();
            let target = roles::find_targets(&all, part);
            if let Some((_, file)) =
                beside.into_iter().find(|(name, _)| Some(name) == target.as_ref())
            {
                names.push("y".to_owned());
                files.push(file);
            }
        }
        Ok(Self { place, names, lies: Lies::Files(files) })
    }

    /// Where they lie.
    pub(super) fn place(&self) -> String {
        self.place.clone()
    }

    /// Whether each has a name of its own, in an archive.
    pub(super) const fn is_archive(&self) -> bool {
        matches!(self.lies, Lies::Npz(_))
    }

    /// Their names.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The arrays of a part. One that is named as the target is it.
    pub(super) fn pair(
        &self,
        part: Part,
        options: &ReadOptions,
    ) -> Result<Option<Pair>, DataError> {
        let mut asked = options.encode.target.iter().map(ToString::to_string);
        let target = match (asked.next(), asked.next()) {
            (Some(name), None) => self.names.iter().find(|found| **found == name).cloned(),
            _ => None,
        };
        let pair = Pair::find(&self.names, part, target);
        if let Some(Pair { features, target: Some(target), .. }) = &pair
            && features == target
        {
            let problem = format!("--target names {target}, which has the samples");
            let advice = "leave it out, or name the array that has a target for each sample";
            return Err(DataError::Format { file: self.place(), problem, advice });
        }
        let has_target = |pair: &Pair| pair.target.is_some() && !options.encode.target.is_empty();
        if let Some(pair) = pair.as_ref().filter(|pair| has_target(pair))
            && !options.encode.target.iter().any(|name| Some(name.to_string()) == pair.target)
        {
            let names = self.names.join(", ");
            let problem = format!("--target names none of its arrays, which are {names}");
            let advice = "leave it out, or name one of them";
            return Err(DataError::Format { file: self.place(), problem, advice });
        }
        Ok(pair)
    }

    /// The file of an array, for people.
    pub(super) fn place_of(&self, name: &str) -> String {
        match &self.lies {
            Lies::Npz(_) => format!("{}: {name}", self.place),
            Lies::Files(files) => {
                let file = self.names.iter().position(|found| found == name);
                let file = file.and_then(|place| files.get(place));
                file.map_or_else(|| self.place(), |file| file.display().to_string())
            }
        }
    }

    /// Reads an array.
    pub(super) fn read(&mut self, name: &str) -> Result<Content, DataError> {
        let place = self.place_of(name);
        match &mut self.lies {
            Lies::Npz(npz) => npz.read(&place, name),
            Lies::Files(files) => {
                let file = self.names.iter().position(|found| found == name);
                let path = file.and_then(|place| files.get(place)).cloned().unwrap_or_default();
                let file = reading::open(&path).map_err(|e| DataError::io(&path, e))?;
                let len = file.metadata().map_err(|e| DataError::io(&path, e))?.len();
                npy::read(&place, file, len)
            }
        }
    }
}

/// A zip archive of arrays.
#[derive(Debug)]
pub(super) struct Npz<R> {
    archive: ZipArchive<R>,
    len: u64,
}

impl<R: Read + Seek> Npz<R> {
    /// Opens an archive.
    pub(super) fn open(place: &str, mut file: R) -> Result<Self, DataError> {
        let len = file.seek(std::io::SeekFrom::End(0));
        let len = len.map_err(|error| DataError::Io { path: place.to_owned(), error })?;
        let archive = ZipArchive::new(file);
        let archive =
            archive.map_err(|e| npy::wrong(place, format!("is no whole zip archive: {e}")))?;
        Ok(Self { archive, len })
    }

    /// The names of its arrays.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.archive.file_names().flatten();
        names.map(|name| name.strip_suffix(".npy").unwrap_or(&name).to_owned()).collect()
    }

    /// Reads an array. `place` is what errors call it.
    pub(super) fn read(&mut self, place: &str, name: &str) -> Result<Content, DataError> {
        let member = format!("{name}.npy");
        let has_ending = self.archive.index_for_name(&member).is_some();
        let file = self.archive.by_name(if has_ending { &member } else { name });
        let file = file.map_err(|e| npy::wrong(place, format!("cannot be unpacked: {e}")))?;
        let (packed, unpacked) = (file.compressed_size(), file.size());
        if packed > self.len || unpacked > packed.saturating_mul(MAX_RATIO) {
            let problem =
                format!("is said to unpack from {packed} to {unpacked} bytes, which cannot be");
            return Err(npy::wrong(place, problem));
        }
        npy::read(place, file, unpacked)
    }
}
