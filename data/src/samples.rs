//! The samples of a part of the data, as a network sees them. They stay in the type in which they came; each
//! becomes floating point, and is scaled, when a batch asks for it.

use crate::augment::Augmentation;
use crate::mixup::Mixup;
use crate::records::row;
use crate::split::{Index, Part, Split};
use crate::{DataSet, Numbers, Records, Task, Wanted};
use barenet::{Dataset, Float, Sample, Scaling, Target};
use bytemuck::NoUninit;
use std::ops::Range;

/// The samples of a part, scaled.
#[derive(Clone, Debug)]
pub struct Samples<'a, T> {
    records: &'a Records,
    index: &'a Index,
    inputs: Scaling<'a, T>,
    targets: Scaling<'a, T>,
    task: Task,
    fills_missing: bool,
    fill: &'a [T],
    augmentation: Option<Augmentation>,
    mixup: Option<Mixup>,
    /// All their numbers scaled, in the order of the samples, or nothing.
    kept: &'a [T],
}

/// Numbers that are kept scaled at most, for each byte of one as it came.
const MAX_KEPT: usize = 2 << 20;

impl<'a, T> Samples<'a, T> {
    /// The samples of one part of a data set, whose numbers and targets are scaled so.
    #[must_use]
    pub fn new(
        data: &'a DataSet,
        split: &'a Split,
        part: Part,
        inputs: Scaling<'a, T>,
        targets: Scaling<'a, T>,
    ) -> Self {
        let (records, index) = (data.records(part), split.index(part));
        let (task, fills_missing) = (data.task, data.fills_missing);
        Self {
            records,
            index,
            inputs,
            targets,
            task,
            fills_missing,
            augmentation: None,
            mixup: None,
            fill: &[],
            kept: &[],
        }
    }

    /// The same with these scaled numbers in the place of missing ones; without them that is 0.
    #[must_use]
    pub fn filled_with(self, fill: &'a [T]) -> Self {
        Self { fill, ..self }
    }

    /// The same, augmented where an epoch of training reads them.
    #[must_use]
    pub fn augmented(self, augmentation: Option<Augmentation>) -> Self {
        Self { augmentation, ..self }
    }

    /// The same, each mixed with another where an epoch of training reads them.
    #[must_use]
    pub fn mixed(self, mixup: Option<Mixup>) -> Self {
        Self { mixup, ..self }
    }
}

impl<'a, T: Float + NoUninit + From<u8> + From<i16> + From<f32>> Samples<'a, T> {
    /// How many numbers of memory [`kept`](Self::kept) takes: none where there are many samples, the fewer, the less memory they
    /// took as they came, and of those that are augmented, which are others in every epoch.
    #[must_use]
    pub fn kept_len(&self) -> usize {
        let came_in = match self.records.numbers() {
            Numbers::U8(_) => size_of::<u8>(),
            Numbers::I16(_) => size_of::<i16>(),
            Numbers::F32(_) => size_of::<f32>(),
        };
        let len = self.len().saturating_mul(self.records.row_len());
        let are_kept = self.augmentation.is_none() && len <= MAX_KEPT * came_in;
        if are_kept { len } else { 0 }
    }

    /// The same, to be read again and again: scaled here, once, into `memory` of [`kept_len`](Self::kept_len) numbers. In memory
    /// of another length nothing is kept, and each is scaled whenever it is read.
    #[must_use]
    pub fn kept(mut self, memory: &'a mut [T]) -> Self {
        if memory.len() == self.kept_len() {
            let row_len = self.records.row_len().max(1);
            for (index, row) in memory.chunks_exact_mut(row_len).enumerate() {
                self.read(Sample::new(index), 0, row);
            }
            self.kept = memory;
        }
        self
    }
}

