//! Data sets and their samples.

use crate::error::{Error, check_len};
use crate::float::Float;
use crate::gemm::{RowRange, Rows};
use crate::layers::{Label, Target};
use crate::net::FullyConnectedNet;
use crate::rng::Rng;
use crate::scaling::Scaling;
use core::ops::Range;

/// One reading of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Place of the sample in the data set, from 0.
    pub index: usize,
    /// The epoch that reads it, in training.
    draw: Option<Draw>,
}

/// An epoch of a run, and the random numbers by which the run changes samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Draw {
    of_epoch: Rng,
    of_run: Rng,
    epoch: u64,
}

impl Draw {
    /// An epoch, from 0, of a run that has these random numbers. The streams are split here, once, and not where samples are read.
    pub(super) const fn new(rng: Rng, epoch: u64) -> Self {
        // No run comes to the last epoch.
        Self { of_epoch: rng.fork(epoch), of_run: rng.fork(u64::MAX), epoch }
    }
}

impl Sample {
    /// Sample `index` as it is.
    #[must_use]
    pub const fn new(index: usize) -> Self {
        Self { index, draw: None }
    }

    /// Sample `index` in an epoch, from 0, of a run that has these random numbers.
    ///
    /// ```
    /// use barenet::{Rng, Sample};
    /// let [first, second] = [0, 1].map(|epoch| Sample::in_epoch(7, Rng::seed(1), epoch));
    /// assert_ne!(first.rng(), second.rng());
    /// assert_eq!(first.rng_of_run(), second.rng_of_run());
    /// assert_eq!((second.epoch(), Sample::new(7).epoch()), (Some(1), None));
    /// ```
    #[must_use]
    pub const fn in_epoch(index: usize, rng: Rng, epoch: u64) -> Self {
        Self { index, draw: Some(Draw::new(rng, epoch)) }
    }

    /// The random numbers for augmentation, by which the sample is changed (mirrored, shifted, mixed with
    /// noise): in an epoch the same whenever it is read, in each epoch others, and a function of the seed of the run.
    /// `None` where it is wanted as it is: when networks are measured.
    #[must_use]
    #[doc(alias = "augmentation")]
    pub fn rng(&self) -> Option<Rng> {
        self.draw.map(|draw| self.of_this_sample(draw.of_epoch))
    }

    /// Random numbers of the sample that are the same in every epoch, for what goes on from one to the next, such as a
    /// flip every other epoch. `None` as in [`Self::rng`].
    #[must_use]
    pub fn rng_of_run(&self) -> Option<Rng> {
        self.draw.map(|draw| self.of_this_sample(draw.of_run))
    }

    /// The epoch that reads the sample, from 0. `None` as in [`Self::rng`].
    #[must_use]
    pub fn epoch(&self) -> Option<u64> {
        self.draw.map(|draw| draw.epoch)
    }

    /// Another sample, as the same epoch reads it.
    ///
    /// ```
    /// use barenet::{Rng, Sample};
    /// let in_epoch = |index| Sample::in_epoch(index, Rng::seed(1), 3);
    /// assert_eq!(in_epoch(7).beside(2), in_epoch(2));
    /// ```
    #[must_use]
    pub const fn beside(self, index: usize) -> Self {
        Self { index, ..self }
    }

    fn of_this_sample(&self, rng: Rng) -> Rng {
        rng.fork(u64::try_from(self.index).unwrap_or(u64::MAX))
    }
}

/// Samples and their targets, that can be read in any order, and in parts.
///
/// The numbers of a sample are made when and where they are multiplied, so images can stay bytes in
/// memory or in flash, and no batch of numbers is ever stored.
///
/// ```
/// use barenet::{Dataset, Sample, Target};
///
/// /// Images as a camera gives them.
/// struct Images<'a> {
///     pixels: &'a [[u8; 64]],
///     labels: &'a [u32],
/// }
///
/// impl Dataset<f32> for Images<'_> {
///     fn len(&self) -> usize { self.pixels.len() }
///
///     fn input_dim(&self) -> usize { 64 }
///
///     fn target(&self, index: usize) -> Target { Target::Class(self.labels[index]) }
///
///     fn read(&self, sample: Sample, start: usize, x: &mut [f32]) {
///         for (x, &pixel) in x.iter_mut().zip(&self.pixels[sample.index][start..]) {
///             *x = f32::from(pixel);
///         }
///     }
/// }
/// ```
pub trait Dataset<T>: Sync {
    /// The number of samples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of a sample, D.
    fn input_dim(&self) -> usize;

    /// Target of sample `index`, which is below `len()`: of all samples a class, or of all
    /// as many numbers.
    fn target(&self, index: usize) -> Target;

    /// Writes the numbers of a sample from number `start` on to `x`, as many as it has room for. Mark it
    /// `#[inline(always)]`, so that it is compiled for the CPU's vector instructions.
    fn read(&self, sample: Sample, start: usize, x: &mut [T]);

