//! IDX, the format of MNIST and its kin: a file of images and a file of labels for each part, packed with gzip or not.
//!
//! A file is two zeros, the type of its numbers, the number of axes, their lengths in 32 bits, and the numbers; the
//! most significant byte comes first.

use super::elements::{self, Element, Layout, Problem};
use super::is_there;
use super::targets::{Meaning, Targets};
use crate::split::Part;
use crate::{
    Array, DataError, DataSet, Kind, Numbers, PictureLayout, ReadOptions, Records, Source, Task,
    Wanted, reading,
};
use flate2::bufread::MultiGzDecoder;
use std::fs;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

/// What is known of IDX files before they are read.
pub const KIND: Kind = Kind {
    word: "idx",
    name: "IDX images",
    image_shape: "",
    class_names: &[],
    samples: "images",
    is_of_course: false,
    takes: &["val", "test"],
};

/// More than this many times its size nothing deflates.
const MAX_RATIO: u64 = 1032;
/// The first bytes of a packed file.
const GZIP: &[u8] = b"\x1F\x8B";
/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;
/// More axes than anybody's numbers have.
const MAX_AXES: usize = 16;

/// Whether there is an IDX file, or a folder with one that is called as MNIST's images are.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(path: &Path) -> Result<bool, DataError> {
    if path.is_dir() {
        return Ok(!images_in(path)?.is_empty());
    }
    let Ok((mut file, _)) = open(path) else { return is_there(path).map(|_| false) };
    let mut start = [0; 4];
    Ok(file.read_exact(&mut start).is_ok() && element_of(start).is_some())
}

/// Reads the images and the labels of a folder, or of one file of images and its labels beside it.
///
/// # Errors
///
/// [`DataError`] naming the file that is missing or wrong.
pub fn load(path: &Path, options: &ReadOptions) -> Result<DataSet, DataError> {
    let folder = if path.is_dir() { images_in(path)? } else { Vec::new() };
    let file_of = |part| -> Result<Option<PathBuf>, DataError> {
        match one_of(path, &folder, part)? {
            None if part == Part::Train && !path.is_dir() => Ok(Some(path.to_owned())),
            found => Ok(found),
        }
    };
    let no_images = || {
        let advice = "name one of its files of images";
        wrong(path, "has no images that train, such as train-images-idx3-ubyte", advice)
    };
    let file = file_of(Part::Train)?.ok_or_else(no_images)?;
    let (images, targets) = read_pair(&file, options)?;
    let shape = images.shape.get(1..).unwrap_or_default();
    let layout = PictureLayout::of_shape(shape);
    let shape = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
    let task = options.encode.task.filter(|&task| task == Task::Reconstruct).unwrap_or_default();
    let mut meaning = match &targets {
        Some(labels) => Meaning::of_labels(labels, task)?,
        None => Meaning::learn(None, None)?,
    };
    let part = |part: Part, given: &Option<PathBuf>| {
        let file = match given {
            Some(folder) if folder.is_dir() => Some(images_of(folder, part)?),
            Some(file) => Some(file.clone()),
            None => file_of(part)?,
        };
        file.map(|file| read_pair(&file, options)).transpose()
    };
    let (val, test) = (part(Part::Val, &options.val)?, part(Part::Test, &options.test)?);
    let others = [&val, &test].map(|part| part.as_ref()?.1.as_ref());
    meaning.add_classes(targets.as_ref(), others, options.normal.as_deref())?;
    let records = |(images, targets): (Array, Option<Targets>)| -> Result<Records, DataError> {
        let wanted = match targets {
            Some(targets) => meaning.wanted(&targets)?,
            None => Wanted::Nothing(images.len()),
        };
        Ok(Records::of(images.row_len(), images.numbers, wanted))
    };
    let part =
        |pair: Option<(Array, Option<Targets>)>| pair.map_or_else(|| Ok(Records::new(0)), &records);
    let (val, test) = (part(val)?, part(test)?);
    let source = Source::read(&KIND, format!("{} ({shape})", path.display()));
    let train = records((images, targets))?;
    let Meaning { task, class_names, .. } = meaning;
    Ok(DataSet { train, val, test, class_names, task, layout, ..DataSet::empty(source) })
}

