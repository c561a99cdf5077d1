//! Calibration: what range the activations of a layer have.
//!
//! A layer's outputs are counted in a histogram, from which a [`Calibration`] chooses the range. By default it is cut
//! where the expected squared error is smallest: a few rare large values are worth less than finer steps for all others.

use super::calibration::Calibration;
use crate::arch::Arch;
use crate::error::{Error, check_buffer, check_len, check_shape};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::mat::Mat;
use crate::net::{FoldedNet, FullyConnectedNet};
use crate::state::Weights;

const BINS: usize = 1024;

/// Scores this many times as far from 0 as the highest ones of any image decide nothing: those of a class that
/// is ruled out by a bias, say. They may be cut off.
const SCORE_DEPTH: f64 = 16.0;

/// Counts the outputs of one layer by their absolute value.
///
/// One pass is enough: a value beyond the last bin makes all bins twice as wide.
#[derive(Clone, Debug)]
pub struct Observer {
    bins: [u64; BINS],
    /// Width of a bin; 0 before the first value above 0.
    width: f64,
    samples: usize,
    /// Values that are finite, zeros among them.
    values: u64,
    max: f64,
    /// The rule that chooses the range.
    calibration: Calibration,
    /// The largest absolute value among the two highest outputs of each image.
    highest: f64,
    /// Whether outputs far below the highest matter as well.
    all_matter: bool,
    is_finite: bool,
}

impl Default for Observer {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer {
    /// An observer that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bins: [0; BINS],
            width: 0.0,
            samples: 0,
            values: 0,
            max: 0.0,
            calibration: Calibration::SquaredError,
            highest: 0.0,
            all_matter: false,
            is_finite: true,
        }
    }

    /// An observer of outputs that are values, not scores of classes: none is too far below others to matter.
    #[must_use]
    pub const fn of_values() -> Self {
        Self { all_matter: true, ..Self::new() }
    }

    /// The same with another rule for the range.
    #[must_use]
    pub const fn by(self, calibration: Calibration) -> Self {
        Self { calibration, ..self }
    }

    /// Number of images that it has seen.
    #[must_use]
    pub const fn samples(&self) -> usize {
        self.samples
    }

    /// The largest absolute value seen.
    #[must_use]
    pub const fn max(&self) -> f64 {
        self.max
    }

    /// Whether all values were finite.
    #[must_use]
    pub const fn is_finite(&self) -> bool {
        self.is_finite
    }

    /// Counts the outputs of a layer, (N, M), for N images.
    pub fn observe<T: Float>(&mut self, out: Mat<'_, T>) {
        self.samples = self.samples.saturating_add(out.rows());
        for value in out.data() {
            let value = value.to_f64().abs();
            if !value.is_finite() {
                self.is_finite = false;
                continue;
            }
            self.values = self.values.saturating_add(1);
            if value > 0.0 {
                self.count(value);
            }
        }
        for row in out.row_iter() {
            let (mut first, mut second) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
            for value in row.iter().map(|value| value.to_f64()) {
                if value > first {
                    (first, second) = (value, first);
                } else if value > second {
                    second = value;
                }
            }
            for value in [first, second].into_iter().filter(|value| value.is_finite()) {
                self.highest = self.highest.max(value.abs());
            }
        }
    }

    /// The range of scores: up to the largest, but not for the sake of those that are far below the highest.
    pub(super) fn score_range(&self) -> f64 {
        let is_cut = self.highest > 0.0 && !self.all_matter;
        if is_cut { self.max.min(SCORE_DEPTH * self.highest) } else { self.max }
    }

    fn count(&mut self, value: f64) {
        self.max = self.max.max(value);
        if self.width == 0.0 {
            // Not 0, which could not be widened, and not subnormal, which is 0 to some CPUs.
            self.width = (value / f64::from_usize(BINS / 2)).max(f64::MIN_POSITIVE);
        }
        // At most 2100 times, from the smallest number of an f64 to its largest.
        while value >= self.width * f64::from_usize(BINS) {
            self.widen();
        }
        if let Some(bin) = self.bins.get_mut((value / self.width) as usize) {
            *bin += 1;
        }
    }

    /// Two bins become one.
    fn widen(&mut self) {
        self.width *= 2.0;
        for i in 0..BINS {
            let pair = self.bins.get(2 * i..2 * i + 2).unwrap_or_default();
            let sum = pair.iter().sum();
            if let Some(bin) = self.bins.get_mut(i) {
                *bin = sum;
            }
        }
    }

    /// The largest value to represent with `steps` steps from 0, by the rule of the observer. 0 if nothing above 0 was
    /// seen.
    #[must_use]
    pub fn clip(&self, steps: u32) -> f64 {
        match self.calibration {
            Calibration::Max => self.max,
            Calibration::Percentile => self.percentile(Calibration::PERCENTILE),
            Calibration::SquaredError => self.least_error(steps),
        }
    }

    /// The end of the bin in which a percentile of all values lies.
    fn percentile(&self, percentile: f64) -> f64 {
        let beyond = (self.values as f64 * ((100.0 - percentile) / 100.0)) as u64;
        let mut seen = 0_u64;
        for (i, &count) in self.bins.iter().enumerate().rev() {
            seen = seen.saturating_add(count);
            if seen > beyond {
                return self.max.min(f64::from_usize(i + 1) * self.width);
            }
        }
        0.0
    }

    /// The range with the least expected squared error.
    ///
    /// Within the range a value is off by up to half a step, step²/12 on average; beyond it, by what is
    /// cut off.
    fn least_error(&self, steps: u32) -> f64 {
        let (mut best, mut best_error) = (self.max, f64::INFINITY);
        for candidate in 1..=CANDIDATES {
            let clip = self.max * f64::from(candidate) / f64::from(CANDIDATES);
            let rounding = (clip / f64::from(steps)) * (clip / f64::from(steps)) / 12.0;
            let mut error = 0.0;
            for (i, &count) in self.bins.iter().enumerate() {
                let beyond = (f64::from_usize(i) + 0.5) * self.width - clip;
                let each = if beyond > 0.0 { beyond * beyond } else { rounding };
                error += count as f64 * each;
            }
            if error <= best_error {
                (best, best_error) = (clip, error);
            }
        }
        best
    }
}