    /// Writes the numbers of its target from number `start` on to `y`, as many as it has room for, if targets
    /// are [`Target::Values`]. Unless it is said otherwise they are those of the sample, as an autoencoder
    /// wants it.
    fn read_target(&self, sample: Sample, start: usize, y: &mut [T]) {
        self.read(sample, start, y);
    }

    /// The sample that is mixed into this one, and its share, 0 to 1, in training: of all samples of an epoch, or of none as unless it
    /// is said otherwise. [`Self::read`] and [`Self::read_target`] mix the numbers themselves; of classes the Solver does it, with
    /// [`Mixup`](crate::layers::Mixup).
    #[inline(always)]
    fn mixed_with(&self, sample: Sample) -> Option<(Sample, f64)> {
        let _ignored = sample;
        None
    }

    /// The bytes in memory that [`Self::read`] makes these numbers of sample `index` of, if they lie in one piece: a
    /// backend may fetch them ahead, as [`Rows::bytes`] says. Of a sample that an epoch changes, those that it is made of
    /// may lie beside them.
    #[inline(always)]
    fn bytes(&self, index: usize, numbers: Range<usize>) -> &[u8] {
        let _ignored = (index, numbers);
        &[]
    }

    /// How [`Self::read`] makes its numbers, if each is the byte of its place in [`Self::bytes`], scaled so, of every sample and draw,
    /// as [`Rows::scaled_bytes`] says.
    #[inline(always)]
    fn scaled_bytes(&self) -> Option<Scaling<'_, T>> {
        None
    }
}

/// Refuses data, of which there are some, that are not what the network takes.
pub(super) fn check_data<T: Float>(
    what: &'static str,
    data: &impl Dataset<T>,
    net: &FullyConnectedNet<'_, T>,
) -> Result<(), Error> {
    check_len(what, net.arch.input_dim(), data.input_dim())?;
    if !net.metric().is_of(net.loss) {
        let what = "a loss of classes takes a metric of classes, one of numbers such as MSE or MAE";
        return Err(Error::InvalidConfig { what });
    }
    match data.target(0) {
        // Each class is checked when it is used.
        Target::Class(_) => net.loss.check_target(0, Target::Class(0), net.arch.num_classes()),
        values @ Target::Values(_) => net.loss.check_target(0, values, net.arch.num_classes()),
    }
}

/// The label of sample `index`, if the network has that class.
pub(super) fn label_of<T>(
    data: &impl Dataset<T>,
    index: usize,
    net: &FullyConnectedNet<'_, T>,
) -> Result<Label, Error> {
    let target = data.target(index);
    net.loss.check_target(index, target, net.arch.num_classes())?;
    match target {
        Target::Class(label) => Ok(label),
        Target::Values(_) => Ok(0), // Refused, as only losses of classes ask for labels.
    }
}

/// Some samples, as the input of a network. `index` says which sample each row is, of which these are some.
#[derive(Clone, Copy)]
pub(super) struct Batch<D, I> {
    pub(super) data: D,
    pub(super) index: I,
    pub(super) draw: Option<Draw>,
    pub(super) first: usize,
    pub(super) len: usize,
}

impl<D, I: Fn(usize) -> usize> Batch<D, I> {
    #[inline(always)]
    pub(super) fn sample(&self, row: usize) -> Sample {
        Sample { index: (self.index)(self.first + row), draw: self.draw }
    }
}

impl<T, D: Dataset<T>, I: Fn(usize) -> usize + Sync> Rows<T> for Batch<&D, I> {
    fn shape(&self) -> (usize, usize) {
        (self.len, self.data.input_dim())
    }

    #[inline(always)]
    fn read(&self, row: usize, start: usize, out: &mut [T]) {
        self.data.read(self.sample(row), start, out);
    }

    #[inline(always)]
    fn bytes(&self, row: usize, columns: Range<usize>) -> &[u8] {
        self.data.bytes((self.index)(self.first + row), columns)
    }

    #[inline(always)]
    fn scaled_bytes(&self) -> Option<Scaling<'_, T>> {
        self.data.scaled_bytes()
    }
}

impl<D: Copy, I: Copy> RowRange for Batch<D, I> {
    fn row_range(self, rows: Range<usize>) -> Self {
        let start = rows.start.min(self.len);
        let len = rows.end.min(self.len).saturating_sub(start);
        Self { first: self.first + start, len, ..self }
    }
}

/// The targets of a batch, of so many numbers each.
pub(super) struct BatchTargets<D, I>(pub(super) Batch<D, I>, pub(super) usize);

impl<T, D: Dataset<T>, I: Fn(usize) -> usize + Sync> Rows<T> for BatchTargets<&D, I> {
    fn shape(&self) -> (usize, usize) {
        (self.0.len, self.1)
    }

    fn read(&self, row: usize, start: usize, out: &mut [T]) {
        self.0.data.read_target(self.0.sample(row), start, out);
    }
}
