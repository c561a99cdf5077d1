//! In place of a decoder: this build has none.

use crate::formats::class_folders::wrong;
use crate::{DataError, ImageSize, PictureForm};
use std::path::Path;

/// What a picture says of itself before it is decoded.
pub(super) struct Header {
    pub(super) size: ImageSize,
    pub(super) is_grey: bool,
}

/// Refuses a picture.
pub(super) fn header(file: &Path) -> Result<Header, DataError> {
    let problem = "is a picture, which this build does not read".to_owned();
    Err(wrong(&file.display().to_string(), problem, "build with `--features pictures`"))
}

/// Refuses a picture.
pub(super) fn has_colour(file: &Path) -> Result<bool, DataError> {
    header(file).map(|header| !header.is_grey)
}

/// Refuses a picture.
pub(super) fn read(file: &Path, _: PictureForm, _: &mut [u8]) -> Result<(), DataError> {
    header(file).map(|_header| ())
}