/// Ranges that are tried: multiples of 1/128 of the largest value.
const CANDIDATES: u32 = 128;

/// Runs a batch through a folded network and shows each layer's outputs to its observer.
///
/// Call it for batch after batch. The images are as the device will get them: raw pixels if the mean
/// image was [folded](crate::fold) away.
///
/// # Shapes
///
/// | argument    | shape                            | role                                   |
/// |-------------|----------------------------------|----------------------------------------|
/// | `params`    | (`arch.num_params()`)            | folded: W1 b1 W2 b2 …                  |
/// | `x`         | (N, D)                           | images                                 |
/// | `workspace` | ≥ `arch.infer_workspace_len(N)`, with locally connected layers ≥ `arch.folded_workspace_len()` | scratch |
/// | `observers` | (`arch.num_quant_layers()`)      | updated: one for each layer's outputs  |
///
/// # Errors
///
/// [`Error::Shape`] naming the first argument that disagrees, or `running` if the network has batch
/// norm, which must be folded first; [`Error::BufferTooSmall`] for the workspace.
pub fn calibrate<T: Float>(
    gemm: &impl Gemm<T>,
    arch: &Arch<'_>,
    params: &[T],
    x: Mat<'_, T>,
    workspace: &mut [T],
    observers: &mut [Observer],
) -> Result<(), Error> {
    check_len("observers", arch.num_quant_layers(), observers.len())?;
    each_layer(gemm, arch, params, x, workspace, |number, out| {
        if let Some(observer) = observers.get_mut(number) {
            observer.observe(out);
        }
    })
}

