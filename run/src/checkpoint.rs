//! Checkpoints: the whole state of a run in one file, so that it can be resumed as if it had not stopped.
//!
//! A [sealed] safetensors file, as weights are: `docs/checkpoint.md` says what is in it. There is no random
//! state: everything random follows from the seed and the number of steps done.

mod line;
pub mod store;
mod writer;

pub use writer::{Desk, Writer};

use crate::buffers::reserve;
use crate::moment::{HISTORY, Histories, Moment};
use anyhow::{Context, Result, ensure};
use barenet::{Progress, SolverBuffers};
use barenet_model::number::Number;
use barenet_model::scales::Scales;
use barenet_model::sealed::{self, Sealed, Tensor, read_text};
use barenet_model::weights::{SCALE_NAMES, scale_numbers, scale_tensors};
use line::{LINE, Line};
use std::path::Path;

/// How the files of earlier versions begin.
const EARLIER: &[u8] = b"BNETCKPT";
/// The state of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<T> {
    /// The settings, as TOML.
    pub config: String,
    /// [`fingerprint`](barenet_data::fingerprint::fingerprint) of the data.
    pub data: u64,
    /// How far the run has come.
    pub progress: Progress<T>,
    /// Numbers that the Solver [keeps](SolverBuffers::kept), under its [names](SolverBuffers::KEPT).
    pub kept: [Vec<T>; 7],
    /// Losses and checks so far.
    pub histories: Histories<T>,
    /// The scalings of a run that [keeps those of another](crate::pretrained): the data do not say them.
    pub scales: Option<Scales<T>>,
}

impl<T: Number> Checkpoint<T> {
    /// Copies the state of a run.
    ///
    /// # Errors
    ///
    /// If there is not enough memory for the copy and its file.
    pub fn of(config: &str, data: u64, moment: &Moment<'_, T>) -> Result<Self> {
        let Moment { progress, buffers, histories, .. } = *moment;
        let mut checkpoint = Self::without_numbers(config.to_owned(), data, *progress);
        let kept = buffers.kept().into_iter();
        let numbers = kept.chain(histories.arrays().map(Vec::as_slice));
        for ((_, copy), numbers) in checkpoint.arrays_mut().zip(numbers) {
            copy.try_reserve_exact(numbers.len()).context(NO_MEMORY)?;
            copy.extend_from_slice(numbers);
        }
        // Asked for and given back: whoever makes the file must not find that there is no memory.
        Vec::<u8>::new().try_reserve_exact(checkpoint.max_len()).context(NO_MEMORY)?;
        Ok(checkpoint)
    }

    fn without_numbers(config: String, data: u64, progress: Progress<T>) -> Self {
        let kept = [const { Vec::new() }; 7];
        Self { config, data, progress, kept, histories: Histories::default(), scales: None }
    }

    /// The same of a run that keeps the scalings of another.
    #[must_use]
    pub fn keeping(self, scales: Option<Scales<T>>) -> Self {
        Self { scales, ..self }
    }

    /// Copies what a run needs to resume back to where it works.
    ///
    /// # Errors
    ///
    /// If the checkpoint belongs to another network.
    pub(crate) fn restore(&self, buffers: &mut SolverBuffers<'_, T>) -> Result<()> {
        let names = SolverBuffers::<T>::KEPT;
        for ((name, place), saved) in names.into_iter().zip(buffers.kept_mut()).zip(&self.kept) {
            let (found, expected) = (saved.len(), place.len());
            ensure!(found == expected, "the checkpoint has {found} {name}, the run {expected}");
            place.copy_from_slice(saved);
        }
        Ok(())
    }

