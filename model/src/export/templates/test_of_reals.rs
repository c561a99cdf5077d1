
#[test]
fn real_numbers_become_the_bytes_that_stand_for_them() {
    let mut workspace = Workspace::new();
    for (sample, expected) in test_vector::each() {
        let reals: Vec<f32> = sample.iter().map(|&byte| @CRATE@::INPUT.real(byte)).collect();
        assert_eq!(@CRATE@::scores_of_reals(&reals, &mut workspace).unwrap(), expected);
    }
    @CRATE@::scores_of_reals(&[], &mut workspace).unwrap_err();
}
