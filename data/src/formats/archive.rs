//! CIFAR-10 in its official archives, read as a stream: nothing is unpacked to disk, no size in the
//! archive is trusted, and each file becomes images as soon as it has been read.

pub(super) mod block;
mod header;
mod members;
mod sparse;
mod stream;

use super::cifar10;
use super::is_there;
use super::six_files::{IMAGE_LEN, IMAGES_PER_FILE, default_class_names, wrong};
use crate::reading;
use crate::{DataError, DataSet, Records, Source, Version};
pub(super) use members::{ArchiveError, Members};
use std::io::Read;
use std::path::Path;

/// Bytes that an archive may unpack to: nearly three times what the official ones do.
pub const MAX_UNPACKED: u64 = 512 << 20;

/// Whether there is a file that has a tar archive in it, packed or not, or is one by its name; or one that is called or
/// as long as a file of CIFAR-10: reading it says what is wrong.
///
/// # Errors
///
/// [`DataError::Io`] if it may not be looked at.
pub fn recognises(path: &Path) -> Result<bool, DataError> {
    if path.is_dir() || !is_there(path)? {
        return Ok(false);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_called_so = is_called_cifar_10(&name)
        || [".tar", ".tgz"].iter().any(|part| name.contains(part))
        || name.contains(".bin");
    Ok(is_called_so
        || reading::open(path)
            .is_ok_and(|mut file| cifar10::is_batch(&mut file) || Members::open(file).is_ok()))
}

/// Whether a name, in lower case, is one that CIFAR-10 and its files have.
pub(crate) fn is_called_cifar_10(name: &str) -> bool {
    ["cifar", "data_batch", "test_batch", "batches.meta"].iter().any(|part| name.contains(part))
}

/// Reads a `.tar.gz` or `.tar` of the binary or the python version; its content tells which it is.
///
/// # Errors
///
/// [`DataError`] if it is no whole archive, has not the six files, or one of them is wrong.
pub fn load(path: &Path) -> Result<DataSet, DataError> {
    let name = path.display().to_string();
    let mut file = reading::open(path).map_err(|e| DataError::io(path, e))?;
    if cifar10::is_batch(&mut file) {
        let problem = "is one file of the binary version".to_owned();
        let advice = "name the folder that holds all six files";
        return Err(DataError::Format { file: name, problem, advice });
    }
    let batches = read_members(&name, file)?;
    let (version, class_names) = (batches.version, batches.class_names.clone());
    let (train, test) = batches.into_sets(&name)?;
    let source = Source::read(&cifar10::KIND, format!("{name} ({version} version, packed)"));
    let layout = Some(cifar10::LAYOUT);
    Ok(DataSet { train, test, class_names, layout, ..DataSet::empty(source) })
}

/// Files of CIFAR-10 in an archive.
#[derive(Clone, Debug, PartialEq)]
pub struct Batches {
    /// Which version the files are.
    pub version: Version,
    /// The images of the five training files and the test file, those that are there.
    pub files: [Option<Records>; 6],
    /// Names of the classes.
    pub class_names: Vec<String>,
}

impl Batches {
    /// The training and the test set. Each file's images are freed once they are copied.
    fn into_sets(self, name: &str) -> Result<(Records, Records), DataError> {
        let mut train = Records::with_capacity(IMAGE_LEN, 5 * IMAGES_PER_FILE);
        let mut test = Records::new(IMAGE_LEN);
        for (images, member) in self.files.into_iter().zip(members(self.version)) {
            let Some(images) = images else {
                return Err(wrong(name, format!("the archive has no {}", member.name)));
            };
            if member.content == Content::TEST {
                test = images;
            } else {
                train.append(&images);
            }
        }
        Ok((train, test))
    }
}

/// A file of CIFAR-10, as archives have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    /// The last part of its name.
    pub(crate) name: &'static str,
    /// The bytes that it may have.
    pub(crate) limit: usize,
    version: Version,
    content: Content,
}