    /// Copies the histories, to which the resumed run appends.
    ///
    /// # Errors
    ///
    /// If they are not as long as the run had come, or there is not enough memory.
    pub(crate) fn histories(&self) -> Result<Histories<T>> {
        let Progress { iteration, num_checks, .. } = self.progress;
        let copy = |what: &str, numbers: &[T], expected: usize| -> Result<Vec<T>> {
            let found = numbers.len();
            ensure!(found == expected, "the checkpoint has {found} {what}, the run {expected}");
            let mut copy = reserve(found, HISTORY)?;
            copy.extend_from_slice(numbers);
            Ok(copy)
        };
        let Histories { loss, train, val, grad_norm, weight_norm } = &self.histories;
        // Those of a check that comes next are there already.
        let num_norms = grad_norm.len();
        Ok(Histories {
            loss: copy("losses", loss, iteration)?,
            train: copy("training checks", train, num_checks)?,
            val: copy("validation checks", val, num_checks)?,
            grad_norm: copy("norms of gradients", grad_norm, num_norms)?,
            weight_norm: copy("norms of parameters", weight_norm, num_norms)?,
        })
    }

    /// Bytes that the file has at most.
    fn max_len(&self) -> usize {
        let numbers: usize = self.arrays().map(|(_, array)| array.len()).sum();
        let scales = self.scales.iter().flat_map(scale_tensors);
        let numbers = numbers + scales.map(|(_, numbers, _)| numbers.len()).sum::<usize>();
        numbers * T::SIZE + self.config.len() + 4096
    }

    /// Names of the tensors but for the best metric.
    fn names() -> impl Iterator<Item = &'static str> {
        SolverBuffers::<T>::KEPT.into_iter().chain(Histories::<T>::NAMES)
    }

    fn arrays(&self) -> impl Iterator<Item = (&'static str, &[T])> {
        let arrays = self.kept.iter().chain(self.histories.arrays());
        Self::names().zip(arrays.map(Vec::as_slice))
    }

    fn arrays_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut Vec<T>)> {
        Self::names().zip(self.kept.iter_mut().chain(self.histories.arrays_mut()))
    }

    /// The bytes of the file.
    ///
    /// # Errors
    ///
    /// Those of [`sealed::write`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let best_val = self.progress.best_val.as_slice();
        let arrays = self.arrays().chain([("best_val", best_val)]);
        let arrays = arrays.filter(|(name, numbers)| !is_left_out(name) || !numbers.is_empty());
        let scales = self.scales.iter().flat_map(scale_tensors);
        let scales = scales.filter(|(_, numbers, is_always)| *is_always || !numbers.is_empty());
        let arrays = arrays.chain(scales.map(|(name, numbers, _)| (name, numbers)));
        let tensors: Vec<_> = arrays
            .map(|(name, numbers)| Tensor {
                name: name.into(),
                shape: vec![numbers.len()],
                numbers,
            })
            .collect();
        sealed::write(&tensors, &self.text())
    }

    /// The settings, and the line after them.
    fn text(&self) -> String {
        let Progress { iteration, num_checks, best_epoch, .. } = self.progress;
        let line = Line { iteration, num_checks, best_epoch, images: self.data };
        format!("{}{}", self.config, line.to_text())
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    ///
    /// Naming the file, if it is no checkpoint, of an earlier version or of another number type, or any byte
    /// of it was changed, cut or added.
    pub fn from_bytes(bytes: &[u8], file: &Path) -> Result<Self> {
        let (sealed, config, line) = open(bytes, file)?;
        let Line { iteration, num_checks, best_epoch, images } = line;
        let best_val: Vec<T> = sealed.tensor("best_val", None)?;
        let file = file.display();
        ensure!(best_val.len() <= 1, "{file}: {} numbers are the best", best_val.len());
        let best_val = best_val.first().copied();
        let progress = Progress { iteration, num_checks, best_val, best_epoch };
        let mut checkpoint = Self::without_numbers(config, images, progress);
        let mut expected = 1;
        for (name, numbers) in checkpoint.arrays_mut() {
            if sealed.has(name) || !is_left_out(name) {
                *numbers = sealed.tensor(name, None)?;
                expected += 1;
            }
        }
        if sealed.has(SCALE_NAMES[0]) {
            let (mut scales, numbers) = (Scales::default(), |name| sealed.tensor(name, None));
            for (name, place) in SCALE_NAMES.into_iter().zip(scale_numbers(&mut scales)) {
                if sealed.has(name) {
                    *place = numbers(name)?;
                    // One without numbers would not be written again.
                    let is_empty = place.is_empty() && name != SCALE_NAMES[0];
                    ensure!(!is_empty, "{file}: the tensor {name} has no numbers");
                    expected += 1;
                }
            }
            checkpoint.scales = Some(scales);
        }
        let found = sealed.len();
        ensure!(found == expected, "{file}: has {found} tensors, a checkpoint {expected}");
        // Of the histories, only what a loss or a metric can be came to be part of one.
        let scales = checkpoint.scales.iter().flat_map(scale_tensors);
        let scales = scales.flat_map(|(_, numbers, _)| numbers);
        let numbers = checkpoint.kept.iter().flatten().chain(&best_val).chain(scales);
        ensure!(
            numbers.copied().all(T::is_finite),
            "{file}: of a run that diverged: it holds numbers that are NaN or infinite; train anew \
             with other settings"
        );
        Ok(checkpoint)
    }
}

