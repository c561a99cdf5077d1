//! Data sets for barenet: records of numbers in memory, their targets, and the formats that they come in.
//!
//! | module | has |
//! |---|---|
//! | [`formats`] | a table of the formats that can be read, a file each |
//! | [`builtin`] | images that are drawn |
//! | [`accelerometer`] | recordings that are drawn |
//! | [`inspect`](mod@inspect) | what is odd about data |
//! | [`split`] | which samples train, validate and test |
//! | [`augment`] | pictures that are flipped and shifted in training |
//! | [`scale`], [`samples`] | scalings that are fitted, and samples as a network sees them |
//! | [`table`] | tables of numbers and text: CSV and TSV |
//! | [`fingerprint`](mod@fingerprint) | a number by which other images are noticed |
//! | `fetch`, with the feature of that name | CIFAR-10 from its mirrors |
//! | [`mod@reading`], [`disk`] | how files are read, and how they reach the disk |

pub mod accelerometer;
mod array;
pub mod augment;
pub mod builtin;
mod class_names;
mod discover;
pub mod disk;
mod error;
mod exact;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod fingerprint;
pub mod formats;
pub mod inspect;
pub mod mixup;
mod numbers;
mod options;
mod places;
pub mod reading;
mod records;
mod sample_form;
pub mod samples;
pub mod scale;
mod source;
pub mod split;
pub mod table;

pub use array::Array;
pub use discover::{BUILT_IN, discover};
pub use error::{DataError, WEB_PAGE};
pub use exact::{Coarse, Exact};
pub use formats::{find_kind, load};
pub use numbers::Numbers;
pub use options::{FormatName, ReadOptions};
pub use places::{Origin, Places};
pub use records::{Records, Wanted, prepare_memory_with};
pub use sample_form::{ImageSize, PictureForm, PictureLayout, SampleForm, WindowForm};
pub use source::{Kind, Source, name_of};
pub use table::Encoding;

use barenet::Label;
use split::Part;
use std::fmt;

/// The task that a network has with the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// To name the class of a sample.
    #[default]
    Classify,
    /// To say numbers of it.
    Regress,
    /// To give it back: what it cannot give back is unlike what it was trained on.
    Reconstruct,
}

/// A whole data set.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// The training set, and what validates and tests where there is no set for it.
    pub train: Records,
    /// The validation set; empty if there is none.
    pub val: Records,
    /// The test set; empty if there is none.
    pub test: Records,
    /// Names of the classes.
    pub class_names: Vec<String>,
    /// Names of the targets of a regression.
    pub target_names: Vec<String>,
    /// The task.
    pub task: Task,
    /// The class that an autoencoder is trained on; of samples without classes there is none.
    pub normal: Option<Label>,
    /// Whether a number that is missing (NaN) counts as its mean: 0, once it is scaled to have the mean 0.
    pub fills_missing: bool,
    /// Samples that were left out since they have no target, of data that are [looked at](table::EncodeOptions::skips_unlabelled).
    pub unlabelled: usize,
    /// Samples that were left out since a number is missing, as [`Missing::Drop`](table::Missing::Drop) has it.
    pub incomplete: usize,
    /// Columns of the samples that train whose numbers `f32` cannot tell apart.
    pub coarse: Vec<Coarse>,
    /// Where the samples are from, as far as their numbers do not say it.
    pub places: Places,
    /// How the columns of a table became numbers; of other data there is none.
    pub encoding: Option<Encoding>,
    /// How pictures or recordings became samples; of other data there is none.
    pub form: Option<SampleForm>,
    /// Where the pixels of a sample lie, if samples are known to be pictures.
    pub layout: Option<PictureLayout>,
    /// Source of the data.
    pub source: Source,
}

impl DataSet {
    /// A data set without samples.
    #[must_use]
    pub const fn empty(source: Source) -> Self {
        Self {
            train: Records::new(0),
            val: Records::new(0),
            test: Records::new(0),
            class_names: Vec::new(),
            target_names: Vec::new(),
            task: Task::Classify,
            normal: None,
            fills_missing: false,
            unlabelled: 0,
            incomplete: 0,
            coarse: Vec::new(),
            places: Places { train: Origin::Unknown, val: Origin::Unknown, test: Origin::Unknown },
            encoding: None,
            form: None,
            layout: None,
            source,
        }
    }

    /// The numbers of a sample: the inputs of a network.
    #[must_use]
    pub const fn input_dim(&self) -> usize {
        self.train.row_len()
    }

    /// The outputs of a network: one for each class, or as many as its targets have numbers.
    #[must_use]
    pub const fn output_dim(&self) -> usize {
        match (self.task, self.train.targets()) {
            (Task::Classify, _) => self.class_names.len(),
            (Task::Regress, Wanted::Values { width, .. }) => *width,
            (Task::Regress | Task::Reconstruct, _) => self.train.row_len(),
        }
    }

    /// The name of the class that an autoencoder is trained on.
    #[must_use]
    pub fn normal_name(&self) -> Option<&str> {
        let label = usize::try_from(self.normal?).ok()?;
        self.class_names.get(label).map(String::as_str)
    }

    /// The data with the mean of its feature in the place of each number that is missing.
    #[must_use]
    pub fn filled(&self, means: &[f32]) -> Self {
        let mut data = Self { fills_missing: false, ..self.clone() };
        for records in [&mut data.train, &mut data.val, &mut data.test] {
            let Numbers::F32(numbers) = records.numbers_mut() else { continue };
            let missing = numbers.iter_mut().zip(means.iter().cycle()).filter(|(x, _)| x.is_nan());
            missing.for_each(|(x, &mean)| *x = mean);
        }
        data
    }

