//! CIFAR-100, binary version: records of a coarse label, a fine label and 3,072 bytes of image, in a folder or in its
//! archive.
//!
//! Source: <https://www.cs.toronto.edu/~kriz/cifar.html>

use super::archive::{ArchiveError, Members};
use super::cifar10::{IMAGE_LEN, LAYOUT};
use super::is_there;
use crate::reading::{self, read_up_to};
use crate::{DataError, DataSet, Kind, ReadOptions, Records, Source, WEB_PAGE};
use barenet::Label;
use std::collections::BTreeMap;
use std::path::Path;

/// What is known of CIFAR-100 before it is read.
pub const KIND: Kind = Kind {
    word: "cifar100",
    name: "CIFAR-100",
    image_shape: "32 x 32 pixels, 3 colours",
    class_names: &[],
    samples: "images",
    is_of_course: true,
    takes: &["target"],
};

/// The official folder.
const FOLDER: &str = "cifar-100-binary";
/// The folders of its versions: of one it is only said which to take.
pub(crate) const FOLDERS: &[&str] = &[FOLDER, "cifar-100-python"];
/// The official archive, and names that others give it.
pub(crate) const ARCHIVES: &[&str] =
    &["cifar-100-binary.tar.gz", "cifar-100-binary.tgz", "cifar-100-binary.tar"];
/// Files of images: those that train and those that test, and how many each has.
const SETS: [(&str, usize); 2] = [("train.bin", 50_000), ("test.bin", 10_000)];
/// Bytes of a record.
pub const RECORD_LEN: usize = 2 + IMAGE_LEN;
/// More bytes than names take.
const MAX_NAMES_LEN: usize = 1 << 14;

/// Which of its two labels an image is learnt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// One of 20.
    Coarse,
    /// One of 100.
    Fine,
}

impl Labels {
    fn asked(options: &ReadOptions, place: &str) -> Result<Self, DataError> {
        let names: Vec<_> = options.encode.target.iter().map(ToString::to_string).collect();
        match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] | ["fine"] => Ok(Self::Fine),
            ["coarse"] => Ok(Self::Coarse),
            _ => Err(DataError::Format {
                file: place.to_owned(),
                problem: format!("has no target {}", names.join(",")),
                advice: "take --target fine or --target coarse",
            }),
        }
    }

    const fn num_classes(self) -> usize {
        match self {
            Self::Coarse => 20,
            Self::Fine => 100,
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Coarse => "coarse_label_names.txt",
            Self::Fine => "fine_label_names.txt",
        }
    }
}

fn wrong(file: &str, problem: impl Into<String>) -> DataError {
    let advice = "replace it with the one from https://www.cs.toronto.edu/~kriz/cifar.html";
    DataError::Format { file: file.to_owned(), problem: problem.into(), advice }
}

/// Whether a folder has its files of images, or its names: `train.bin` alone may be anything's.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(folder: &Path) -> Result<bool, DataError> {
    let is_there = |name| is_there(&folder.join(name));
    let [(train, _), (test, _)] = SETS;
    let is_binary = (is_there(train)? && is_there(test)?) || is_there(Labels::Fine.file())?;
    Ok(is_binary || is_python_version(folder))
}

/// Whether a file is an archive whose first file is one of CIFAR-100.
///
/// # Errors
///
/// None: whoever reads it says what is wrong.
pub fn recognises_archive(path: &Path) -> Result<bool, DataError> {
    let Ok(file) = reading::open(path) else { return Ok(false) };
    let first = Members::open(file).and_then(|mut members| members.next_file());
    let names = [SETS[0].0, SETS[1].0, Labels::Fine.file(), Labels::Coarse.file()];
    let is_one = |name: &str| names.contains(&name) || PYTHON_FILES.contains(&name);
    Ok(first.is_ok_and(|name| name.is_some_and(|name| is_one(&name))))
}

const PYTHON_FILES: [&str; 3] = ["meta", "train", "test"];

fn is_python_version(folder: &Path) -> bool {
    let is_pickle = |name| {
        reading::read_start(&folder.join(name), 1).is_ok_and(|start| start.starts_with(b"\x80"))
    };
    PYTHON_FILES.into_iter().all(is_pickle)
}

/// The error of a file that cannot be read: of one that is not there, where it is.
fn unreadable(path: &Path, error: std::io::Error) -> DataError {
    match DataError::io(path, error) {
        DataError::Missing { path, .. } => {
            DataError::Missing { path, advice: format!("all of CIFAR-100 is at {WEB_PAGE}") }
        }
        error => error,
    }
}

