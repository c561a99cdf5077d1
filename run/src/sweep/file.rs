//! The file of a sweep.

mod parameters;

use super::halving::Halving;
use super::search::{MAX_TRIALS, Method, READ_EACH, Search, Trial};
use super::space::setting;
use crate::images::READING;
use crate::settings::{Row, SETTINGS, Settings, SettingsError, did_you_mean, line_of};
use serde::Deserialize;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeString, DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Value};

/// The tables and keys of the file.
const KEYS: [&str; 7] = ["method", "trials", "seed", "settings", "parameters", "list", "halving"];

type Key<'i> = Spanned<DeString<'i>>;
type Found<'i> = Spanned<DeValue<'i>>;

impl Search {
    /// Parses the text of a file.
    ///
    /// ```
    /// use barenet_run::sweep::Search;
    /// let text = "[parameters]\nlearning_rate = { values = [0.1, 0.01] }\nbatchnorm = { values = [true, false] }\n";
    /// let search = Search::from_toml(text, "lr.toml".as_ref())?;
    /// assert_eq!(search.trials()?.len(), 4);
    /// # Ok::<(), barenet_run::settings::SettingsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SettingsError`] with the file, the line, and what is wrong there.
    pub fn from_toml(text: &str, file: &Path) -> Result<Self, SettingsError> {
        let reader = Reader { text, file };
        let search = reader.read()?;
        // Too many, or none, is known without data.
        search.trials().map_err(|error| SettingsError {
            file: Some(file.to_owned()),
            line: error.line.or_else(|| reader.line_of_table("parameters")),
            ..error
        })?;
        Ok(search)
    }
}

struct Reader<'a> {
    text: &'a str,
    file: &'a Path,
}

