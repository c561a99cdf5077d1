//! The parts that the versions of CIFAR-10 share: six files, labels from 0 to 9, names of ten classes.

use super::is_there;
use crate::{DataError, DataSet, Images, Kind, Source, Version};
use barenet::Label;
use std::path::Path;

/// Rows and columns of an image.
pub const SIDE: usize = 32;
/// Numbers of an image: three planes, red, green, blue.
pub const IMAGE_LEN: usize = 3 * SIDE * SIDE;
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
    class_names: &CLASS_NAMES,
};

/// The advice for a file that is not what it should be.
const ADVICE: &str = "replace it with the one from https://www.cs.toronto.edu/~kriz/cifar.html";

/// A file of CIFAR-10 that is not what it should be.
pub(super) fn wrong(file: &str, problem: impl Into<String>) -> DataError {
    DataError::Format { file: file.to_owned(), problem: problem.into(), advice: ADVICE }
}

/// Whether a folder has one of the files.
pub(super) fn has_any(
    folder: &Path,
    (train_files, test_file): ([&str; 5], &str),
) -> Result<bool, DataError> {
    let mut names = train_files.iter().chain([&test_file]);
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

/// Makes a data set of the six files of a folder, each read by `read`.
pub(super) fn assemble(
    folder: &Path,
    version: Version,
    (train_files, test_file): ([&str; 5], &str),
    mut read: impl FnMut(&Path, &mut Images) -> Result<(), DataError>,
) -> Result<DataSet, DataError> {
    let mut train = Images::with_capacity(IMAGE_LEN, IMAGES_PER_FILE * train_files.len());
    for file in train_files {
        read(&folder.join(file), &mut train)?;
    }
    let mut test = Images::with_capacity(IMAGE_LEN, IMAGES_PER_FILE);
    read(&folder.join(test_file), &mut test)?;
    Ok(DataSet {
        train,
        test,
        class_names: default_class_names(),
        source: Source::read(&KIND, format!("{} ({version} version)", folder.display())),
    })
}