fn of_python(place: &Path) -> DataError {
    let problem = "is the python version of CIFAR-100, which is pickled".to_owned();
    let advice = "take the binary version, cifar-100-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html";
    DataError::Format { file: place.display().to_string(), problem, advice }
}

/// Appends the records of a file to `images`, with one of their labels.
///
/// # Errors
///
/// [`DataError::Format`] naming the file if the length is not that of `count` records, or a label is out of range;
/// `images` may have got the records before it.
pub fn parse_records(
    file: &str,
    bytes: &[u8],
    count: usize,
    labels: Labels,
    images: &mut Records,
) -> Result<(), DataError> {
    let (expected, found) = (count.saturating_mul(RECORD_LEN), bytes.len());
    if found != expected {
        let what = if found < expected { "truncated" } else { "too long" };
        return Err(wrong(
            file,
            format!(
                "{what}: expected {expected} bytes ({count} records of {RECORD_LEN}), found {found}"
            ),
        ));
    }
    let (records, _) = bytes.as_chunks::<RECORD_LEN>();
    for (number, [coarse, fine, image @ ..]) in (1..).zip(records) {
        let label = match labels {
            Labels::Coarse => *coarse,
            Labels::Fine => *fine,
        };
        let last = labels.num_classes() - 1;
        if usize::from(label) > last {
            let problem = format!("image {number} has label {label}; labels are 0 to {last}");
            return Err(wrong(file, problem));
        }
        images.push(Label::from(label), image);
    }
    Ok(())
}

/// The names of the classes, one in each line.
fn parse_names(file: &str, bytes: &[u8], labels: Labels) -> Result<Vec<String>, DataError> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let names = text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let names: Vec<_> = names.collect();
    let count = labels.num_classes();
    if names.len() != count || names.iter().any(|name| name.contains(char::is_control)) {
        return Err(wrong(
            file,
            format!("expected the names of {count} classes, one in each line"),
        ));
    }
    Ok(names)
}

/// A data set of the bytes of its files, each asked for by its name and the bytes that it may have.
fn assemble(
    place: &str,
    form: &str,
    options: &ReadOptions,
    mut read: impl FnMut(&str, usize, &mut Vec<u8>) -> Result<String, DataError>,
) -> Result<DataSet, DataError> {
    let labels = Labels::asked(options, place)?;
    let mut bytes = Vec::new();
    let file = read(labels.file(), MAX_NAMES_LEN, &mut bytes)?;
    let class_names = parse_names(&file, &bytes, labels)?;
    let [train, test] = SETS.map(|(name, count)| -> Result<Records, DataError> {
        let file = read(name, count * RECORD_LEN + 1, &mut bytes)?;
        let mut images = Records::with_capacity(IMAGE_LEN, count);
        parse_records(&file, &bytes, count, labels, &mut images)?;
        Ok(images)
    });
    let source = Source::read(&KIND, format!("{place} ({form})"));
    let (train, test, layout) = (train?, test?, Some(LAYOUT));
    Ok(DataSet { train, test, class_names, layout, ..DataSet::empty(source) })
}

/// Reads the files of a folder.
///
/// # Errors
///
/// [`DataError`] naming the file that is missing or wrong.
pub fn load(folder: &Path, options: &ReadOptions) -> Result<DataSet, DataError> {
    if is_python_version(folder) {
        return Err(of_python(folder));
    }
    let place = folder.display().to_string();
    assemble(&place, "binary version", options, |name, limit, bytes| {
        let path = folder.join(name);
        read_up_to(&path, limit, bytes).map_err(|e| unreadable(&path, e))?;
        Ok(path.display().to_string())
    })
}

