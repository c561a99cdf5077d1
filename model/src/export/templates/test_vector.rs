//! Images of the test set, and the scores that the computer computed for them: for the test of this
//! crate, and for one on the device. What is not used takes no flash.

/// The images, one after another.
pub static IMAGES: [u8; @COUNT@ * @INPUTS@] = *include_bytes!("images.bin");

/// The scores of each image.
pub static SCORES: [[@SCORE@; @CLASSES@]; @COUNT@] = [
@SCORES@];

/// Each image with its scores.
pub fn each() -> impl Iterator<Item = (&'static [u8], &'static [@SCORE@; @CLASSES@])> {
    IMAGES.chunks_exact(@INPUTS@).zip(&SCORES)
}