    /// Where the pixels of a sample lie, if samples are known to be pictures and have as many numbers.
    #[must_use]
    pub fn pictures(&self) -> Option<PictureLayout> {
        self.layout.filter(|layout| layout.len() == self.input_dim() && !layout.is_empty())
    }

    /// The samples that a part is taken of.
    #[must_use]
    pub const fn records(&self, part: Part) -> &Records {
        match part {
            Part::Val if !self.val.is_empty() => &self.val,
            Part::Test if !self.test.is_empty() => &self.test,
            Part::Train | Part::Val | Part::Test => &self.train,
        }
    }

    /// Checks that samples, targets and names of classes fit together, whoever made them.
    ///
    /// # Errors
    ///
    /// [`DataError::Inconsistent`], which says what does not.
    pub fn check(&self) -> Result<(), DataError> {
        let sets = [("training", &self.train), ("validation", &self.val), ("test", &self.test)];
        let sets = sets.into_iter().filter(|(what, set)| *what == "training" || !set.is_empty());
        match sets.filter_map(|(what, set)| self.problem(what, set)).next() {
            Some(problem) => Err(DataError::Inconsistent(self.source.to_string(), problem)),
            None => Ok(()),
        }
    }

    /// The first thing in a set that does not fit.
    fn problem(&self, what: &str, records: &Records) -> Option<String> {
        let (len, classes) = (self.input_dim(), self.class_names.len());
        let outside =
            |&label: &Label| usize::try_from(label).map_or(true, |label| label >= classes);
        let (row_len, count, found) = (records.row_len(), records.len(), records.numbers().len());
        if row_len != len {
            Some(format!(
                "its {what} samples are of {row_len} numbers, and those that train of {len}"
            ))
        } else if found != count.saturating_mul(len) {
            Some(format!("its {count} {what} samples of {len} numbers have {found} numbers"))
        } else if !records.groups.is_empty() && records.groups.len() != count {
            let groups = records.groups.len();
            Some(format!("its {count} {what} samples have {groups} groups"))
        } else if let Some(index) = records.labels().iter().position(outside) {
            let label = records.labels().get(index).copied().unwrap_or(0);
            Some(format!(
                "its {what} sample {} has label {label}, and there are {classes} classes",
                index + 1
            ))
        } else {
            let is_right = match (self.task, records.targets(), self.train.targets()) {
                (Task::Classify, targets, _) => matches!(targets, Wanted::Classes(_)),
                (
                    Task::Regress,
                    Wanted::Values { width, numbers },
                    Wanted::Values { width: of_train, .. },
                ) => width == of_train && *width > 0 && numbers.len() == width * count,
                (Task::Regress, _, _) => false,
                (Task::Reconstruct, _, _) => true,
            };
            (!is_right).then(|| format!("its {what} samples have not the targets of its task"))
        }
    }
}

/// The two versions of CIFAR-10 that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Records of bytes: [`formats::cifar10`].
    Binary,
    /// Pickled dicts: [`formats::pickle`].
    Python,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Binary => "binary",
            Self::Python => "python",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::cifar10;

    #[test]
    fn a_data_set_that_does_not_fit_together_is_refused_in_a_line() {
        let images = |len: usize, labels: &[Label]| {
            let mut images = Records::new(len);
            labels.iter().for_each(|&label| images.push(label, &vec![7; len]));
            images
        };
        let check = |train: Records, test: Records| {
            let class_names = vec!["no".to_owned(), "yes".to_owned()];
            let source = Source::drawn(&builtin::KIND);
            DataSet { train, test, class_names, ..DataSet::empty(source) }
                .check()
                .map_err(|e| e.to_string())
        };
        assert_eq!(check(images(3, &[0, 1]), images(3, &[])), Ok(()));
        let mut shorter = Records::new(3);
        shorter.push(0, &[7; 2]);
        for (result, problem) in [
            (check(images(3, &[0]), images(2, &[0])), "test samples are of 2 numbers"),
            (
                check(images(3, &[0]), images(3, &[1, 2])),
                "test sample 2 has label 2, and there are 2",
            ),
            (
                check(images(3, &[Label::MAX]), images(3, &[])),
                "training sample 1 has label 4294967295",
            ),
            (check(shorter, images(3, &[])), "1 training samples of 3 numbers have 2"),
        ] {
            let error = result.unwrap_err();
            assert!(
                error.starts_with("built-in images: its ") && error.contains(problem),
                "{error}"
            );
        }
    }

    #[test]
    fn cifar_10_is_whole() {
        let Some(path) = std::env::var_os("CIFAR10_DIR").filter(|path| !path.is_empty()) else {
            eprintln!("skipped: CIFAR10_DIR names no folder with CIFAR-10");
            return;
        };
        let data = discover(None).unwrap();
        assert_eq!((data.train.len(), data.test.len()), (50_000, 10_000), "{path:?}");
        assert_eq!(data.class_names, cifar10::CLASS_NAMES);
        for (images, each) in [(&data.train, 5000), (&data.test, 1000)] {
            for class in 0..10 {
                let count = images.labels().iter().filter(|&&label| label == class).count();
                assert_eq!(count, each, "class {class}");
            }
        }
        // The mean over all training pixels, as everyone who normalizes CIFAR-10 knows it.
        let mean = scale::mean_image(&data.train, 50_000);
        for (plane, expected) in
            mean.chunks_exact(cifar10::SIDE * cifar10::SIDE).zip([0.4914, 0.4822, 0.4465])
        {
            let found = plane.iter().sum::<f64>() / (cifar10::SIDE * cifar10::SIDE) as f64 / 255.0;
            assert!((found - expected).abs() < 1e-4, "expected {expected}, found {found}");
        }
    }
}