impl<T: Float + NoUninit + From<u8> + From<i16> + From<f32>> Dataset<T> for Samples<'_, T> {
    fn len(&self) -> usize {
        self.index.len()
    }

    fn input_dim(&self) -> usize {
        self.records.row_len()
    }

    fn target(&self, index: usize) -> Target {
        match (self.task, self.records.targets()) {
            (Task::Reconstruct, _) | (_, Wanted::Nothing(_)) => {
                Target::Values(self.records.row_len())
            }
            (_, Wanted::Classes(labels)) => {
                Target::Class(labels.get(self.index.place(index)).copied().unwrap_or(0))
            }
            (_, Wanted::Values { width, .. }) => Target::Values(*width),
        }
    }

    #[inline(always)]
    fn read(&self, sample: Sample, start: usize, x: &mut [T]) {
        self.read_alone(sample, start, x);
        if let Some((other, share)) = self.mixed_with(sample) {
            self.mix_in(other, share, start, x);
        }
    }

    fn read_target(&self, sample: Sample, start: usize, y: &mut [T]) {
        self.read_target_alone(sample, start, y);
        if let Some((other, share)) = self.mixed_with(sample) {
            mix(T::from_f64(share), start, y, |start, y| self.read_target_alone(other, start, y));
        }
    }

    #[inline(always)]
    fn mixed_with(&self, sample: Sample) -> Option<(Sample, f64)> {
        self.mixup.and_then(|mixup| mixup.other(sample, self.len()))
    }

    #[inline(always)]
    fn bytes(&self, index: usize, numbers: Range<usize>) -> &[u8] {
        let len = self.records.row_len();
        if !self.kept.is_empty() {
            return memory(row(self.kept, index, len).get(numbers));
        }
        let place = self.index.place(index);
        match self.records.numbers() {
            Numbers::U8(all) => row(all, place, len).get(numbers).unwrap_or_default(),
            Numbers::I16(all) => memory(row(all, place, len).get(numbers)),
            Numbers::F32(all) => memory(row(all, place, len).get(numbers)),
        }
    }

    #[inline(always)]
    fn scaled_bytes(&self) -> Option<Scaling<'_, T>> {
        // Of what is augmented or mixed, a number is not the byte of its place.
        let are_bytes = self.augmentation.is_none()
            && self.mixup.is_none()
            && self.kept.is_empty()
            && matches!(self.records.numbers(), Numbers::U8(_));
        are_bytes.then_some(self.inputs)
    }
}

impl<T: Float + NoUninit + From<u8> + From<i16> + From<f32>> Samples<'_, T> {
    /// Mixes a share of another sample into the numbers of one. It is not compiled into every product: two samples are read anyway.
    #[inline(never)]
    fn mix_in(&self, other: Sample, share: f64, start: usize, x: &mut [T]) {
        mix(T::from_f64(share), start, x, |start, x| self.read_alone(other, start, x));
    }

    /// Reads a sample that is mixed with no other.
    #[inline(always)]
    fn read_alone(&self, sample: Sample, start: usize, x: &mut [T]) {
        let len = self.records.row_len();
        if !self.kept.is_empty() {
            let first = sample.index.saturating_mul(len).saturating_add(start);
            let kept = self.kept.get(first..).unwrap_or_default();
            x.iter_mut().zip(kept).for_each(|(x, kept)| *x = *kept);
            return;
        }
        let place = self.index.place(sample.index);
        match self.records.numbers() {
            Numbers::U8(all) => self.scale(row(all, place, len), sample, start, x),
            Numbers::I16(all) => self.scale(row(all, place, len), sample, start, x),
            Numbers::F32(all) => {
                self.scale(row(all, place, len), sample, start, x);
                if self.fills_missing {
                    let fill = self.fill.get(start..).unwrap_or_default().iter().copied();
                    let fill = fill.chain(std::iter::repeat(T::ZERO));
                    let missing =
                        x.iter_mut().zip(fill).filter(|(x, _)| x.partial_cmp(x).is_none());
                    missing.for_each(|(x, fill)| *x = fill);
                }
            }
        }
    }

    fn read_target_alone(&self, sample: Sample, start: usize, y: &mut [T]) {
        match (self.task, self.records.targets()) {
            (Task::Regress, Wanted::Values { numbers, width }) => {
                let place = self.index.place(sample.index);
                scale(tail(row(numbers, place, *width), start), self.targets, start, y);
            }
            _ => self.read_alone(sample, start, y),
        }
    }
}

/// The bytes of numbers in memory.
#[inline(always)]
fn memory<N: NoUninit>(numbers: Option<&[N]>) -> &[u8] {
    bytemuck::cast_slice(numbers.unwrap_or_default())
}

/// Numbers that are augmented before they are scaled: whatever kernels read at once.
const AT_ONCE: usize = 512;