/// Whether a tensor is left out of the file where it is empty: those of runs that keep an average, and norms, which runs of
/// earlier versions have not.
fn is_left_out(name: &str) -> bool {
    name.starts_with("average_") || name.ends_with("_norm")
}

const NO_MEMORY: &str = "not enough memory for a checkpoint";

/// Whether bytes begin as a checkpoint does, whole or damaged, of this version or an earlier one.
pub(crate) fn is_checkpoint(head: &[u8]) -> bool {
    head.starts_with(EARLIER) || head.windows(LINE.len()).any(|part| part == LINE.as_bytes())
}

/// Opens a checkpoint that is whole: its settings, and the line after them.
fn open<'a>(bytes: &'a [u8], file: &'a Path) -> Result<(Sealed<'a>, String, Line)> {
    let name = file.display();
    ensure!(
        !bytes.starts_with(EARLIER),
        "{name}: written by an earlier version of barenet, which alone can resume from it"
    );
    let sealed = Sealed::open(bytes, file)?;
    ensure!(
        !Line::is_of_another_format(&sealed.text),
        "{name}: written by another version of barenet, which alone can resume from it"
    );
    let (config, line) = Line::split_off(&sealed.text)
        .with_context(|| format!("{name}: not a checkpoint of barenet"))?;
    let config = config.to_owned();
    Ok((sealed, config, line))
}

/// The settings in a checkpoint, which say how to read the rest.
///
/// # Errors
///
/// Those of [`Checkpoint::from_bytes`], but for its number type.
pub fn read_config(bytes: &[u8], file: &Path) -> Result<String> {
    open(bytes, file).map(|(_, config, _)| config)
}

