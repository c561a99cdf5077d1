//! Every setting of a training run: as a flag, as a key of a TOML file, and in presets.
//!
//! [`SETTINGS`] is the one list of them, made of the declarations in `settings/table.rs`. A run starts from a
//! preset, is changed by a file, then by flags ([`Settings::overlay`]), and the result is completed and checked
//! ([`Values::complete`], [`crate::config`]).

mod declare;
mod explain;
mod local;
mod names;
mod picture_size;
mod table;

pub use declare::{Kind, Row, Value};
pub use explain::{explain, with_meanings};
pub use local::Locals;
pub use names::{ClassWeights, Dtype, ExportDtype, KernelName, LrScale, Name, Named, RuleName};
pub use picture_size::PictureSize;
pub use table::{SETTINGS, Settings, Values};

use barenet_data::table::nearest;
use serde::de::DeserializeOwned;
use std::num::{IntErrorKind, ParseIntError};
use std::path::{Path, PathBuf};

impl Settings {
    /// Parses a TOML file's text.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with the file, the line, and what is wrong there.
    pub fn from_toml(text: &str, file: &Path) -> Result<Self, SettingsError> {
        from_toml(text, file)
    }

    /// Parses the settings that a file of a run or of a network holds. What is wrong with them is the fault of that file, and not of
    /// somebody who gave a setting: no [`SettingsError`].
    ///
    /// # Errors
    ///
    /// Naming the file, and the line if it is known, if the text cannot be read or a setting cannot be used.
    pub(crate) fn stored(text: &str, file: &Path) -> anyhow::Result<Self> {
        let settings =
            Self::from_toml(text, file).map_err(|error| StoredError(format!("read: {error}")))?;
        settings
            .check_written()
            .map_err(|error| StoredError(format!("used: {}: {}", file.display(), error.message)))?;
        Ok(settings)
    }

    /// Refuses what cannot be used whatever the data are, and whatever else a preset sets: before any of the data is read.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first setting out of its range, and for a fold that there is not.
    pub fn check_written(&self) -> Result<(), SettingsError> {
        self.check_each()?;
        check_fold(self.fold, self.folds)
    }

    /// Refuses the first setting out of its range.
    pub(crate) fn check_each(&self) -> Result<(), SettingsError> {
        self.check_ranges(self.dtype == Some(Dtype::F32.into()))
    }

    /// Takes the learning rate as one for the batches of the settings that these are put over, if it is to follow their size and nothing
    /// says for which it is.
    pub(crate) fn scale_from(&mut self, under: &Self) {
        let follows = self.lr_scale.is_some_and(|scale| scale.value() != LrScale::None);
        if follows && self.lr_batch_size.is_none() {
            self.lr_batch_size = under.batch_size;
        }
    }

    /// As the text of a TOML file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        // Plain numbers, strings and lists: there is nothing that could fail.
        toml::to_string(self).unwrap_or_default()
    }
}

/// The settings that are given, each with its name and its value as text, in the order of [`SETTINGS`].
///
/// ```
/// use barenet_run::settings::{Settings, pairs};
/// let settings = Settings { hidden: Some(vec![100, 50]), seed: Some(3), ..Settings::default() };
/// let expected = [("hidden", "100,50"), ("seed", "3")].map(|(name, value)| (name, value.to_owned()));
/// assert_eq!(pairs(&settings), expected);
/// ```
#[must_use]
pub fn pairs(settings: &Settings) -> Vec<(&'static str, String)> {
    fn text(value: &toml::Value) -> String {
        match value {
            toml::Value::String(text) => text.clone(),
            // As short as it can be: 1e30, and not all of its digits.
            toml::Value::Float(number) => format!("{number:?}"),
            toml::Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(","),
            other => other.to_string(),
        }
    }
    let table = toml::Table::try_from(settings).unwrap_or_default();
    let rows = SETTINGS.iter().map(|row| row.name);
    rows.filter_map(|name| Some((name, text(table.get(name)?)))).collect()
}

/// Refuses a fold that there is not.
pub(crate) fn check_fold(fold: Option<usize>, folds: Option<usize>) -> Result<(), SettingsError> {
    match (fold, folds) {
        (Some(fold), Some(folds)) if fold > folds => {
            Err(SettingsError::new(format!("fold is {fold}, and there are {folds} folds")))
        }
        (Some(fold), None) => Err(SettingsError::new(format!(
            "fold is {fold}, and nothing says of how many: name it with folds"
        ))),
        _ => Ok(()),
    }
}

/// The line of a text that has this byte.
pub(crate) fn line_of(text: &str, place: usize) -> usize {
    text.as_bytes().iter().take(place).filter(|&&byte| byte == b'\n').count() + 1
}

