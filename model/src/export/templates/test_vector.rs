//! @SAMPLES@ @FROM@, and the scores that the computer computed for them: for the test of this
//! crate, and for one on the device. What is not used takes no flash.

@TEST_SAMPLES@

/// The scores of each @SAMPLE@.
pub static SCORES: [[@SCORE@; @CLASSES@]; @COUNT@] = [
@SCORES@];

@TEST_ANSWERS@/// Each @SAMPLE@ with its scores.
pub fn each() -> impl Iterator<Item = (&'static [@INPUT@], &'static [@SCORE@; @CLASSES@])> {
    @EACH_SAMPLE@.zip(&SCORES)
}