/// Runs a batch through a folded network, and raises `ranges`, one for each hidden unit, to the largest output
/// that it had: what [`equalize`](super::equalize) needs. Begin with zeros.
///
/// # Errors
///
/// Those of [`calibrate`], with `ranges` (`arch.num_hidden_units()`) in place of `observers`.
pub fn observe_units<T: Float>(
    gemm: &impl Gemm<T>,
    arch: &Arch<'_>,
    params: &[T],
    x: Mat<'_, T>,
    workspace: &mut [T],
    ranges: &mut [T],
) -> Result<(), Error> {
    check_len("ranges", arch.num_hidden_units(), ranges.len())?;
    each_layer(gemm, arch, params, x, workspace, |number, out| {
        let before: usize =
            arch.any_layers().take(number).map(|layer| layer.windows.num_outputs()).sum();
        // The outputs of the last layer are no units, and nothing is left for them.
        let own = before..before.saturating_add(out.cols());
        let Some(own) = ranges.get_mut(own) else { return };
        for row in out.row_iter() {
            for (range, &value) in own.iter_mut().zip(row) {
                *range = range.max(value);
            }
        }
    })
}

/// Runs a batch through a folded network and shows each layer's outputs, with its number; of a network with locally
/// connected layers those of each sample on its own.
fn each_layer<T: Float>(
    gemm: &impl Gemm<T>,
    arch: &Arch<'_>,
    params: &[T],
    x: Mat<'_, T>,
    workspace: &mut [T],
    mut show: impl FnMut(usize, Mat<'_, T>),
) -> Result<(), Error> {
    check_len("running", arch.num_running(), 0)?;
    if arch.has_local() {
        let net = FoldedNet::try_new(*arch, params)?;
        check_shape("x", (x.rows(), arch.input_dim()), x.shape())?;
        check_buffer("workspace", arch.folded_workspace_len(), workspace.len())?;
        for x in x.row_iter() {
            let _scores = net.run_local(x, workspace, |number, out| {
                let _whole = Mat::new(out, 1, out.len()).map(|out| show(number, out));
            });
        }
        return Ok(());
    }
    let net = FullyConnectedNet::with_arch(*arch);
    let weights = Weights { params, running: &[] };
    let mut number = 0;
    let show = |out: Mat<'_, T>| {
        show(number, out);
        number += 1;
    };
    net.run(gemm, weights, x, arch.num_layers(), workspace, show).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_far_below_the_highest_are_cut_off_of_classes_alone() {
        // The two highest of each sample are small, the last is ruled out.
        let out = [1.0, 2.0, -1000.0, -1.0, 0.5, -900.0];
        let out = Mat::new(&out, 2, 3).unwrap();
        let (mut classes, mut values) = (Observer::new(), Observer::of_values());
        classes.observe(out);
        values.observe(out);
        assert_eq!((classes.score_range(), values.score_range()), (32.0, 1000.0));
    }

    #[test]
    fn each_rule_has_a_range_of_its_own() {
        // 0, 1, …, 9999: one in ten thousand lies beyond 9998.
        let out: std::vec::Vec<f64> = (0..10_000).map(f64::from).collect();
        let range = |calibration| {
            let mut observer = Observer::new().by(calibration);
            observer.observe(Mat::new(&out, 100, 100).unwrap());
            observer.clip(255)
        };
        assert_eq!(range(Calibration::Max), 9999.0);
        let percentile = range(Calibration::Percentile);
        // Up to the width of a bin, which is less than 2 in 1024.
        assert!((9998.0..=9999.0).contains(&percentile), "{percentile}");
        // Alike as they are, none is worth cutting off.
        assert!(range(Calibration::SquaredError) > 9700.0);
    }

    #[test]
    fn zeros_count_for_the_percentile_and_nothing_seen_is_0() {
        // One in ten thousand is 1, as many are a half, and all others 0.
        let mut out = std::vec![0.0; 100_000];
        out[..20].fill(0.5);
        out[..10].fill(1.0);
        let mut observer = Observer::new().by(Calibration::Percentile);
        assert_eq!(observer.clip(255), 0.0);
        observer.observe(Mat::new(&out, 1000, 100).unwrap());
        let range = observer.clip(255);
        assert!((0.5..0.51).contains(&range), "{range}");
        let mut zeros = Observer::new().by(Calibration::Percentile);
        zeros.observe(Mat::new(&[0.0; 64], 32, 2).unwrap());
        assert_eq!(zeros.clip(255), 0.0);
    }
}
