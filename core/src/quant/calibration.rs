//! How the range of a layer's activations follows from those that were seen.

/// The rule by which the range of a layer's activations is chosen; what lies beyond it is cut off.
///
/// The range of scores is none of it: they have 16 bits, and room for twice the largest that matters.
///
/// ```
/// use barenet::Mat;
/// use barenet::quant::{Calibration, Observer};
///
/// // Mostly small numbers, one of them rare and large.
/// let mut out = [1.0_f32; 100_000];
/// out[7] = 100.0;
/// let range = |calibration| {
///     let mut observer = Observer::new().by(calibration);
///     observer.observe(Mat::new(&out, 100, 1000)?);
///     Ok::<_, barenet::ShapeError>(observer.clip(255))
/// };
/// assert_eq!(range(Calibration::Max)?, 100.0);
/// assert!(range(Calibration::Percentile)? < 1.2);
/// // The steps of all others get finer by what the large one loses.
/// assert!((70.0..95.0).contains(&range(Calibration::SquaredError)?));
/// # Ok::<(), barenet::ShapeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calibration {
    /// Up to the largest: none is cut off.
    Max,
    /// Up to the number below which [`Self::PERCENTILE`] of a hundred lie, those that are 0 among them.
    Percentile,
    /// The range with the least expected squared error, of 128 that are compared.
    #[default]
    SquaredError,
}

impl Calibration {
    /// Percentile of [`Self::Percentile`].
    pub const PERCENTILE: f64 = 99.99;
}
