//! The network computes here what it computed when it was exported.

use @CRATE@::{
    Error, FLASH_BYTES, RAM_BYTES, Workspace, @ANSWERS@, test_vector, verify,
};

#[test]
fn scores_are_those_of_the_export_to_the_bit() {
    let mut workspace = Workspace::new();
    for (@SAMPLE@, expected) in test_vector::each() {
        let scores = scores(@SAMPLE@, &mut workspace).unwrap();
        let bits = |scores: &[@SCORE@]| -> Vec<_> { scores.iter().map(|s| s.to_ne_bytes()).collect() };
        assert_eq!(bits(scores), bits(expected), "{scores:?}, expected {expected:?}");
@CHECK_ANSWER@
#[test]
fn @A_SAMPLE_@_of_another_length_is_an_error() {
    for len in [0, @INPUTS@ - 1, @INPUTS@ + 1, 2 * @INPUTS@] {
        let result = @ANSWER@(&vec![@ZERO@; len], &mut Workspace::new());
        assert!(matches!(result, Err(Error::Shape(e)) if e.what == "x"), "{len}: {result:?}");
    }
}

#[test]
fn the_weights_are_the_exported_ones() {
    assert!(verify());
}

#[test]
fn memory_is_what_the_export_said() {
    assert_eq!((RAM_BYTES, FLASH_BYTES), (@RAM@, @FLASH@));
}
@TEST_OF_REALS@