
/// The anomaly score of a sample: the mean squared error of its scaled inputs, which the network gives back.
///
/// # Errors
///
/// [`Error::Shape`] if the sample has not @INPUTS@ numbers.
pub fn anomaly_score(sample: &Sample, workspace: &mut Workspace) -> Result<f32, Error> {
    let inputs = barenet::Scaling { offset: &INPUT_OFFSET, factor: &INPUT_FACTOR };
    Ok(barenet::anomaly_score(sample, inputs, scores(sample, workspace)?)?)
}

/// Whether a sample is an anomaly: its score is above [`THRESHOLD`], or no number.
///
/// # Errors
///
/// [`Error::Shape`] if the sample has not @INPUTS@ numbers.
pub fn is_anomaly(sample: &Sample, workspace: &mut Workspace) -> Result<bool, Error> {
    let score = anomaly_score(sample, workspace)?;
    Ok(score > THRESHOLD || score.is_nan())
}

/// The scaling of the inputs: what is subtracted, and what is multiplied with then.
static INPUT_OFFSET: [f32; ARCH.input_dim()] = flash::f32_array(include_bytes!("input_offset.bin"));
static INPUT_FACTOR: [f32; ARCH.input_dim()] = flash::f32_array(include_bytes!("input_factor.bin"));
