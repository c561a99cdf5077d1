
/// The class of an image: the one with the highest score.
///
/// # Errors
///
/// [`Error::Shape`] if the image has not @INPUTS@ bytes.
pub fn predict(image: &Image, workspace: &mut Workspace) -> Result<Class, Error> {
    Ok(barenet::predict(scores(image, workspace)?))
}
