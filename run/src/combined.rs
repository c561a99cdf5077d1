//! From a preset, a file and flags to the settings of a run.

use crate::presets::Preset;
use crate::settings::{Settings, SettingsError};
use anyhow::{Context, Result};
use barenet_data::reading::read_named_text;
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

impl Combined {
    /// Puts flags over the settings of a file, and these over those of the preset that one of them names;
    /// without a file, that is `default_preset` unless another is named.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or parsed, or there is no such preset.
    pub fn new(config: Option<&Path>, flags: Settings, default_preset: &str) -> Result<Self> {
        let file = match config {
            None => Settings::default(),
            Some(path) => {
                let text = read_named_text(path)
                    .with_context(|| format!("{}: cannot be read", path.display()))?;
                Settings::from_toml(&text, path)?
            }
        };
        let place = if flags.preset.is_some() { "--preset" } else { "preset in the file" };
        let written = flags.overlay(file);
        let name = match (&written.preset, config) {
            (Some(name), _) => name.clone(),
            (None, None) => default_preset.to_owned(),
            (None, Some(_)) => return Ok(written.into()),
        };
        let Some(preset) = Preset::find(&name)? else {
            let names: Vec<_> = Preset::names().collect();
            let names = names.join(", ");
            let message = format!("{place}: there is no {name:?}; there are {names}");
            return Err(SettingsError::new(message).into());
        };
        let named = Settings { preset: Some(name), ..Settings::default() };
        let settings = written.clone().overlay(preset.settings).overlay(named);
        Ok(Self { settings, written })
    }
}
