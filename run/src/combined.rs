//! From a preset, a file and flags to the settings of a run.

mod of_table;

use crate::presets::Preset;
use crate::settings::{Settings, SettingsError, did_you_mean};
use anyhow::{Context, Result};
use barenet_data::DataSet;
use barenet_data::reading::read_named_text;
use of_table::of_table;
use std::path::Path;

/// Settings of several sources, put one over the other.
#[derive(Clone, Debug)]
pub struct Combined {
    /// Those of a preset, a file and flags.
    pub settings: Settings,
    /// Those that somebody wrote: of the file and the flags.
    pub written: Settings,
}

/// Settings that somebody wrote, all of them.
impl From<Settings> for Combined {
    fn from(written: Settings) -> Self {
        Self { settings: written.clone(), written }
    }
}

/// Settings that somebody wrote, before it is known which preset is under them: that depends on the data.
#[derive(Clone, Debug)]
pub struct Written {
    /// Those of a file and flags.
    pub settings: Settings,
    is_file: bool,
    /// Where a preset is named.
    place: &'static str,
}

impl Written {
    /// Puts flags over the settings of a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or parsed, and those of [`Settings::check_written`].
    pub fn new(config: Option<&Path>, mut flags: Settings) -> Result<Self> {
        let file = match config {
            None => Settings::default(),
            Some(path) => {
                let text = read_named_text(path)
                    .with_context(|| format!("{}: cannot be read", path.display()))?;
                Settings::from_toml(&text, path)?
            }
        };
        let place = if flags.preset.is_some() { "--preset" } else { "preset in the file" };
        flags.scale_from(&file);
        let settings = flags.overlay(file);
        settings.check_written()?;
        Ok(Self { settings, is_file: config.is_some(), place })
    }

    /// Puts them over others that nobody wrote, but that count as if somebody had.
    pub(crate) fn over_settings(self, others: Settings) -> Self {
        Self { settings: self.settings.overlay(others), ..self }
    }

    /// Puts others over them, as if somebody had written them too.
    #[must_use]
    pub fn under(&self, changes: Settings) -> Self {
        Self { settings: changes.overlay(self.settings.clone()), ..self.clone() }
    }

    /// Puts them over those of the preset that one of them names; without a file, that is `default_preset` unless
    /// another is named. Under those for data of one's own are those of the preset for tables.
    ///
    /// # Errors
    ///
    /// If there is no such preset.
    pub fn over(self, default_preset: &str, data: &DataSet) -> Result<Combined> {
        if data.source.kind.is_of_course {
            return self.over_preset(default_preset);
        }
        let written = self.settings.clone();
        let Combined { settings, .. } = self.over_preset(Preset::TABLE)?;
        let is_named = written.preset.is_some();
        let table = Preset::find(Preset::TABLE)?.map(|preset| preset.settings);
        let table = of_table(data, &written).overlay(table.unwrap_or_default());
        let (mut over, under) = match is_named {
            true => (settings, Settings::default()),
            false => (written.clone(), settings),
        };
        over.scale_from(&table);
        let settings = over.overlay(table).overlay(under);
        Ok(Combined { settings, written })
    }

    fn over_preset(self, default_preset: &str) -> Result<Combined> {
        let Self { settings: written, is_file, place } = self;
        let name = match (&written.preset, is_file) {
            (Some(name), _) => name.clone(),
            (None, false) => default_preset.to_owned(),
            (None, true) => return Ok(written.into()),
        };
        let Some(preset) = Preset::find(&name)? else {
            let names: Vec<_> = Preset::names().collect();
            let names = names.join(", ");
            let meant = did_you_mean(&name, Preset::names());
            let message = format!("{place}: there is no {name:?}; {meant}there are {names}");
            return Err(SettingsError::new(message).into());
        };
        let named = Settings { preset: Some(name), ..Settings::default() };
        let mut settings = written.clone();
        settings.scale_from(&preset.settings);
        let settings = settings.overlay(preset.settings).overlay(named);
        Ok(Combined { settings, written })
    }
}

impl Combined {
    /// Puts flags over the settings of a file, and these over those of the preset that one of them names;
    /// without a file, that is `default_preset` unless another is named.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or parsed, or there is no such preset.
    pub fn new(config: Option<&Path>, flags: Settings, default_preset: &str) -> Result<Self> {
        Written::new(config, flags)?.over_preset(default_preset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Name;
    use std::fs;

    #[test]
    fn a_learning_rate_is_for_the_batches_of_what_is_under_the_setting_that_makes_it_follow() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("a.toml");
        let scaled = |file_text: &str, flags: &Settings| {
            fs::write(&file, file_text).unwrap();
            let config = (!file_text.is_empty()).then_some(&*file);
            let found = Combined::new(config, flags.clone(), "minute").unwrap().settings;
            (found.batch_size.unwrap(), found.lr_batch_size)
        };
        let linear = Settings {
            batch_size: Some(4096),
            lr_scale: Name::from_name("linear"),
            ..Settings::default()
        };
        let minute = Some("minute".to_owned());
        // The preset has batches of 512.
        assert_eq!(scaled("", &linear), (4096, Some(512)));
        assert_eq!(scaled("batch_size = 64\n", &linear), (4096, Some(64)));
        let none = Settings::default();
        let in_file = "preset = \"minute\"\nbatch_size = 4096\nlr_scale = \"linear\"\n";
        assert_eq!(scaled(in_file, &none), (4096, Some(512)));
        let said = Settings { lr_batch_size: Some(100), preset: minute, ..linear };
        assert_eq!(scaled("batch_size = 64\n", &said), (4096, Some(100)));
        let unscaled = Settings { lr_scale: Name::from_name("none"), ..none };
        assert_eq!(scaled("", &unscaled), (512, None));
    }
}
