
/// The values of a sample, in the units and the order of [`TARGET_NAMES`].
///
/// # Errors
///
/// [`Error::Shape`] if the sample has not @INPUTS@ numbers.
pub fn predict(sample: &Sample, workspace: &mut Workspace) -> Result<Values, Error> {
    let mut values = VALUE_OFFSET;
    let scores = scores(sample, workspace)?;
    for ((value, factor), &score) in values.iter_mut().zip(VALUE_FACTOR).zip(scores) {
        *value += factor * @SCORE_AS_F32@;
    }
    Ok(values)
}

/// A value is this, and its factor times the score.
static VALUE_OFFSET: Values = @VALUE_OFFSET@;
static VALUE_FACTOR: Values = @VALUE_FACTOR@;
