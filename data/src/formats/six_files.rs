//! The parts that the versions of CIFAR-10 share: six files, labels from 0 to 9, names of ten classes.

use super::is_there;
use crate::reading::read_up_to;
use crate::{DataError, DataSet, ImageSize, Kind, PictureLayout, Records, Source, Version};
use barenet::Label;
use std::path::Path;

/// Rows and columns of an image.
pub const SIDE: usize = 32;
/// Numbers of an image: three planes, red, green, blue.
pub const IMAGE_LEN: usize = LAYOUT.len();
/// Where the pixels of an image lie.
pub const LAYOUT: PictureLayout =
    PictureLayout { size: ImageSize { width: SIDE, height: SIDE }, planes: 3, pixel_len: 1 };
/// Classes.
pub const NUM_CLASSES: usize = 10;
/// Images in each file.
pub const IMAGES_PER_FILE: usize = 10_000;
/// Names of the classes, in the order of their labels.
pub const CLASS_NAMES: [&str; NUM_CLASSES] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// What is known of CIFAR-10 before it is read.
pub const KIND: Kind = Kind {
    word: "cifar10",
    name: "CIFAR-10",
    image_shape: "32 x 32 pixels, 3 colours",
    samples: "images",
    is_of_course: true,
    takes: &[],
    class_names: &CLASS_NAMES,
};

/// Files of a version of CIFAR-10, and how they are read.
#[derive(Debug)]
pub(crate) struct VersionFiles {
    /// The official archive.
    pub(crate) archive: &'static str,
    /// The folder in it.
    pub(crate) folder: &'static str,
    pub(crate) train: [&'static str; 5],
    pub(crate) test: &'static str,
    /// The file with the names of the classes, which may be missing.
    pub(crate) names: &'static str,
    /// Bytes that each of the six has at most.
    pub(crate) limit: usize,
    /// Appends the images of one of the six, of which there must be so many.
    pub(crate) parse: fn(&str, &[u8], usize, &mut Records) -> Result<(), DataError>,
    /// Reads all six in a folder.
    pub(crate) load: fn(&Path) -> Result<DataSet, DataError>,
}

impl VersionFiles {
    /// The six files: the five of the training set in their order, and that of the test set.
    pub(crate) fn six(&self) -> impl Iterator<Item = &'static str> {
        self.train.into_iter().chain([self.test])
    }
}

/// The advice for a file that is not what it should be.
const ADVICE: &str = "replace it with the one from https://www.cs.toronto.edu/~kriz/cifar.html";

/// A file of CIFAR-10 that is not what it should be.
pub(super) fn wrong(file: &str, problem: impl Into<String>) -> DataError {
    DataError::Format { file: file.to_owned(), problem: problem.into(), advice: ADVICE }
}

/// Whether a folder has one of the six files.
pub(super) fn has_any(folder: &Path, files: &VersionFiles) -> Result<bool, DataError> {
    let mut names = files.six();
    names.try_fold(false, |found, name| Ok(found || is_there(&folder.join(name))?))
}

/// Refuses a label that names no class.
pub(super) fn check_label(file: &str, label: i64, number: usize) -> Result<Label, DataError> {
    let class = usize::try_from(label).ok().filter(|&class| class < NUM_CLASSES);
    class
        .and_then(|class| Label::try_from(class).ok())
        .ok_or_else(|| wrong(file, format!("image {number} has label {label}; labels are 0 to 9")))
}

/// The names of the classes where no file gives them.
pub(super) fn default_class_names() -> Vec<String> {
    CLASS_NAMES.map(str::to_owned).to_vec()
}

/// Makes a data set of the six files of a folder.
pub(super) fn assemble(
    folder: &Path,
    version: Version,
    files: &VersionFiles,
) -> Result<DataSet, DataError> {
    let mut bytes = Vec::new();
    let mut read = |file: &str, images: &mut Records| {
        let path = folder.join(file);
        read_up_to(&path, files.limit + 1, &mut bytes).map_err(|e| DataError::io(&path, e))?;
        (files.parse)(&path.display().to_string(), &bytes, IMAGES_PER_FILE, images)
    };
    let mut train = Records::with_capacity(IMAGE_LEN, IMAGES_PER_FILE * files.train.len());
    for file in files.train {
        read(file, &mut train)?;
    }
    let mut test = Records::with_capacity(IMAGE_LEN, IMAGES_PER_FILE);
    read(files.test, &mut test)?;
    let source = Source::read(&KIND, format!("{} ({version} version)", folder.display()));
    let class_names = default_class_names();
    Ok(DataSet { train, test, class_names, layout: Some(LAYOUT), ..DataSet::empty(source) })
}
