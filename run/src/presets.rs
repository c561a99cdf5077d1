//! Experiments to start from: the course's, with its settings and what its document reports, and the
//! workloads on which barenet's speed is compared with that of other programs.
//!
//! Each is a file of `run/presets`, compiled in.

use crate::config::Config;
use crate::reported::Reported;
use crate::settings::{Settings, SettingsError, from_toml};
use barenet_data::DataSet;
use barenet_data::formats::cifar10;
use serde::Deserialize;
use std::path::Path;

macro_rules! files {
    ($($name:literal)+) => {
        &[$(($name, include_str!(concat!("../presets/", $name, ".toml")))),+]
    };
}

/// The files: those of the document in its order, then those for the best accuracy, for tables, and the workloads.
const FILES: &[(&str, &str)] = files! {
    "two-layer"
    "overfit-three-layer"
    "overfit-five-layer"
    "six-layer-sgd"
    "six-layer-momentum"
    "six-layer-rmsprop"
    "six-layer-adam"
    "best"
    "minute"
    "fast"
    "strong"
    "overnight"
    "tiny"
    "table"
    "w1"
    "w2"
    "w3"
    "w4"
};

/// An experiment to start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Its name, for `--preset`.
    pub name: &'static str,
    /// Its purpose, in a line.
    pub summary: String,
    /// Its settings.
    pub settings: Settings,
    /// The document's figures, if it is one of its experiments.
    pub reported: Option<Reported>,
    /// Training and validation accuracy of each epoch, epoch 0 first, as far as the document prints them.
    pub reported_epochs: Vec<(f64, f64)>,
}

/// The content of a preset's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    summary: String,
    #[serde(default)]
    reported_epochs: Vec<(f64, f64)>,
    settings: Settings,
    reported: Option<Reported>,
}

impl Preset {
    /// The preset of a run without `--preset` and `--config`.
    pub const DEFAULT: &'static str = "two-layer";
    /// The same where the data are a table.
    pub const TABLE: &'static str = "table";

    /// The names of all presets.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|&(name, _)| name)
    }

    /// All presets.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if a file that is compiled in is none, with the file, the line and the key.
    pub fn all() -> Result<Vec<Self>, SettingsError> {
        FILES.iter().map(|(name, text)| Self::parse(name, text)).collect()
    }

    /// The name of a run with a preset on data: that of the preset, and on data of one's own that of their file or folder,
    /// unless another preset than the one for all such data is asked for.
    ///
    /// ```
    /// use barenet_data::formats::csv;
    /// use barenet_data::{DataSet, Source};
    /// use barenet_run::presets::Preset;
    ///
    /// let source = Source { name: Some("iris".to_owned()), ..Source::read(&csv::KIND, "iris.csv".to_owned()) };
    /// let data = DataSet::empty(source);
    /// assert_eq!(Preset::name_of_run(Some(Preset::TABLE), &data), "iris");
    /// assert_eq!(Preset::name_of_run(Some("best"), &data), "best");
    /// ```
    #[must_use]
    pub fn name_of_run<'a>(preset: Option<&'a str>, data: &'a DataSet) -> &'a str {
        let own = data.source.name.as_deref().filter(|_| !data.source.kind.is_of_course);
        let own = own.filter(|_| preset.is_none_or(|preset| preset == Self::TABLE));
        own.or(preset).unwrap_or("custom")
    }

    /// The preset of a name.
    ///
    /// # Errors
    ///
    /// Those of [`Self::all`].
    pub fn find(name: &str) -> Result<Option<Self>, SettingsError> {
        let file = FILES.iter().find(|(found, _)| *found == name);
        file.map(|(name, text)| Self::parse(name, text)).transpose()
    }

    /// The document's figures of the experiment that a run is: none, if its preset's settings were changed or
    /// its images are others.
    ///
    /// # Errors
    ///
    /// Those of [`Self::all`].
    pub fn reported_of(config: &Config, data: &DataSet) -> Result<Option<Reported>, SettingsError> {
        let name = config.values().preset.as_deref();
        let preset = name.map(Self::find).transpose()?.flatten();
        let is_theirs = *data.source.kind == cifar10::KIND;
        let Some(preset) = preset.filter(|_| is_theirs) else { return Ok(None) };
        let theirs = Config::for_data(preset.settings, data, data.output_dim())?;
        Ok(preset.reported.filter(|_| config.is_same_experiment(&theirs)))
    }

    fn parse(name: &'static str, text: &str) -> Result<Self, SettingsError> {
        let file = format!("run/presets/{name}.toml");
        let File { summary, reported_epochs, settings, reported } =
            from_toml(text, Path::new(&file))?;
        Ok(Self { name, summary, settings, reported, reported_epochs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barenet_data::{ImageSize, PictureLayout};
    use std::fs;

    #[test]
    fn every_preset_is_a_configuration() {
        for preset in Preset::all().unwrap() {
            let size = ImageSize { width: 32, height: 32 };
            let layout = PictureLayout { size, planes: 3, pixel_len: 1 };
            let config = Config::for_pictures(preset.settings, layout, 10);
            assert!(config.is_ok(), "{}: {config:?}", preset.name);
        }
        assert!(Preset::find(Preset::DEFAULT).unwrap().is_some());
    }

    #[test]
    fn every_file_of_the_folder_is_a_preset() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/presets");
        for file in fs::read_dir(folder).unwrap() {
            let name = file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(Preset::names().any(|preset| preset == name), "{name} is no row of FILES");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_file_and_line() {
        for (text, problem) in [
            ("summary = \"\"\n[settings]\nlerning_rate = 1\n", ":3: unknown field `lerning_rate`"),
            ("summary = \"\"\nsetings = 1\n", ":2: unknown field `setings`"),
            ("summary = \"\"\n[settings]\n[reported]\nacc = 1\n", ":4: unknown field `acc`"),
            ("summary = \"\"\n[settings]\n[reported]\ntest = 1\n", ":4: unknown field `test`"),
        ] {
            let message = Preset::parse("mine", text).unwrap_err().to_string();
            assert!(message.starts_with(&format!("run/presets/mine.toml{problem}")), "{message}");
        }
    }

    #[test]
    fn two_layer_has_the_iterations_of_the_document() {
        let preset = Preset::find("two-layer").unwrap().unwrap();
        let config = Config::new(preset.settings, 3072, 10).unwrap();
        assert_eq!(config.solver::<f32>().num_iterations(49_000), 2070);
    }
}
