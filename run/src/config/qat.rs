//! Training that is aware of how an export rounds the weights.

use super::Config;
use crate::settings::{SettingsError, Values};
use barenet::quant::Bits;

/// Refuses what cannot be rounded in training.
pub(super) fn check(values: &Values, num_layers: usize) -> Result<(), SettingsError> {
    let refuse = |problem: String| Err(SettingsError::new(problem));
    if !values.qat {
        return Ok(());
    }
    if values.local.is_some() {
        return refuse(
            "qat is for affine layers, and this run has locally connected ones: leave it out"
                .to_owned(),
        );
    }
    if values.batchnorm {
        return refuse(
            "qat takes a network without batchnorm, which an export folds into the weights: train it without qat, and \
             then another --from it with qat, which begins with folded weights"
                .to_owned(),
        );
    }
    if let Some(bits) = values.bits.iter().find(|bits| Bits::from_number(**bits).is_none()) {
        return refuse(format!("bits must be 4 or 8 of each layer, found {bits}"));
    }
    let given = values.bits.len();
    if given != 1 && given != num_layers {
        return refuse(format!(
            "bits has {given} numbers, and the network has {num_layers} layers: name those of each, or one for all"
        ));
    }
    Ok(())
}

impl Config {
    /// Bits of each layer's weights for which a run trains; empty if it trains for none.
    #[must_use]
    pub fn trained_bits(&self) -> Vec<Bits> {
        let (num_layers, values) = (self.arch().num_layers(), &self.values);
        let all = values.bits.iter().cycle().take(if values.qat { num_layers } else { 0 });
        all.filter_map(|bits| Bits::from_number(*bits)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::settings::Settings;
    use barenet::quant::Bits;

    #[test]
    fn what_cannot_be_rounded_is_refused() {
        let qat = || Settings { qat: Some(true), ..Settings::default() };
        let config = |settings| Config::new(settings, 3072, 10).map_err(|error| error.to_string());
        let refused = |settings| config(settings).unwrap_err();
        let bits = |bits: &[usize]| Settings { bits: Some(bits.to_vec()), ..qat() };
        assert_eq!(config(Settings::default()).unwrap().trained_bits(), []);
        assert_eq!(config(qat()).unwrap().trained_bits(), [Bits::Four; 2]);
        assert_eq!(config(bits(&[8, 4])).unwrap().trained_bits(), [Bits::Eight, Bits::Four]);
        assert_eq!(refused(bits(&[8, 5])), "bits must be 4 or 8 of each layer, found 5");
        assert!(refused(bits(&[8, 8, 4])).starts_with("bits has 3 numbers, and the network has 2"));
        let message = refused(Settings { batchnorm: Some(true), ..qat() });
        assert!(message.starts_with("qat takes a network without batchnorm"), "{message}");
    }
}
