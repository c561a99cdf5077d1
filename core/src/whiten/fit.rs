//! What whitens the inputs of a data set.

use super::places::Places;
use super::{MAX_WHITENED_INPUTS, MAX_WHITENING_LEN, MIN_EPSILON, first_layer, whitening_len};
use crate::arch::Arch;
use crate::error::{Error, check_buffer, check_len};
use crate::float::Float;
use crate::machine::{Machine, Pass, Split, run};
use crate::slices::{Divide, rows_of, rows_of_mut, take, take_mut};
use crate::solver::{Dataset, Sample};

/// Finds L⁻¹ of each place of the first layer, for [`Whitening`](super::Whitening).
///
/// ```text
/// C = Σ (x − mean)·(x − mean)ᵀ / N        LLᵀ = C + epsilon · v · I
/// ```
///
/// v is the mean variance of the inputs of all places, so that a window in which hardly anything happens is not magnified to what
/// others are. The N samples are spread over all of the data, and read as they are, without augmentation. Where all inputs are always
/// the same, L is I.
///
/// # Shapes
///
/// | argument | shape | role |
/// |----------|-------|------|
/// | `num_samples` | | N at most |
/// | `epsilon` | | at least 1e-6: the share of v that is added to each variance |
/// | `factors` | [`whitening_len`] | output |
/// | `means` | `arch.input_dim()` | may hold anything |
/// | `x` | at least `arch.input_dim()` | room for some samples, the faster the more; may hold anything |
///
/// # Errors
///
/// [`Error::Shape`] for a slice of another length, or data that are no inputs of this network; [`Error::BufferTooSmall`] if `x` has no
/// room for a sample; [`Error::InvalidConfig`] if `epsilon` is out of its range, there are no samples, a unit of the first layer sees more
/// than [`MAX_WHITENED_INPUTS`] inputs, or there are more than [`MAX_WHITENING_LEN`] factors; [`Error::NonFinite`] if an input is NaN or
/// infinite, or so are the squares.
///
/// # Example
///
/// ```
/// use barenet::{Arch, Dataset, Portable, Sample, Target, fit_whitening};
///
/// /// Two inputs that differ little from each other.
/// struct Pairs;
/// impl Dataset<f32> for Pairs {
///     fn len(&self) -> usize { 4 }
///     fn input_dim(&self) -> usize { 2 }
///     fn target(&self, _: usize) -> Target { Target::Class(0) }
///     fn read(&self, sample: Sample, start: usize, x: &mut [f32]) {
///         let pairs = [[5.0, 3.0], [3.0, 5.0], [-5.0, -3.0], [-3.0, -5.0]];
///         for (x, &number) in x.iter_mut().zip(&pairs[sample.index][start..]) {
///             *x = number;
///         }
///     }
/// }
///
/// let (mut factors, mut means, mut x) = ([0.0; 4], [0.0; 2], [0.0; 2]);
/// fit_whitening(&Portable, &Arch::new(&[2, 1]), &Pairs, 4, 1e-6, &mut factors, &mut means, &mut x)?;
/// // C is [17, 15; 15, 17]; its L has √17, 15/√17 and 8/√17.
/// for (found, expected) in factors.into_iter().zip([0.2425, 0.0, -0.4547, 0.5154]) {
///     assert!((found - expected).abs() < 1e-4);
/// }
/// # Ok::<(), barenet::Error>(())
/// ```
///
/// Of a Cholesky factor rather than the symmetric root of ZCA (Bell and Sejnowski, 1997): half the arithmetic to find.
pub fn fit_whitening<T: Float>(
    machine: &impl Machine,
    arch: &Arch<'_>,
    data: &impl Dataset<T>,
    num_samples: usize,
    epsilon: f64,
    factors: &mut [f64],
    means: &mut [f64],
    x: &mut [T],
) -> Result<(), Error> {
    let refuse = |what| Err(Error::InvalidConfig { what });
    let Some(layer) = first_layer(arch) else { return Ok(()) };
    let (count, dim) = (num_samples.min(data.len()), arch.input_dim());
    check_len("input_dim", dim, data.input_dim())?;
    check_len("factors", whitening_len(arch), factors.len())?;
    check_len("means", dim, means.len())?;
    check_buffer("x", dim, x.len())?;
    if !(epsilon >= MIN_EPSILON && epsilon.is_finite()) {
        return refuse("whitening takes an epsilon that is finite and at least 1e-6");
    }
    if count == 0 {
        return refuse("whitening takes samples");
    }
    if layer.windows.fan_in() > MAX_WHITENED_INPUTS {
        return refuse("whitening takes a first layer whose units see at most 1,024 inputs each");
    }
    if factors.len() > MAX_WHITENING_LEN {
        return refuse("whitening takes at most 8,388,608 factors");
    }
    let read = |number: usize, x: &mut [T]| {
        let index = number.saturating_mul(data.len()) / count;
        data.read(Sample::new(index), 0, x);
    };
    means.fill(0.0);
    for number in 0..count {
        let x = x.get_mut(..dim).unwrap_or_default();
        read(number, x);
        // So that the mean of numbers that are all the same is that number.
        for (mean, &x) in means.iter_mut().zip(&*x) {
            *mean += (x.to_f64() - *mean) / f64::from_usize(number + 1);
        }
    }
    factors.fill(0.0);
    let places = Places::of(layer.windows);
    let rows = x.len().checked_div(dim).unwrap_or(0).max(1);
    for first in (0..count).step_by(rows) {
        let of_block = first..count.min(first + rows);
        let len = of_block.len() * dim;
        for (number, x) in of_block.zip(rows_of_mut(x, dim)) {
            read(number, x);
        }
        let (x, means) = (x.get(..len).unwrap_or_default(), &*means);
        run(machine, AddSquares { arch, places: places.clone(), means, x, factors: &mut *factors });
    }
    let (mut traces, mut num_inputs, mut rest) = (0.0, 0, &*factors);
    for (k, _) in places.iter() {
        let square = take(&mut rest, k * k).unwrap_or_default();
        traces += square.iter().step_by(k + 1).sum::<f64>();
        num_inputs += k;
    }
    // So that variances are above 0, whatever the inputs are.
    let (more, count) = match traces == 0.0 {
        true => (1.0, 1.0),
        false => (epsilon * traces / f64::from_usize(num_inputs), f64::from_usize(count)),
    };
    if run(machine, InvertRoots { places, more, count, factors }) > 0.0 {
        return Err(Error::NonFinite { what: "inputs" });
    }
    Ok(())
}

