//! Images of a run: the weights file names them, and so whoever uses the weights can tell.

pub mod check;

use crate::columns::Columns;
use crate::constant::{self, Constant};
use crate::form::Form;
use crate::run_folder::{BEST, IMPORTED_FILE, RunFolder};
use crate::settings::Name;
use crate::started_from::StartedFrom;
use anyhow::{Context, Result};
use barenet_data::fingerprint::test_fingerprint;
use barenet_data::formats::{cifar10, recordings};
use barenet_data::split::Index;
use barenet_data::table::Feature;
use barenet_data::{
    DataError, DataSet, Encoding, Kind, PictureForm, PictureLayout, Records, SampleForm, Task,
    find_kind,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// How the line begins that follows the settings in a weights file: a comment of TOML.
const LINE: &str = "# Data: ";

/// The kind of data of a network of another program.
pub(crate) const IMPORTED: &str = "imported";

/// The JSON that follows the settings in a weights file.
fn json(config: &str) -> Option<&str> {
    config.lines().next_back()?.strip_prefix(LINE)
}

/// Images that a run was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainedOn {
    /// Kind of the data: `cifar10` or `built-in`.
    pub data: String,
    /// [`fingerprint`](barenet_data::fingerprint::fingerprint) of the training set, in hexadecimal.
    pub train: String,
    /// [`test_fingerprint`] of the test set, in hexadecimal.
    pub test: String,
    /// Names of the classes.
    pub class_names: Vec<String>,
    /// Name of the class that is normal to an autoencoder, if its samples had classes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    normal: Option<String>,
    /// The columns, if it was a table.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    columns: Option<Columns>,
    /// The form of samples, if they were pictures or windows of recordings.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    form: Option<Form>,
    /// Rows of numbers, if they were neither.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    rows: Option<Rows>,
    /// Inputs that were the same in all samples that trained.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    constant: Vec<Constant>,
    /// The file that it was imported from, if the run keeps it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    file: Option<KeptFile>,
    /// What its weights started from, if they were not drawn.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    from: Option<StartedFrom>,
}

/// A file of another program that lies in the folder of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KeptFile {
    /// Its name there.
    name: String,
    /// [`fingerprint_of_file`] of it.
    sha256: String,
}