/// Parses the text of a TOML file of settings.
pub(crate) fn from_toml<T: DeserializeOwned>(text: &str, file: &Path) -> Result<T, SettingsError> {
    toml::from_str(text).map_err(|e| {
        let line = e.span().map(|span| line_of(text, span.start));
        let message = e.message().lines().collect::<Vec<_>>().join(" ");
        // What is no such value is told by its key, too.
        let key = line.and_then(|line| text.lines().nth(line - 1)?.split_once('='));
        let key = key.map(|(key, _)| key.trim()).filter(|_| message.starts_with("invalid "));
        let message = match SETTINGS.iter().find(|row| Some(row.name) == key) {
            Some(row) => format!("{}: {message}", row.name),
            None => shortened(message),
        };
        SettingsError { file: Some(file.to_owned()), line, message }
    })
}

/// Says of a key that there is not which one may be meant, in place of the names of all settings.
fn shortened(message: String) -> String {
    let names = || SETTINGS.iter().map(|row| row.name);
    let all = format!(", expected one of {}", {
        let quoted: Vec<_> = names().map(|name| format!("`{name}`")).collect();
        quoted.join(", ")
    });
    match message.strip_suffix(&all) {
        None => message,
        Some(problem) => {
            let key = problem.split('`').nth(1).unwrap_or_default();
            let meant = did_you_mean(key, names());
            format!("{problem}; {meant}`barenet config --explain` lists all")
        }
    }
}

/// A question for the name that is most like a wrong one, to stand before other advice; empty if none is like it.
///
/// ```
/// use barenet_run::settings::did_you_mean;
/// assert_eq!(did_you_mean("tow-layer", ["two-layer", "best"].into_iter()), "did you mean two-layer? ");
/// assert_eq!(did_you_mean("xyz", ["two-layer", "best"].into_iter()), "");
/// ```
#[must_use]
pub fn did_you_mean<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest(wrong, names).map_or_else(String::new, |name| format!("did you mean {name}? "))
}

/// Reads a flag's value that counts something.
///
/// # Errors
///
/// The form that it should have, if it is no such number.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => format!("at most {} is possible", usize::MAX),
        _ => "a whole number from 0 on is needed".to_owned(),
    })
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    /// The file it is in; `None` for a flag.
    pub file: Option<PathBuf>,
    /// The line of the file, from 1.
    pub line: Option<usize>,
    /// The defect, and what would be right.
    pub message: String,
}

impl std::fmt::Display for SettingsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}", file.display())?;
            match self.line {
                Some(line) => write!(f, ":{line}: ")?,
                None => write!(f, ": ")?,
            }
        }
        f.write_str(&self.message)
    }
}

/// Settings that a file of a run or of a network holds and that cannot be used: the file is damaged, or another version's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the settings in it cannot be {0}")]
pub struct StoredError(pub(crate) String);

impl SettingsError {
    /// An error of a setting wherever it came from.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { file: None, line: None, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = Settings::from_toml("reg = 0.1\nlerning_rate = 1\n", Path::new("a.toml"));
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with("a.toml:2: unknown field `lerning_rate`"), "{message}");
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_its_line_and_key() {
        for (text, problem) in [
            ("reg = 0\nhidden = 5\n", "a.toml:2: hidden: invalid type: integer `5`"),
            ("reg = \"x\"\n", "a.toml:1: reg: invalid type: string \"x\""),
            ("seed = -1\n", "a.toml:1: seed: invalid value: integer `-1`"),
            ("hidden = [\n  1,\n  1.5,\n]\n", "a.toml:3: invalid type: floating point `1.5`"),
        ] {
            let error = Settings::from_toml(text, Path::new("a.toml")).unwrap_err();
            assert!(error.to_string().starts_with(problem), "{error}");
        }
    }

    #[test]
    fn what_no_data_can_mend_is_refused_before_there_are_any() {
        let refused = |settings: Settings| settings.check_written().unwrap_err().to_string();
        let none = Settings::default;
        let folds = |count| Settings { folds: Some(count), ..none() };
        assert_eq!(refused(folds(1)), "folds must be at least 2, found 1");
        assert_eq!(refused(folds(1001)), "folds must be at most 1000, found 1001");
        let fold = Settings { fold: Some(6), ..folds(5) };
        assert_eq!(refused(fold), "fold is 6, and there are 5 folds");
        assert!(refused(Settings { fold: Some(1), ..none() }).contains("name it with folds"));
        // A preset may say that numbers are f64, which has room for this one.
        let small = Settings { learning_rate: Some(1e-50), ..none() };
        assert_eq!(small.check_written(), Ok(()));
        let small = Settings { dtype: Some(Dtype::F32.into()), ..small };
        assert!(refused(small).starts_with("learning_rate must be above 0"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let settings = Settings {
            hidden: Some(vec![10, 5]),
            update_rule: RuleName::from_name("adamw"),
            learning_rate: Some(1e-5),
            seed: Some(7),
            ..Settings::default()
        };
        let text = settings.to_toml();
        assert_eq!(Settings::from_toml(&text, Path::new("x")), Ok(settings));
    }

    #[test]
    fn an_overlay_wins_where_it_says_something() {
        let over = Settings { reg: Some(1.0), ..Settings::default() };
        let under = Settings { reg: Some(2.0), seed: Some(3), ..Settings::default() };
        let both = over.overlay(under);
        assert_eq!((both.reg, both.seed), (Some(1.0), Some(3)));
    }
}