/// C ← C + Σ (x − mean)·(x − mean)ᵀ of each place, on and below the diagonal.
struct AddSquares<'a, 'b, T> {
    arch: &'a Arch<'b>,
    places: Places,
    means: &'a [f64],
    /// Some samples.
    x: &'a [T],
    factors: &'a mut [f64],
}

impl<T: Float> Pass for AddSquares<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { arch, places, means, x, factors: mut rest } = self;
        let picture = arch.local().picture;
        let mut seen = [0.0; MAX_WHITENED_INPUTS];
        for (k, inputs) in places.iter() {
            let square = take_mut(&mut rest, k * k).unwrap_or_default();
            let seen = seen.get_mut(..k).unwrap_or_default();
            for x in rows_of(x, arch.input_dim()) {
                for (seen, input) in seen.iter_mut().zip(inputs.clone()) {
                    let at = if arch.has_local() { picture.place_in_sample(input) } else { input };
                    if let (Some(x), Some(mean)) = (x.get(at), means.get(at)) {
                        *seen = x.to_f64() - mean;
                    }
                }
                // Of row i the first i + 1 numbers.
                for ((i, row), &x) in rows_of_mut(square, k).enumerate().zip(&*seen) {
                    for (sum, &seen) in row.iter_mut().zip(&*seen).take(i + 1) {
                        *sum += x * seen;
                    }
                }
            }
        }
    }
}

impl<T: Float> Split for AddSquares<'_, '_, T> {
    fn split_point(&self) -> Option<usize> {
        let rows = self.x.len().checked_div(self.arch.input_dim()).unwrap_or(0);
        self.places.split_point(rows.saturating_mul(self.factors.len()) / 2)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { arch, places, means, x, factors } = self;
        let ([first, second], _, len) = places.split(at);
        let factors = factors.divide(len);
        let part = |places, factors| Self { arch, places, means, x, factors };
        (part(first, factors.0), part(second, factors.1))
    }
}

/// L⁻¹ of each place, of (C + more · I) / count = LLᵀ. The result is of how many places there is none, because numbers are not finite.
struct InvertRoots<'a> {
    places: Places,
    more: f64,
    count: f64,
    factors: &'a mut [f64],
}

impl Pass for InvertRoots<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let Self { places, more, count, factors: mut rest } = self;
        let failed = places.iter().filter(|&(k, _)| {
            let square = take_mut(&mut rest, k * k).unwrap_or_default();
            invert_root(square, k, more, count).is_none()
        });
        f64::from_usize(failed.count())
    }
}

impl Split for InvertRoots<'_> {
    fn split_point(&self) -> Option<usize> {
        let k = self.places.windows.fan_in();
        self.places.split_point(self.factors.len().saturating_mul(k) / 2)
    }

    fn split_at(self, at: usize) -> (Self, Self) {
        let Self { places, more, count, factors } = self;
        let ([first, second], _, len) = places.split(at);
        let factors = factors.divide(len);
        let part = |places, factors| Self { places, more, count, factors };
        (part(first, factors.0), part(second, factors.1))
    }
}

/// L⁻¹ in place of the sums of C on and below the diagonal.
#[inline(always)]
fn invert_root(square: &mut [f64], k: usize, more: f64, count: f64) -> Option<()> {
    for i in 0..k {
        let (above, rest) = square.split_at_mut_checked(i * k)?;
        let row = rest.get_mut(..k)?;
        *row.get_mut(i)? += more;
        for x in row.iter_mut() {
            *x /= count;
        }
        for (j, of_j) in (0..i).zip(rows_of(above, k)) {
            let (before, at) = row.split_at_mut_checked(j)?;
            let sum: f64 = before.iter().zip(of_j).map(|(a, b)| a * b).sum();
            let at = at.first_mut()?;
            *at = (*at - sum) / of_j.get(j)?;
        }
        let (before, at) = row.split_at_mut_checked(i)?;
        let (at, after) = at.split_first_mut()?;
        let pivot = *at - before.iter().map(|x| x * x).sum::<f64>();
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        *at = Float::sqrt(pivot);
        after.fill(0.0);
    }
    for i in 0..k {
        let (above, rest) = square.split_at_mut_checked(i * k)?;
        let (before, at) = rest.get_mut(..k)?.split_at_mut_checked(i)?;
        let at = at.first_mut()?;
        for (j, of_j) in (0..i).zip(rows_of(above, k)) {
            let (sums, l) = before.get_mut(..=j)?.split_at_mut_checked(j)?;
            let l = l.first_mut()?;
            for (sum, of_j) in sums.iter_mut().zip(of_j) {
                *sum += *l * of_j;
            }
            *l *= of_j.get(j)?;
        }
        *at = 1.0 / *at;
        for x in before {
            *x *= -*at;
        }
    }
    Some(())
}