fn wrong(path: &Path, problem: impl Into<String>, advice: &'static str) -> DataError {
    DataError::Format { file: path.display().to_string(), problem: problem.into(), advice }
}

/// The files of a folder that are called as MNIST's images are. Of one that is there packed too, that is left out.
fn images_in(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let entries = fs::read_dir(folder).map_err(|e| DataError::io(folder, e))?;
    let mut found = Vec::new();
    for entry in entries.take(MAX_ENTRIES) {
        let path = entry.map_err(|e| DataError::io(folder, e))?.path();
        let name = name_of(&path);
        if name.contains("images") && name.contains("idx") {
            found.push(path);
        }
    }
    found.sort();
    let plain = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "gz").then(|| path.with_extension(""))
    };
    let all = found.clone();
    found.retain(|path| plain(path).is_none_or(|plain| !all.contains(&plain)));
    Ok(found)
}

/// The name of a file, in lower case.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// The file of images in a folder, if there is one.
///
/// # Errors
///
/// [`DataError`] if there are several, or the folder may not be looked at.
pub(super) fn images_alone(folder: &Path) -> Result<Option<PathBuf>, DataError> {
    let found = images_in(folder)?;
    match &found[..] {
        [one, other, ..] => {
            let (one, other) = (name_of(one), name_of(other));
            let problem = format!("has several files of images: {one} and {other}");
            Err(wrong(folder, problem, "name one of them"))
        }
        _ => Ok(found.first().cloned()),
    }
}

/// The images in a folder that is given for a part: those that are called so, or the others.
fn images_of(folder: &Path, part: Part) -> Result<PathBuf, DataError> {
    let images = images_in(folder)?;
    if let [only] = &images[..] {
        return Ok(only.clone());
    }
    let found = match one_of(folder, &images, part)? {
        None => one_of(folder, &images, Part::Train)?,
        found => found,
    };
    found.ok_or_else(|| wrong(folder, "has no files of images", "name one of them"))
}

/// The images of a part: of several nobody knows which.
fn one_of(folder: &Path, images: &[PathBuf], part: Part) -> Result<Option<PathBuf>, DataError> {
    let part_of = |path: &PathBuf| {
        let name = name_of(path);
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["t10k", "test"]) {
            Part::Test
        } else if has(&["val"]) {
            Part::Val
        } else {
            Part::Train
        }
    };
    let mut found = images.iter().filter(|path| part_of(path) == part);
    match (found.next(), found.next()) {
        (Some(one), Some(other)) => {
            let (one, other) = (name_of(one), name_of(other));
            let problem = format!("has several files of images for a part: {one} and {other}");
            Err(wrong(folder, problem, "name one of them"))
        }
        (found, _) => Ok(found.cloned()),
    }
}

/// Reads images, and their labels, which lie beside them.
fn read_pair(path: &Path, options: &ReadOptions) -> Result<(Array, Option<Targets>), DataError> {
    let images = read_file(path)?;
    if images.shape.len() < 2 {
        return Err(wrong(path, "has labels, and no images", "name the file of the images"));
    }
    if images.numbers.is_empty() {
        return Err(wrong(path, "has no images", "name another file"));
    }
    let Some(file) = labels_of(path) else {
        if options.encode.task == Some(Task::Reconstruct) {
            return Ok((images, None));
        }
        let advice = "put it there under the name of the images with `labels` and `idx1` in it";
        return Err(wrong(path, "has no file of labels beside it", advice));
    };
    let labels = read_file(&file)?;
    if labels.shape.len() != 1 {
        return Err(wrong(&file, "has no labels: they are numbers in a row", "name other images"));
    }
    let (count, found) = (images.len(), labels.len());
    if count != found {
        let problem = format!("has {found} labels, and {} has {count} images", path.display());
        return Err(wrong(&file, problem, "take files that belong together"));
    }
    let values = labels.numbers.iter(0..found).collect();
    let place = file.display().to_string();
    let names = vec!["label".to_owned()];
    Ok((images, Some(Targets::Numbers { place, names, values, exact: labels.exact })))
}

