//! From a network's inputs to bytes.

/// The scale of the inputs: a real input is `scale` · (byte − `zero_point`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputScale {
    scale: f64,
    zero_point: u8,
}

impl InputScale {
    /// Pixels as they are, 0..=255: for a network into which the mean image is folded.
    pub const PIXELS: Self = Self { scale: 1.0, zero_point: 0 };

    /// The scale for inputs from `min` to `max`, those of the calibration. 0 is always in the range, and
    /// exactly one of its bytes.
    ///
    /// ```
    /// use barenet::quant::InputScale;
    /// let scale = InputScale::from_range(-64.0, 191.0).unwrap();
    /// assert_eq!((scale.scale(), scale.zero_point()), (1.0, 64));
    /// assert_eq!([-99.0, 0.0, 0.4, 0.5].map(|x| scale.quantize(x)), [0, 64, 64, 65]);
    /// assert!(InputScale::from_range(0.0, f64::NAN).is_none());
    /// ```
    ///
    /// `None` if there is no such range: a bound is NaN or infinite, or all inputs are 0.
    #[must_use]
    pub fn from_range(min: f64, max: f64) -> Option<Self> {
        let is_finite = min.is_finite() && max.is_finite();
        let (min, max) = (min.min(0.0), max.max(0.0));
        let scale = (max - min) / 255.0;
        if !is_finite || !scale.is_finite() || scale <= 0.0 {
            return None;
        }
        Some(Self { scale, zero_point: libm::round(-min / scale) as u8 })
    }

    /// A scale that is known, for a `const`.
    ///
    /// # Panics
    ///
    /// If `scale` is not a finite number above 0: in a `const`, a compile error.
    #[must_use]
    pub const fn new(scale: f64, zero_point: u8) -> Self {
        assert!(scale > 0.0 && scale.is_finite(), "a scale must be finite and above 0");
        Self { scale, zero_point }
    }

    /// The size of a step.
    #[must_use]
    pub const fn scale(&self) -> f64 {
        self.scale
    }

    /// The byte that stands for 0.
    #[must_use]
    pub const fn zero_point(&self) -> u8 {
        self.zero_point
    }

    /// The byte nearest to a real input, in `f32` arithmetic that gives the same bits everywhere. NaN
    /// becomes 0.
    ///
    /// ```text
    /// saturate(⌊x · (1/scale) + (zero_point + 0.5)⌋)
    /// ```
    #[must_use]
    #[inline]
    pub const fn quantize(&self, x: f32) -> u8 {
        let inverse = (1.0 / self.scale) as f32;
        // `as` rounds toward 0, which is down for all that do not become 0 anyway.
        (x * inverse + (self.zero_point as f32 + 0.5)) as u8
    }
}