/// A fingerprint of data, as files have it.
pub(crate) fn hexadecimal(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

/// The SHA-256 of a file, in hexadecimal.
pub(crate) fn fingerprint_of_file(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Rows of numbers that a network was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Rows {
    task: Name<Task>,
    inputs: usize,
    targets: Vec<String>,
}

impl Rows {
    fn of(data: &DataSet) -> Option<Self> {
        let are_rows =
            data.encoding.is_none() && data.form.is_none() && !data.source.kind.is_of_course;
        are_rows.then(|| Self {
            task: data.task.into(),
            inputs: data.input_dim(),
            targets: data.target_names.clone(),
        })
    }
}

impl TrainedOn {
    /// Describes a data set whose [`fingerprint`](barenet_data::fingerprint::fingerprint) is known.
    #[must_use]
    pub fn new(data: &DataSet, fingerprint: u64) -> Self {
        Self {
            data: data.source.kind.word.to_owned(),
            train: hexadecimal(fingerprint),
            test: hexadecimal(test_fingerprint(data)),
            class_names: data.class_names.clone(),
            normal: data.normal_name().map(str::to_owned),
            columns: data.encoding.as_ref().map(Columns::of),
            form: data.form.clone().map(Form::from),
            rows: Rows::of(data),
            constant: Vec::new(),
            file: None,
            from: None,
        }
    }

    /// The same with the inputs that were the same in all samples that trained.
    pub(crate) fn with_constant(self, constant: Vec<Constant>) -> Self {
        Self { constant, ..self }
    }

    /// The inputs that were the same in all samples that trained.
    pub(crate) fn constant(&self) -> &[Constant] {
        &self.constant
    }

    /// The warning of inputs that were the same in all samples that trained, and are something else in some of others.
    pub(crate) fn changed(
        &self,
        samples: (&Records, &Index),
        (place, word): (&str, &str),
    ) -> Option<String> {
        let (names, _) = self.column_names();
        constant::changed(&self.constant, &names, samples, (place, word))
    }

    /// Whether they were somebody's own, and not those of the course or those that are drawn.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        self.columns.is_some() || self.form.is_some() || self.rows.is_some()
    }

    /// Whether another program trained the network, on data that are not known.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.data == IMPORTED
    }

    /// The form of samples, if they were pictures or windows of recordings, and the names of the classes.
    #[must_use]
    pub fn form(&self) -> Option<(SampleForm, Vec<String>)> {
        let form = self.form.clone().map(SampleForm::from).filter(SampleForm::is_valid);
        form.map(|form| (form, self.class_names.clone()))
    }

    /// The form of files that it answers for, if not rows: its own, or pictures as those of the course are.
    #[must_use]
    pub(crate) fn form_of_answers(&self) -> Option<SampleForm> {
        self.form().map(|(form, _)| form).or_else(|| {
            let PictureLayout { size, planes, .. } = cifar10::LAYOUT;
            self.kind_of_course().map(|_| SampleForm::Pictures(PictureForm { size, planes }))
        })
    }

    /// Where the pixels of its samples lie, if they are known to be pictures.
    #[must_use]
    pub fn pictures(&self) -> Option<PictureLayout> {
        match self.form_of_answers()? {
            SampleForm::Pictures(form) => Some(form.into()),
            SampleForm::Windows(_) => None,
        }
    }

    /// The kind of its data, if this version knows it.
    #[must_use]
    pub(crate) fn kind(&self) -> Option<&'static Kind> {
        find_kind(&self.data)
    }

    /// The kind of its data, if they were of the course or drawn as those are.
    #[must_use]
    pub(crate) fn kind_of_course(&self) -> Option<&'static Kind> {
        find_kind(&self.data).filter(|kind| kind.is_of_course)
    }

    /// Whether its samples were pictures, of pixels from 0 to 255.
    #[must_use]
    pub(crate) fn is_of_pixels(&self) -> bool {
        let is_picture = |form: &Form| matches!(form, Form::Pictures { .. });
        self.form.as_ref().map_or(!self.is_own(), is_picture)
    }

    /// What was learnt, if rows were.
    #[must_use]
    pub(crate) fn task(&self) -> Option<Task> {
        self.encoding().or_else(|| self.encoding_of_rows()).map(|encoding| encoding.task)
    }

    /// Names of the inputs and of the targets of rows that have some.
    #[must_use]
    pub(crate) fn column_names(&self) -> (Vec<String>, Vec<String>) {
        let inputs = self.encoding().map(|encoding| encoding.input_names());
        let encoding = self.encoding().or_else(|| self.encoding_of_rows());
        let targets = encoding.iter().flat_map(|encoding| &encoding.targets);
        (inputs.unwrap_or_default(), targets.map(ToString::to_string).collect())
    }

    /// How the columns of a table became numbers, if it was one.
    #[must_use]
    pub fn encoding(&self) -> Option<Encoding> {
        self.columns.as_ref().map(|columns| columns.encoding(&self.class_names))
    }

    /// How the columns of a table without names would be such rows, if it was trained on rows of numbers.
    #[must_use]
    pub(crate) fn encoding_of_rows(&self) -> Option<Encoding> {
        let Rows { task, inputs, targets } = self.rows.as_ref()?;
        let feature = |number: usize| Feature { column: number.into(), texts: None };
        Some(Encoding {
            task: task.value(),
            features: (1..=*inputs).map(feature).collect(),
            targets: targets.iter().map(|name| name.as_str().into()).collect(),
            group: None,
            class_names: self.class_names.clone(),
        })
    }

    /// The settings of a run, and what it was trained on, for a weights file.
    ///
    /// # Errors
    ///
    /// None that are known: any text can be written.
    pub fn append_to(&self, config: &str) -> Result<String> {
        // The one character that may stand in JSON and not in a comment of TOML.
        let json = serde_json::to_string(self)?.replace('\u{7f}', "\\u007f");
        Ok(format!("{config}{LINE}{json}\n"))
    }

    /// Reads what follows the settings in a weights file; `None` if an earlier version wrote it.
    ///
    /// # Errors
    ///
    /// Naming the file, if it cannot be read.
    pub fn read(config: &str, folder: &RunFolder) -> Result<Option<Self>> {
        let Some(json) = json(config) else { return Ok(None) };
        serde_json::from_str(json).with_context(|| {
            format!("{}: what it was trained on cannot be read", folder.file(BEST).display())
        })
    }

    /// The same of a text of another file.
    pub(crate) fn parse(config: &str) -> Option<Self> {
        serde_json::from_str(json(config)?).ok()
    }

    /// The settings of a text to which it was [appended](Self::append_to), or to which nothing was.
    pub(crate) fn cut_off(config: &str) -> &str {
        json(config).map_or(config, |json| {
            config
                .trim_end()
                .strip_suffix(json)
                .and_then(|text| text.strip_suffix(LINE))
                .unwrap_or(config)
        })
    }

    /// Describes nothing but the form of rows: what trained a network of another program is not known.
    pub(crate) fn imported(
        task: Task,
        inputs: usize,
        targets: Vec<String>,
        class_names: Vec<String>,
    ) -> Self {
        Self {
            data: IMPORTED.to_owned(),
            train: String::new(),
            test: String::new(),
            class_names,
            normal: None,
            columns: None,
            form: None,
            rows: Some(Rows { task: task.into(), inputs, targets }),
            constant: Vec::new(),
            file: None,
            from: None,
        }
    }

    /// The same of a run whose weights started from others.
    pub(crate) fn started_from(self, from: Option<StartedFrom>) -> Self {
        Self { from, ..self }
    }

    /// What its weights started from, if they were not drawn.
    #[must_use]
    pub const fn from(&self) -> Option<&StartedFrom> {
        self.from.as_ref()
    }

    /// The same of a run that keeps the file, or has none.
    pub(crate) fn keeping(self, file: Option<&[u8]>) -> Self {
        let file = file.map(|bytes| KeptFile {
            name: IMPORTED_FILE.to_owned(),
            sha256: fingerprint_of_file(bytes),
        });
        Self { file, ..self }
    }

    /// The [`fingerprint_of_file`] of the file that the run keeps.
    pub(crate) fn file(&self) -> Option<&str> {
        self.file.as_ref().map(|file| &*file.sha256)
    }

    /// What it was trained on, in a sentence.
    fn what(&self) -> String {
        find_kind(&self.data).map_or_else(|| name(&self.data), Kind::in_a_sentence)
    }

    /// Refuses recordings for a network that was trained on other data, where nothing says what a window is, and other data
    /// for one that was trained on recordings, where something does.
    pub(crate) fn check_windows(
        &self,
        kind: &Kind,
        path: &Path,
        has_window: bool,
    ) -> Result<(), DataError> {
        let of_windows = recordings::KIND.word;
        let is_other = kind.word != self.data && self.data != IMPORTED;
        let is_refused = if has_window { self.data == of_windows } else { kind.word == of_windows };
        if !is_other || !is_refused {
            return Ok(());
        }
        let trained = self.what();
        Err(DataError::NoData {
            place: path.display().to_string(),
            found: format!(
                "is read as {}, and the network was trained on {trained}",
                kind.in_a_sentence()
            ),
            advice: format!("name {trained}"),
        })
    }

    /// The class that is normal to an autoencoder, if its samples had classes.
    #[must_use]
    pub(crate) fn normal(&self) -> Option<&str> {
        self.normal.as_deref()
    }
}

/// Name of a kind of data, for people.
fn name(kind: &str) -> String {
    find_kind(kind).map_or_else(|| kind.escape_debug().to_string(), |kind| kind.name.to_owned())
}
