
/// Computes the scores of real numbers, which become bytes as [`INPUT`] says.
///
/// # Errors
///
/// [`Error::Shape`] if there are not @INPUTS@ numbers.
pub fn scores_of_reals<'w>(sample: &[f32], workspace: &'w mut Workspace) -> Result<&'w Scores, Error> {
    INPUT.unsigned(sample, &mut workspace.input)?;
    NET.scores(&CortexMDsp, &workspace.input, &mut workspace.bytes, &mut workspace.scores)?;
    OUTPUT.signed(&workspace.scores, &mut workspace.outputs)?;
    Ok(&workspace.outputs)
}
