
/// The class of @A_SAMPLE@: the one with the highest score.
///
/// # Errors
///
/// [`Error::Shape`] if the @SAMPLE@ has not @INPUTS@ @NUMBERS@.
pub fn predict(@SAMPLE@: &@SAMPLE_NAME@, workspace: &mut Workspace) -> Result<Class, Error> {
    Ok(barenet::predict(scores(@SAMPLE@, workspace)?))
}