/// The content of a [`Member`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// Images: the place among the six files.
    Batch(usize),
    ClassNames,
}

impl Content {
    const TEST: Self = Self::Batch(5);
}

/// The files of a version: the six in their order, and the names of the classes.
pub(crate) fn members(version: Version) -> impl Iterator<Item = Member> {
    let files = version.files();
    let batches = files.six().enumerate();
    let batches = batches.map(|(index, name)| (name, files.limit, Content::Batch(index)));
    let all = batches.chain([(files.names, cifar10::MAX_NAMES_LEN, Content::ClassNames)]);
    all.map(move |(name, limit, content)| Member { name, limit, version, content })
}

/// Hands over those files of an archive that are wanted, each with its bytes, of which there is at most one
/// more than its limit.
pub(crate) fn for_each_member<E>(
    archive: impl Read,
    wanted: &[Member],
    error: impl Fn(ArchiveError) -> E,
    mut each: impl FnMut(&Member, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut archive = Members::open(archive).map_err(&error)?;
    let mut bytes = Vec::new();
    while let Some(name) = archive.next_file().map_err(&error)? {
        if let Some(member) = wanted.iter().find(|member| member.name == name) {
            archive.read(member.limit, &mut bytes).map_err(&error)?;
            each(member, &bytes)?;
        }
    }
    Ok(())
}

/// Reads the files of CIFAR-10 in an archive.
///
/// # Errors
///
/// As [`read_batches`].
pub fn read_members(name: &str, archive: impl Read) -> Result<Batches, DataError> {
    read_batches(name, archive, IMAGES_PER_FILE)
}

/// Reads the files of `images_per_file` images in an archive, in any folder and order.
///
/// # Errors
///
/// [`DataError::Format`] if it is something else that is known, as a zip archive, or no whole archive, unpacks to more than [`MAX_UNPACKED`], has none
/// of the files, has one twice, has files of both versions, or a file is wrong.
pub fn read_batches(
    name: &str,
    archive: impl Read,
    images_per_file: usize,
) -> Result<Batches, DataError> {
    let wrong = |problem: String| wrong(name, problem);
    let other =
        |problem: String, advice| DataError::Format { file: name.to_owned(), problem, advice };
    let error = |error: ArchiveError| match error {
        ArchiveError::Broken(problem) if is_called_cifar_10(&name.to_lowercase()) => wrong(problem),
        ArchiveError::Broken(problem) => other(problem, "get the file again, or name other data"),
        ArchiveError::Other(what, advice) => other(format!("is {what}"), advice),
    };
    let mut version = None;
    let mut files = [const { None }; 6];
    let mut class_names = None;
    let wanted: Vec<_> = Version::ALL.into_iter().flat_map(members).collect();
    for_each_member(archive, &wanted, error, |member, bytes| {
        let file = format!("{name}: {}", member.name);
        let Content::Batch(index) = member.content else {
            if member.version == Version::Binary {
                class_names = Some(cifar10::parse_class_names(&file, bytes)?);
            }
            return Ok(());
        };
        if version.replace(member.version).is_some_and(|version| version != member.version) {
            return Err(wrong("the archive mixes the binary and the python version".to_owned()));
        }
        let mut images = Records::new(IMAGE_LEN);
        (member.version.files().parse)(&file, bytes, images_per_file, &mut images)?;
        if files.get_mut(index).and_then(|place| place.replace(images)).is_some() {
            return Err(wrong(format!("the archive has {} twice", member.name)));
        }
        Ok(())
    })?;
    let version = version.ok_or_else(|| {
        let advice = "unpack it and name the folder, if it holds other data";
        other("the archive holds no CIFAR-10".to_owned(), advice)
    })?;
    let class_names = class_names.unwrap_or_else(default_class_names);
    Ok(Batches { version, files, class_names })
}

#[cfg(test)]
mod tests;