impl<T: Float> Samples<'_, T> {
    /// Writes the inputs of a sample, of which these are all numbers, from number `start` on.
    #[inline(always)]
    fn scale<N: Copy + Default>(&self, numbers: &[N], sample: Sample, start: usize, x: &mut [T])
    where
        T: From<N>,
    {
        let augmentation = self.augmentation;
        let Some((augmentation, view)) = augmentation.and_then(|a| Some((a, a.view(sample)?)))
        else {
            return scale(tail(numbers, start), self.inputs, start, x);
        };
        let mut seen = [N::default(); AT_ONCE];
        for (x, start) in x.chunks_mut(AT_ONCE).zip((start..).step_by(AT_ONCE)) {
            let seen = seen.get_mut(..x.len()).unwrap_or_default();
            augmentation.read(&view, numbers, start, seen);
            scale(seen, self.inputs, start, x);
        }
        augmentation.cut_out(&view, start, x, &[T::ZERO]);
    }
}

/// Mixes into `x`, which are numbers of a sample from number `start` on, a share of those that `read` writes.
fn mix<T: Float>(share: T, start: usize, x: &mut [T], read: impl Fn(usize, &mut [T])) {
    let mut other = [T::ZERO; AT_ONCE];
    for (x, start) in x.chunks_mut(AT_ONCE).zip((start..).step_by(AT_ONCE)) {
        let other = other.get_mut(..x.len()).unwrap_or_default();
        read(start, other);
        x.iter_mut().zip(other).for_each(|(x, other)| *x += share * (*other - *x));
    }
}

/// The numbers from number `start` on.
#[inline(always)]
fn tail<N>(numbers: &[N], start: usize) -> &[N] {
    numbers.get(start..).unwrap_or_default()
}

