//! Settings that are for pictures.

use super::Config;
use crate::settings::{Name, SettingsError};
use barenet_data::DataSet;
use barenet_data::augment::{Augment, Augmentation};
use barenet_data::scale::Scale;

impl Config {
    /// Refuses a scaling that is not for such data.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if the channels of what is no picture are to be scaled.
    pub(crate) fn check_scale(&self, data: &DataSet) -> Result<(), SettingsError> {
        if self.scale_of(data) == Scale::Channels && data.pictures().is_none() {
            return Err(SettingsError::new(format!(
                "scale channels is for pictures: {} is not known to hold any; take standard",
                data.source
            )));
        }
        Ok(())
    }

    /// How training changes pictures; `None` if it does not.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if the samples are no pictures, the shift is as large as one, or the square larger.
    pub fn augmentation(&self, data: &DataSet) -> Result<Option<Augmentation>, SettingsError> {
        let flip = self.values.flip.map(Name::value).unwrap_or_default();
        let shift = self.values.shift.unwrap_or(0);
        let cutout = self.values.cutout.unwrap_or(0);
        let found = Augment { flip, shift, cutout }.of(data);
        found.map_err(|error| SettingsError::new(error.to_string()))
    }
}