/// Reads the files of an archive.
///
/// # Errors
///
/// [`DataError`] naming the archive, and its file that is missing or wrong.
pub fn load_archive(path: &Path, options: &ReadOptions) -> Result<DataSet, DataError> {
    let place = path.display().to_string();
    let file = reading::open(path).map_err(|e| DataError::io(path, e))?;
    let error = |error: ArchiveError| wrong(&place, error.to_string());
    let mut members = Members::open(file).map_err(error)?;
    let mut found = BTreeMap::new();
    while let Some(name) = members.next_file().map_err(error)? {
        if PYTHON_FILES.contains(&name.as_str()) {
            return Err(of_python(path));
        }
        let set = SETS.iter().find(|(file, _)| *file == name);
        let limit = match set {
            Some((_, count)) => count * RECORD_LEN,
            None if name.ends_with("_label_names.txt") => MAX_NAMES_LEN,
            None => continue,
        };
        let mut bytes = Vec::new();
        members.read(limit, &mut bytes).map_err(error)?;
        if found.insert(name.clone(), bytes).is_some() {
            return Err(wrong(&place, format!("the archive has {name} twice")));
        }
    }
    assemble(&place, "binary version, packed", options, |name, _, bytes| {
        let missing = || wrong(&place, format!("the archive has no {name}"));
        *bytes = found.remove(name).ok_or_else(missing)?;
        Ok(format!("{place}: {name}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tar::{Builder, Header};

    fn record(coarse: u8, fine: u8) -> Vec<u8> {
        [vec![coarse, fine], vec![7; IMAGE_LEN]].concat()
    }

    fn parse(bytes: &[u8], count: usize, labels: Labels) -> Result<Records, String> {
        let mut images = Records::new(IMAGE_LEN);
        parse_records("f", bytes, count, labels, &mut images).map_err(|e| e.to_string())?;
        Ok(images)
    }

    #[test]
    fn of_the_python_version_it_is_said_which_to_take() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("any-name");
        fs::create_dir(&folder).unwrap();
        let save = |name| fs::write(folder.join(name), b"\x80").unwrap();
        PYTHON_FILES.into_iter().for_each(save);
        let error = crate::load(&folder).unwrap_err().to_string();
        assert!(error.contains("any-name: is the python version of CIFAR-100,"), "{error}");
    }

    #[test]
    fn a_record_is_two_labels_and_an_image() {
        let bytes = [record(19, 99), record(0, 3)].concat();
        assert_eq!(parse(&bytes, 2, Labels::Fine).unwrap().labels(), [99, 3]);
        let coarse = parse(&bytes, 2, Labels::Coarse).unwrap();
        assert_eq!((coarse.labels(), coarse.bytes(1)), (&[19, 0][..], &[7; IMAGE_LEN][..]));
        for len in [0, RECORD_LEN, 2 * RECORD_LEN - 1] {
            let error = parse(&bytes[..len], 2, Labels::Fine).unwrap_err();
            assert!(error.starts_with("f: truncated: expected 6148 bytes"), "{error}");
        }
        assert!(parse(&bytes, 1, Labels::Fine).unwrap_err().starts_with("f: too long"));
        let error = parse(&record(0, 100), 1, Labels::Fine).unwrap_err();
        assert!(error.starts_with("f: image 1 has label 100; labels are 0 to 99"), "{error}");
        let error = parse(&record(20, 0), 1, Labels::Coarse).unwrap_err();
        assert!(error.starts_with("f: image 1 has label 20; labels are 0 to 19"), "{error}");
    }

    /// The files, of zeros but for a label.
    fn files() -> Vec<(&'static str, Vec<u8>)> {
        let names = |count: usize| (0..count).map(|n| format!("name {n}\n")).collect::<String>();
        let mut files = vec![
            ("coarse_label_names.txt", names(20).into_bytes()),
            ("fine_label_names.txt", names(100).into_bytes()),
        ];
        for (name, count) in SETS {
            let mut bytes = vec![0; count * RECORD_LEN];
            bytes[..2].copy_from_slice(&[5, 42]);
            files.push((name, bytes));
        }
        files
    }

    #[test]
    fn a_folder_and_an_archive_are_read_with_the_labels_that_are_asked_for() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join(FOLDER);
        fs::create_dir(&folder).unwrap();
        let archive = place.path().join("any name");
        let mut tar = Builder::new(fs::File::create(&archive).unwrap());
        for (name, bytes) in files() {
            fs::write(folder.join(name), &bytes).unwrap();
            let mut header = Header::new_ustar();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, format!("cifar-100-binary/{name}"), &bytes[..]).unwrap();
        }
        tar.finish().unwrap();
        let coarse = || {
            let mut options = ReadOptions::default();
            options.encode.target = vec!["coarse".into()];
            options
        };
        for path in [&folder, place.path(), &archive] {
            let data = crate::load(path).unwrap();
            assert_eq!((data.train.len(), data.test.len()), (50_000, 10_000));
            assert_eq!(
                (data.train.labels()[..2].to_vec(), data.class_names.len()),
                (vec![42, 0], 100)
            );
            assert_eq!(data.source.kind, &KIND);
            let data = coarse().load(path).unwrap();
            assert_eq!(
                (data.test.labels()[..2].to_vec(), data.class_names.len()),
                (vec![5, 0], 20)
            );
            assert_eq!(data.class_names[5], "name 5");
        }
        let mut options = coarse();
        options.encode.target = vec!["medium".into()];
        let error = options.load(&folder).unwrap_err().to_string();
        assert!(error.contains("has no target medium; take --target fine or"), "{error}");
        fs::remove_file(folder.join("test.bin")).unwrap();
        let error = crate::load(&folder).unwrap_err().to_string();
        assert!(error.contains("test.bin: No such file"), "{error}");
    }
}
