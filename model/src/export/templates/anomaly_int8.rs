
/// The anomaly score of a sample: the mean squared error of its scaled inputs, which the network gives back.
///
/// # Errors
///
/// [`Error::Shape`] if the sample has not @INPUTS@ numbers.
pub fn anomaly_score(sample: &Sample, workspace: &mut Workspace) -> Result<f32, Error> {
    Ok(squared_steps(sample, workspace)? as f32 * @SQUARE@)
}

/// Whether a sample is an anomaly: its score is above [`THRESHOLD`].
///
/// # Errors
///
/// [`Error::Shape`] if the sample has not @INPUTS@ numbers.
pub fn is_anomaly(sample: &Sample, workspace: &mut Workspace) -> Result<bool, Error> {
    Ok(squared_steps(sample, workspace)? > @MOST@)
}

/// The sum of squared errors, in steps of scores.
fn squared_steps(sample: &Sample, workspace: &mut Workspace) -> Result<u64, Error> {
    let scores = scores(sample, workspace)?;
    Ok(barenet::quant::squared_error(&maps::TARGETS, sample, scores)?)
}