/// The file of labels that belongs to one of images, packed or not, if it is there.
fn labels_of(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let labels =
        name.replace("images", "labels").replace("Images", "Labels").replace("idx3", "idx1");
    let other = match labels.strip_suffix(".gz") {
        Some(plain) => plain.to_owned(),
        None => format!("{labels}.gz"),
    };
    let places = [labels, other].map(|name| images.with_file_name(name));
    places.into_iter().find(|place| place != images && place.exists())
}

/// Opens a file, packed or not, and says how many bytes it can have unpacked.
fn open(path: &Path) -> Result<(Box<dyn Read>, u64), DataError> {
    let mut file = reading::open(path).map_err(|e| DataError::io(path, e))?;
    let len = file.metadata().map_err(|e| DataError::io(path, e))?.len();
    let mut start = [0; 2];
    let is_packed = file.read_exact(&mut start).is_ok() && start == GZIP;
    file.rewind().map_err(|e| DataError::io(path, e))?;
    if is_packed {
        let unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file));
        return Ok((Box::new(unpacked), len.saturating_mul(MAX_RATIO)));
    }
    Ok((Box::new(file), len))
}

pub(super) fn read_file(path: &Path) -> Result<Array, DataError> {
    let (mut file, limit) = open(path)?;
    read(&path.display().to_string(), &mut file, limit)
}

/// What a file is that begins as an IDX file does, with numbers of a type that there is not.
pub(super) fn unknown_numbers(start: &[u8]) -> Option<String> {
    let [0, 0, kind, axes @ 1..=4, ..] = start else { return None };
    let is_unknown = *kind > 0 && element_of([0, 0, *kind, *axes]).is_none();
    is_unknown.then(|| format!("an IDX file of numbers of the type {kind:#04x}, which is unknown"))
}

/// The type of the numbers of a file that begins so.
fn element_of(start: [u8; 4]) -> Option<Element> {
    let [0, 0, kind, axes] = start else { return None };
    if axes == 0 || usize::from(axes) > MAX_AXES {
        return None;
    }
    Some(match kind {
        0x08 => Element::U8,
        0x09 => Element::I8,
        0x0B => Element::I16,
        0x0C => Element::I32,
        0x0D => Element::F32,
        0x0E => Element::F64,
        _ => return None,
    })
}

/// Reads an IDX file of which there are at most `limit` bytes, whatever its header says.
///
/// # Errors
///
/// [`DataError::Format`] if it is no IDX file, promises more than there is, is damaged where it is packed, or bytes
/// are left over.
pub fn read(name: &str, mut source: impl Read, limit: u64) -> Result<Array, DataError> {
    read_array(&mut source, limit).map_err(|Problem { text: problem, advice }| DataError::Format {
        file: name.to_owned(),
        problem,
        advice: advice.unwrap_or("get the file again"),
    })
}

fn read_array(source: &mut impl Read, limit: u64) -> Result<Array, Problem> {
    let cut = |_| "truncated: its header is not whole".to_owned();
    let mut start = [0; 4];
    source.read_exact(&mut start).map_err(cut)?;
    let element = element_of(start).ok_or_else(|| match unknown_numbers(&start) {
        Some(what) => format!("is {what}"),
        None => "is no IDX file".to_owned(),
    })?;
    let [.., num_axes] = start;
    let mut shape = vec![0; usize::from(num_axes)];
    for len in &mut shape {
        let mut bytes = [0; 4];
        source.read_exact(&mut bytes).map_err(cut)?;
        *len = usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX);
    }
    let layout = Layout { element, is_big_endian: true, is_fortran: false };
    let array = elements::read_array(source, layout, shape, limit)?;
    match &array.numbers {
        Numbers::F32(numbers) if numbers.iter().any(|x| x.is_nan()) => {
            Err("has a number that is missing (NaN)".into())
        }
        _ => Ok(array),
    }
}