/// The fingerprint of the data in a checkpoint that is known to be whole.
pub(crate) fn read_data_mark(bytes: &[u8]) -> Option<u64> {
    let text = read_text(bytes, Path::new("")).ok()?;
    Line::split_off(&text).map(|(_, line)| line.images)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn checkpoint() -> Checkpoint<f32> {
        Checkpoint {
            config: "seed = 1".to_owned(),
            data: 7,
            progress: Progress { iteration: 2, num_checks: 1, best_val: Some(0.5), best_epoch: 0 },
            kept: [
                vec![1.0, 2.0],
                vec![],
                vec![3.0],
                vec![4.0, 5.0],
                vec![],
                vec![6.0, 7.0],
                vec![],
            ],
            histories: Histories {
                loss: vec![2.3, 2.2],
                train: vec![0.25],
                val: vec![0.5],
                grad_norm: vec![1.5],
                weight_norm: vec![2.5],
            },
            scales: None,
        }
    }

    fn read(bytes: &[u8]) -> Result<Checkpoint<f32>> {
        Checkpoint::from_bytes(bytes, Path::new("f"))
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = checkpoint().to_bytes().unwrap();
        assert_eq!(read(&bytes).unwrap(), checkpoint());
        assert_eq!(read_config(&bytes, Path::new("f")).unwrap(), "seed = 1");
        // As earlier versions wrote it.
        let mut without = checkpoint();
        without.histories.grad_norm.clear();
        without.histories.weight_norm.clear();
        assert_eq!(read(&without.to_bytes().unwrap()).unwrap(), without);
    }

    #[test]
    fn scalings_that_are_kept_are_read_back_and_others_are_not_there() {
        let plain = checkpoint().to_bytes().unwrap();
        let offset = Scales::offset(vec![0.5, 1.5]);
        let whole = Scales { factor: vec![2.0, 4.0], fill: vec![0.0, 1.0], ..offset.clone() };
        for scales in [offset, whole, Scales::offset(Vec::new())] {
            let with = checkpoint().keeping(Some(scales));
            let bytes = with.to_bytes().unwrap();
            assert!(bytes != plain);
            assert_eq!(read(&bytes).unwrap(), with);
        }
        let wrong = checkpoint().keeping(Some(Scales::offset(vec![f32::NAN])));
        assert!(read(&wrong.to_bytes().unwrap()).is_err());
    }

    #[test]
    fn a_file_with_any_byte_changed_cut_or_added_is_refused() {
        for (how, bytes) in sealed::damaged(&checkpoint().to_bytes().unwrap()) {
            assert!(read(&bytes).is_err(), "{how}");
        }
    }

    #[test]
    fn messages_say_what_is_wrong() {
        let bytes = checkpoint().to_bytes().unwrap();
        let message = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert_eq!(message(b"hello"), "f: not a safetensors file");
        assert_eq!(message(&bytes[..10]), "f: not a safetensors file");
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(message(&changed).starts_with("f: damaged"));
        assert!(message(b"BNETCKPT\x01\0\0\0").starts_with("f: written by an earlier version"));
        // Whatever tensors another format has, its number is what the message is about.
        for format in ["format=2 ", "format=0 ", "format=10 ", ""] {
            let text = checkpoint().text().replace("format=1 ", format);
            let other = message(&sealed::write::<f32>(&[], &text).unwrap());
            assert!(other.starts_with("f: written by another version of barenet"), "{other}");
        }
        let weights = sealed::write::<f32>(&[], "seed = 1\n").unwrap();
        assert_eq!(message(&weights), "f: not a checkpoint of barenet");
        let error = Checkpoint::<f64>::from_bytes(&bytes, Path::new("f")).unwrap_err().to_string();
        assert_eq!(error, "f: tensor best_val is F32, expected F64");
    }

    #[test]
    fn a_tensor_that_is_missing_or_one_too_many_is_refused() {
        let whole = checkpoint();
        let all: Vec<_> = whole.arrays().collect();
        let text = whole.text();
        let with = |arrays: &[(&'static str, &[f32])]| {
            let tensors: Vec<_> = arrays
                .iter()
                .map(|&(name, numbers)| Tensor {
                    name: name.into(),
                    shape: vec![numbers.len()],
                    numbers,
                })
                .collect();
            read(&sealed::write(&tensors, &text).unwrap())
        };
        let best = ("best_val", &[0.5_f32][..]);
        assert_eq!(with(&[&all[..], &[best]].concat()).unwrap(), whole);
        assert!(with(&all).is_err());
        assert!(with(&[&all[1..], &[best]].concat()).is_err());
        assert!(with(&[&all[..], &[best, ("more", &[])]].concat()).is_err());
        assert!(with(&[&all[..], &[("best_val", &[0.5, 0.5])]].concat()).is_err());
        assert!(with(&[&all[1..], &[best, ("params", &[f32::NAN])]].concat()).is_err());
    }
}
