//! How data are read, where it is not found out.

use crate::formats::csv;
use crate::formats::mixed::{self, LEAVE_OUT};
use crate::table::error::{listed, quoted};
use crate::table::{ColumnRef, EncodeOptions, Missing, nearest};
use crate::{DataError, DataSet, Encoding, ImageSize, Kind, SampleForm, Task, Wanted};
use barenet::Label;
use std::path::{Path, PathBuf};

/// How data are read. What is not said is found out; what says nothing of a kind of data is refused.
///
/// ```
/// use barenet_data::ReadOptions;
/// use std::path::Path;
/// # let iris = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tables/iris.csv");
/// let options = ReadOptions { ignore: vec![1.into()], ..ReadOptions::default() };
/// let data = options.load(Path::new(iris))?;
/// assert_eq!((data.train.len(), data.input_dim()), (150, 3));
/// # Ok::<(), barenet_data::DataError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The format.
    pub format: Option<FormatName>,
    /// Data that validate.
    pub val: Option<PathBuf>,
    /// Data that test.
    pub test: Option<PathBuf>,
    /// Columns that are not read.
    pub ignore: Vec<ColumnRef>,
    /// Columns that are text although they look like numbers.
    pub text: Vec<ColumnRef>,
    /// Whether the first row names the columns.
    pub header: Option<bool>,
    /// What becomes of the other columns.
    pub encode: EncodeOptions,
    /// The name of the class that an autoencoder is trained on.
    pub normal: Option<String>,
    /// The size that pictures are made; by default their own, if it is one.
    pub image_size: Option<ImageSize>,
    /// Rows of a window of a recording.
    pub window: Option<usize>,
    /// Rows from one window to the next; by default half a window.
    pub stride: Option<usize>,
    /// Columns as a network was trained with them, in place of `encode`'s.
    pub encoding: Option<Encoding>,
    /// The form of samples and the names of classes that a network was trained with, in place of those found.
    pub trained_form: Option<(SampleForm, Vec<String>)>,
    /// The name of the class that was normal to an autoencoder in training, in place of the most frequent one.
    pub trained_normal: Option<String>,
}

/// What to do about an option that says nothing of a table: it may be of data that come in a folder.
fn no_use_of_table(option: &str) -> String {
    let of = match option {
        "window" | "stride" => "recordings (CSV files)",
        "image-size" => "pictures",
        _ => return LEAVE_OUT.to_owned(),
    };
    format!("leave it out, or name a folder that has for each class a folder of its {of}")
}

/// The format of data, or of a family of formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatName {
    /// [`formats::csv`](crate::formats::csv).
    Csv,
    /// [`formats::numpy`](crate::formats::numpy).
    Numpy,
    /// [`formats::idx`](crate::formats::idx).
    Idx,
    /// [`formats::pictures`](crate::formats::pictures).
    Pictures,
    /// [`formats::recordings`](crate::formats::recordings).
    Recordings,
    /// [`formats::cifar10`](crate::formats::cifar10), [`formats::pickle`](crate::formats::pickle), and archives.
    Cifar10,
    /// [`formats::cifar100`](crate::formats::cifar100).
    Cifar100,
}

impl ReadOptions {
    /// Refuses what is asked of data of a kind that has no use for it.
    pub(crate) fn check_use(&self, kind: &'static Kind, place: &Path) -> Result<(), DataError> {
        let EncodeOptions { target, group, missing, .. } = &self.encode;
        let given = [
            ("val", self.val.is_some()),
            ("test", self.test.is_some()),
            ("target", !target.is_empty()),
            ("ignore", !self.ignore.is_empty()),
            ("text", !self.text.is_empty()),
            ("header", self.header.is_some()),
            ("group", group.is_some()),
            ("missing", *missing != Missing::Refuse),
            ("image-size", self.image_size.is_some()),
            ("window", self.window.is_some()),
            ("stride", self.stride.is_some()),
        ];
        match given.into_iter().find(|(name, is_given)| *is_given && !kind.takes.contains(name)) {
            None => Ok(()),
            Some((option, _)) => {
                let advice = if kind.word == csv::KIND.word {
                    no_use_of_table(option)
                } else {
                    mixed::no_use(kind, place)
                };
                let (place, kind) = (place.display().to_string(), kind.in_a_sentence());
                Err(DataError::NoUse { place, kind, option, advice })
            }
        }
    }

    /// Gives data the task that is asked for, and an autoencoder the class that it learns.
    pub(crate) fn apply_task(&self, data: &mut DataSet) -> Result<(), DataError> {
        let task = self.encode.task.unwrap_or(data.task);
        let (has, tasks) = match data.train.targets() {
            Wanted::Classes(_) => ("classes", "classify or reconstruct"),
            Wanted::Values { .. } => ("numbers", "regress or reconstruct"),
            Wanted::Nothing(_) => ("not there", "reconstruct"),
        };
        if task != data.task && task != Task::Reconstruct {
            let place = data.source.to_string();
            return Err(DataError::NoTask { place, has, tasks });
        }
        data.task = task;
        match (task, data.train.labels()) {
            (Task::Classify | Task::Regress, _) if self.normal.is_some() => {
                Err(DataError::NoNormal)
            }
            (Task::Classify | Task::Regress, _) => Ok(()),
            (Task::Reconstruct, []) => match &self.normal {
                Some(name) if data.class_names.is_empty() => {
                    let found = format!("has no classes, and --normal names {}", quoted(name));
                    let advice = "say with --target which column has them, or leave --normal out";
                    Err(self.no_normal(data, found, advice.to_owned()))
                }
                // Those that train have no labels, and others have.
                Some(_) => {
                    data.normal = Some(self.normal_class(data)?);
                    Ok(())
                }
                None => Ok(()),
            },
            (Task::Reconstruct, _) => {
                data.normal = Some(self.normal_class(data)?);
                Ok(())
            }
        }
    }

    /// The class that an autoencoder is trained on.
    fn normal_class(&self, data: &DataSet) -> Result<Label, DataError> {
        let mut labels = (0..).zip(&data.class_names);
        let Some(name) = self.normal.as_ref().or(self.trained_normal.as_ref()) else {
            let count = |label| data.train.labels().iter().filter(|&&found| found == label).count();
            let most = labels.max_by_key(|&(label, _)| count(label));
            return Ok(most.map_or(0, |(label, _)| label));
        };
        let found = labels.find(|&(_, class)| class == name).map(|(label, _)| label);
        found.ok_or_else(|| {
            let names = data.class_names.iter().map(String::as_str);
            let advice = match nearest(name, names.clone()) {
                Some(nearest) => format!("the nearest class is {}", quoted(nearest)),
                None => format!("its classes are {}", listed(names)),
            };
            let which = match &self.normal {
                Some(_) => "which --normal names",
                None => "which is normal to the network",
            };
            let found = format!("has no class {}, {which}", quoted(name));
            self.no_normal(data, found, advice)
        })
    }

    fn no_normal(&self, data: &DataSet, found: String, advice: String) -> DataError {
        DataError::NoData { place: data.source.to_string(), found, advice }
    }
}