/// Writes numbers, of which the first is number `start` of a sample, scaled.
#[inline(always)]
fn scale<T: Float + From<N>, N: Copy>(
    numbers: &[N],
    scaling: Scaling<'_, T>,
    start: usize,
    x: &mut [T],
) {
    let offset = scaling.offset.get(start..).unwrap_or_default();
    if scaling.factor.is_empty() {
        for ((x, &number), &offset) in x.iter_mut().zip(numbers).zip(offset) {
            *x = T::from(number) - offset;
        }
        return;
    }
    let factor = scaling.factor.get(start..).unwrap_or_default();
    for (((x, &number), &offset), &factor) in x.iter_mut().zip(numbers).zip(offset).zip(factor) {
        *x = (T::from(number) - offset) * factor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Source, builtin};

    fn read(
        records: Records,
        task: Task,
        inputs: Scaling<'_, f64>,
    ) -> (Vec<f64>, Vec<f64>, Target) {
        let data =
            DataSet { train: records, task, ..DataSet::empty(Source::drawn(&builtin::KIND)) };
        let split = Split {
            train: Index::List(vec![1]),
            val: Index::Range(0..0),
            test: Index::Range(0..0),
            fitted: Index::Range(0..0),
        };
        let targets = Scaling { offset: &[5.0], factor: &[2.0] };
        let samples = Samples::new(&data, &split, Part::Train, inputs, targets);
        let (mut x, mut y) = (vec![f64::NAN; 2], vec![f64::NAN; 1]);
        samples.read(Sample::new(0), 1, &mut x);
        samples.read_target(Sample::new(0), 0, &mut y);
        (x, y, samples.target(0))
    }

    #[test]
    fn samples_of_every_type_are_scaled_alike() {
        let inputs = Scaling { offset: &[0.0, 1.0, 2.0], factor: &[1.0, 10.0, 100.0] };
        for numbers in [
            Numbers::U8(vec![0, 0, 0, 7, 8, 9]),
            Numbers::I16(vec![0, 0, 0, 7, 8, 9]),
            Numbers::F32(vec![0.0, 0.0, 0.0, 7.0, 8.0, 9.0]),
        ] {
            let values = Wanted::Values { numbers: vec![0.0, 6.0], width: 1 };
            let (x, y, target) =
                read(Records::of(3, numbers.clone(), values), Task::Regress, inputs);
            assert_eq!((x, y, target), (vec![70.0, 700.0], vec![2.0], Target::Values(1)));
            let offset = Scaling::offset(inputs.offset);
            let classes = Wanted::Classes(vec![0, 3]);
            let (x, _, target) =
                read(Records::of(3, numbers.clone(), classes), Task::Classify, offset);
            assert_eq!((x, target), (vec![7.0, 7.0], Target::Class(3)));
            let nothing = Records::of(3, numbers, Wanted::Nothing(2));
            let (x, y, target) = read(nothing, Task::Reconstruct, inputs);
            assert_eq!((x, y, target), (vec![70.0, 700.0], vec![7.0], Target::Values(3)));
        }
    }

    #[test]
    fn what_is_missing_is_its_mean_if_asked() {
        let numbers = Numbers::F32(vec![0.0, f32::NAN, f32::NAN, 9.0]);
        let records = Records::of(2, numbers, Wanted::Nothing(2));
        let data = |fills_missing| DataSet {
            train: records.clone(),
            task: Task::Reconstruct,
            fills_missing,
            ..DataSet::empty(Source::drawn(&builtin::KIND))
        };
        let all = || Index::Range(0..2);
        let split = Split { train: all(), val: all(), test: all(), fitted: all() };
        let inputs = Scaling { offset: &[4.0, 5.0], factor: &[1.0, 2.0] };
        for (fills_missing, expected) in [(true, [0.0, 8.0]), (false, [f64::NAN, 8.0])] {
            let data = data(fills_missing);
            let samples = Samples::new(&data, &split, Part::Train, inputs, Scaling::NONE);
            let mut x = [7.0_f64; 2];
            samples.clone().filled_with(&[-3.0, 0.0]).read(Sample::new(1), 0, &mut x);
            assert_eq!((x[0].is_nan(), x[0] == -3.0), (!fills_missing, fills_missing));
            samples.read(Sample::new(1), 0, &mut x);
            assert_eq!(x.map(f64::to_bits), expected.map(f64::to_bits));
        }
    }

    #[test]
    fn samples_that_are_kept_have_the_same_bits() {
        let inputs = Scaling { offset: &[0.1, 0.7], factor: &[3.1, 0.3] };
        for numbers in [
            Numbers::F32(vec![0.3, f32::NAN, -7.1, 9.9, 1e30, -0.0]),
            Numbers::I16(vec![1, 2, -3, 4, -32768, 32767]),
            Numbers::U8(vec![1, 2, 3, 4, 5, 6]),
        ] {
            let data = DataSet {
                train: Records::of(2, numbers, Wanted::Nothing(3)),
                task: Task::Reconstruct,
                fills_missing: true,
                ..DataSet::empty(Source::drawn(&builtin::KIND))
            };
            let all = || Index::List(vec![2, 0, 1]);
            let split = Split { train: all(), val: all(), test: all(), fitted: all() };
            let samples = Samples::<f32>::new(&data, &split, Part::Train, inputs, Scaling::NONE)
                .filled_with(&[0.0, 4.5]);
            let mut memory = vec![0.0; samples.kept_len()];
            let kept = samples.clone().kept(&mut memory);
            assert_eq!(kept.kept.len(), 6);
            assert!(samples.clone().kept(&mut [0.0; 5]).kept.is_empty());
            for index in 0..3 {
                for start in 0..2 {
                    let bits = |samples: &Samples<'_, f32>| {
                        let mut x = vec![f32::NAN; 2 - start];
                        samples.read(Sample::new(index), start, &mut x);
                        x.into_iter().map(f32::to_bits).collect::<Vec<_>>()
                    };
                    assert_eq!(bits(&kept), bits(&samples));
                }
                let mut x = [0.0_f32; 2];
                samples.read(Sample::new(index), 0, &mut x);
                assert_eq!(kept.bytes(index, 1..2), x[1].to_ne_bytes());
            }
            assert!(kept.bytes(3, 0..2).is_empty());
        }
    }

    #[test]
    fn an_autoencoder_is_trained_towards_its_input_whatever_the_labels() {
        let records =
            Records::of(3, Numbers::U8(vec![0, 0, 0, 7, 8, 9]), Wanted::Classes(vec![0, 1]));
        let inputs = Scaling::offset(&[0.0, 0.0, 0.0]);
        let (_, y, target) = read(records, Task::Reconstruct, inputs);
        assert_eq!((y, target), (vec![7.0], Target::Values(3)));
    }
}