impl Reader<'_> {
    fn error(&self, span: &Range<usize>, message: impl Into<String>) -> SettingsError {
        let line = Some(line_of(self.text, span.start));
        SettingsError { file: Some(self.file.to_owned()), line, message: message.into() }
    }

    fn error_of_file(&self, message: impl Into<String>) -> SettingsError {
        SettingsError { file: Some(self.file.to_owned()), line: None, message: message.into() }
    }

    fn line_of_table(&self, name: &str) -> Option<usize> {
        let header = format!("[{name}]");
        self.text.lines().position(|line| line.trim() == header).map(|place| place + 1)
    }

    fn read(&self) -> Result<Search, SettingsError> {
        let table = DeTable::parse(self.text).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(" ");
            self.error(&error.span().unwrap_or_default(), message)
        })?;
        let table = table.get_ref();
        for key in table.keys() {
            self.check_key(key, &KEYS, "no key of a sweep")?;
        }
        let of = |name: &str| {
            table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
        };
        let settings = match of("settings") {
            None => Settings::default(),
            Some(found) => self.settings(self.table(found, "settings")?)?,
        };
        let halving = of("halving").map(|found| self.halving(found)).transpose()?;
        let parameters = match of("parameters") {
            None => Vec::new(),
            Some(found) => self.parameters(self.table(found, "parameters")?)?,
        };
        let named = of("method").map(|found| Ok((self.text_of(found, "method")?, found)));
        let method = match named.transpose()? {
            None if of("list").is_some() => "list".to_owned(),
            None => "grid".to_owned(),
            Some((name, found)) => {
                let names = ["grid", "random", "list"];
                if !names.contains(&&*name) {
                    let meant = did_you_mean(&name, names.into_iter());
                    let message = format!(
                        "method: there is no {name:?}; {meant}there are grid, random and list"
                    );
                    return Err(self.error(&found.span(), message));
                }
                name
            }
        };
        let others: &[&str] = match &*method {
            "random" => &["list"],
            "list" => &["parameters", "trials", "seed"],
            _ => &["list", "trials", "seed"],
        };
        if let Some((name, found)) = others.iter().find_map(|name| Some((name, of(name)?))) {
            let takes = match *name {
                "list" => "list",
                "parameters" => "grid or random",
                _ => "random",
            };
            let message = format!(
                "{name} is for method = {takes:?}, and the method is {method}: leave it out, or name that method"
            );
            return Err(self.error(&found.span(), message));
        }
        let method = match &*method {
            "list" => Method::List(self.list(of("list"))?),
            _ if parameters.is_empty() => {
                return Err(self.error_of_file(format!(
                    "the {} is empty: [parameters] names no setting, such as learning_rate = {{ values = [0.1, 0.01] }}",
                    if method == "random" { "search" } else { "grid" }
                )));
            }
            "random" => {
                let Some(trials) = of("trials") else {
                    return Err(self.error_of_file(
                        "method = \"random\" takes trials: how many are drawn, such as trials = 20",
                    ));
                };
                let seed = of("seed").map_or(Ok(0), |found| self.count(found, "seed", 0, u64::MAX));
                let trials = self.count(trials, "trials", 1, MAX_TRIALS as u64)?;
                Method::Random {
                    parameters,
                    trials: usize::try_from(trials).unwrap_or(MAX_TRIALS),
                    seed: seed?,
                }
            }
            _ => Method::Grid(parameters),
        };
        let search = Search { method, settings, halving };
        search
            .check_apart(&search.settings, "[settings]")
            .map_err(|error| self.error_of_file(error.message))?;
        Ok(search)
    }

    fn check_key(&self, key: &Key<'_>, names: &[&str], what: &str) -> Result<(), SettingsError> {
        let name = key.get_ref();
        if names.contains(&&**name) {
            return Ok(());
        }
        let meant = did_you_mean(name, names.iter().copied());
        let all = names.join(", ");
        Err(self.error(&key.span(), format!("`{name}` is {what}; {meant}there are {all}")))
    }

    /// The setting that a key names.
    fn row(&self, key: &Key<'_>) -> Result<&'static Row, SettingsError> {
        let name = &**key.get_ref();
        if let Some(row) = SETTINGS.iter().find(|row| row.name == name) {
            return Ok(row);
        }
        let reason = match name {
            "data" | "val" | "test" => {
                Some("names a file, the same for all trials: give it as a flag")
            }
            "from" => Some("is for `train`: all trials begin with weights that are drawn"),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(self.error(&key.span(), format!("--{name} {reason}")));
        }
        // Its flag may have another name.
        let hyphenated = name.replace('_', "-");
        let of_flag =
            |row: &&Row| row.flag == Some(&*hyphenated) || row.alias == Some(&*hyphenated);
        let meant = match SETTINGS.iter().find(of_flag) {
            Some(row) => format!("did you mean {}? ", row.name),
            None => did_you_mean(name, SETTINGS.iter().map(|row| row.name)),
        };
        let message =
            format!("there is no setting `{name}`; {meant}`barenet config --explain` lists all");
        Err(self.error(&key.span(), message))
    }

    /// The same of a setting in which trials differ.
    fn varied(&self, key: &Key<'_>) -> Result<&'static Row, SettingsError> {
        let row = self.row(key)?;
        let name = row.name;
        let reason = match name {
            "threads" => "changes no result",
            "print_every" => "changes no result",
            "folds" => "is the same for all trials; name it under [settings], and sweep over fold",
            name if READING.contains(&name) && !READ_EACH.contains(&name) => {
                "says what the data are, which is the same for all trials"
            }
            _ => return Ok(row),
        };
        let message = if name == "folds" {
            format!("{name} {reason}")
        } else {
            format!("{name} {reason}: name it under [settings] or as a flag")
        };
        Err(self.error(&key.span(), message))
    }

    fn table<'v, 'i>(
        &self,
        found: &'v Found<'i>,
        name: &str,
    ) -> Result<&'v DeTable<'i>, SettingsError> {
        match found.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.error(&found.span(), format!("{name} is a table: write [{name}]"))),
        }
    }

    fn value(&self, found: &Found<'_>) -> Result<Value, SettingsError> {
        Value::deserialize(ValueDeserializer::from(found.clone()))
            .map_err(|error| self.error(&found.span(), error.message()))
    }

    fn text_of(&self, found: &Found<'_>, name: &str) -> Result<String, SettingsError> {
        match found.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.error(&found.span(), format!("{name} is a text in quotes"))),
        }
    }

    fn count(
        &self,
        found: &Found<'_>,
        name: &str,
        min: u64,
        max: u64,
    ) -> Result<u64, SettingsError> {
        let value = self.value(found)?;
        let count = value.as_integer().and_then(|count| u64::try_from(count).ok());
        count.filter(|count| (min..=max).contains(count)).ok_or_else(|| {
            let range = match max {
                u64::MAX => format!("from {min} on"),
                max => format!("from {min} to {max}"),
            };
            let message = format!("{name} must be a whole number {range}, found {value}");
            self.error(&found.span(), message)
        })
    }

    fn settings(&self, table: &DeTable<'_>) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        for (key, found) in table {
            let row = self.row(key)?;
            settings = self.setting(row, found)?.overlay(settings);
        }
        Ok(settings)
    }

    fn setting(&self, row: &Row, found: &Found<'_>) -> Result<Settings, SettingsError> {
        let value = self.value(found)?;
        setting(row.name, &value).map_err(|message| self.error(&found.span(), message))
    }

    fn halving(&self, found: &Found<'_>) -> Result<Halving, SettingsError> {
        let mut halving = Halving::default();
        for (key, found) in self.table(found, "halving")? {
            self.check_key(key, &["min_epochs", "factor"], "no key of [halving]")?;
            let (name, min, max) = match &**key.get_ref() {
                "factor" => ("factor", 2, 1000),
                _ => ("min_epochs", 1, u64::from(u32::MAX)),
            };
            let count = self.count(found, name, min, max)?;
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            match name {
                "factor" => halving.factor = count,
                _ => halving.min_epochs = count,
            }
        }
        Ok(halving)
    }

    fn list(&self, found: Option<&Found<'_>>) -> Result<Vec<Trial>, SettingsError> {
        let empty = || {
            self.error_of_file("the list is empty: each trial is a table [[list]] of its settings")
        };
        let found = found.ok_or_else(empty)?;
        let DeValue::Array(rows) = found.get_ref() else {
            return Err(self.error(&found.span(), "list is of tables: write [[list]] before each"));
        };
        let mut trials: Vec<Trial> = Vec::new();
        for row in rows {
            let mut trial = Trial {
                name: format!("trial-{:04}", trials.len() + 1),
                settings: Settings::default(),
            };
            let DeValue::Table(table) = row.get_ref() else {
                let message = "list is of tables: write [[list]] before each";
                return Err(self.error(&row.span(), message));
            };
            for (key, found) in table {
                if key.get_ref() == "name" {
                    trial.name = self.text_of(found, "name")?;
                    continue;
                }
                trial.settings = self.setting(self.varied(key)?, found)?.overlay(trial.settings);
            }
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            let problem =
                if !trial.name.chars().all(is_plain) || !(1..=64).contains(&trial.name.len()) {
                    "is to be up to 64 letters, digits, - and _"
                } else if trials.iter().any(|other| other.name.eq_ignore_ascii_case(&trial.name)) {
                    "is that of another trial already"
                } else if trials.iter().any(|other| other.settings == trial.settings) {
                    "has the same settings as another trial"
                } else {
                    trials.push(trial);
                    continue;
                };
            return Err(self.error(&row.span(), format!("{:?} {problem}", trial.name)));
        }
        if trials.is_empty() {
            return Err(empty());
        }
        if trials.len() > MAX_TRIALS {
            return Err(self.error_of_file(format!(
                "the list has {} trials, more than the {MAX_TRIALS} of a sweep",
                trials.len()
            )));
        }
        Ok(trials)
    }
}

#[cfg(test)]
mod tests;
