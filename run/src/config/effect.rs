//! Which settings have an effect on a run, and which combinations cannot work.

use super::Config;
use crate::settings::{Dtype, Row, RuleName, SETTINGS, Settings, SettingsError, Values};
use barenet::{Arch, Float, MAX_WHITENED_INPUTS, MAX_WHITENING_LEN, Warmup, whitening_len};
use barenet_data::DataSet;

/// Missing need of a setting, without which it does nothing.
fn missing(row: &Row, values: &Values) -> Option<String> {
    let rules: Vec<_> = RuleName::all().filter(|rule| rule.has(row.name)).collect();
    if let Some((last, others)) = rules.split_last() {
        let others: Vec<_> = others.iter().map(|rule| rule.name()).collect();
        let or = if others.is_empty() { "" } else { " or " };
        let needs = format!("update_rule {}{or}{}", others.join(", "), last.name());
        return (!values.update_rule.has(row.name)).then_some(needs);
    }
    let (needs, has_effect) = row.needs?;
    (!has_effect(values)).then(|| needs.to_owned())
}

/// The settings of a run without those that do nothing.
pub(crate) fn effective(values: &Values) -> Settings {
    let mut left = values.to_settings();
    for row in SETTINGS.iter().filter(|row| missing(row, values).is_some()) {
        (row.leave_out)(&mut left);
    }
    left
}

/// Settings that somebody wrote, in flags or a file, that do nothing in any of some configurations: a line for
/// each.
#[must_use]
pub fn ignored(written: &Settings, configs: &[&Config]) -> Vec<String> {
    let mut lines = Vec::new();
    for row in SETTINGS.iter().filter(|row| (row.is_given)(written)) {
        let missing: Option<Vec<_>> =
            configs.iter().map(|config| missing(row, &config.values)).collect();
        if let Some(needs) = missing.and_then(|missing| missing.into_iter().next()) {
            lines.push(format!("{} is ignored: it takes {needs}", row.name));
        }
    }
    lines
}

/// Refuses batch norm over one image, which leaves nothing of it.
pub(super) fn check_batch_of_one(values: &Values) -> Result<(), SettingsError> {
    if values.batchnorm && values.batch_size == 1 {
        return Err(SettingsError::new("batchnorm takes batches of at least 2 samples, found 1"));
    }
    Ok(())
}

/// Refuses to whiten so many inputs that it takes more than a few seconds to find how.
pub(super) fn check_whiten(values: &Values, arch: &Arch<'_>) -> Result<(), SettingsError> {
    if values.whitening().is_none() {
        return Ok(());
    }
    let refuse = |message: String| Err(SettingsError::new(message));
    let windows = arch.any_layers().next().map(|layer| layer.windows);
    let (seen, num_places) = windows.map_or((0, 0), |w| (w.fan_in(), w.num_places()));
    if seen > MAX_WHITENED_INPUTS {
        let instead = match &values.local {
            Some(_) => "another local, of smaller windows",
            None => "let them see windows of pictures with local",
        };
        return refuse(format!(
            "whiten takes a first layer whose units see at most {MAX_WHITENED_INPUTS} inputs each, and here they see {seen}; \
             take whiten 0, or {instead}"
        ));
    }
    if whitening_len(arch) > MAX_WHITENING_LEN {
        return refuse(format!(
            "whiten takes fewer or smaller windows than the {num_places} of the first layer with {seen} inputs each; take whiten 0, \
             or another local"
        ));
    }
    Ok(())
}

/// Refuses shards of what cannot be cut: a batch of fewer samples.
pub(super) fn check_shards(values: &Values) -> Result<(), SettingsError> {
    let Values { shards, batch_size, .. } = *values;
    if shards > batch_size {
        return Err(SettingsError::new(format!(
            "batch_size is {batch_size}, which is less than a sample for each of {shards} shards; raise batch_size or lower shards"
        )));
    }
    Ok(())
}

/// Refuses a learning rate that is no number any more when it has followed the batch.
pub(super) fn check_scaled_rate(values: &Values) -> Result<(), SettingsError> {
    let rate = values.scaled_learning_rate();
    let rate = match values.dtype.value() {
        Dtype::F32 => f64::from(f32::from_f64(rate)),
        Dtype::F64 => rate,
    };
    if rate.is_finite() && rate > 0.0 {
        return Ok(());
    }
    let Values { batch_size, lr_batch_size, .. } = *values;
    Err(SettingsError::new(format!(
        "lr_scale makes the learning rate {rate:?} for batches of {batch_size} in place of {lr_batch_size}: give another learning_rate"
    )))
}

impl Config {
    /// Fits the test part to data: one whose size nobody asked for has as many samples as there are, if that is less.
    pub(crate) fn fit_test(&mut self, written: &Settings, data: &DataSet) {
        if written.test_size.is_none() && !data.test.is_empty() && data.source.kind.is_of_course {
            self.values.test_size = self.values.test_size.min(data.test.len());
        }
    }

    /// Fits the configuration to as many training images as there are. A batch that nobody asked for
    /// has as many images as there are, if that is less.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for what cannot work with them: a batch that was asked for and is larger than
    /// all of them, a warm-up longer than the run, batch norm with batches of one image.
    pub fn fit(&mut self, written: &Settings, num_train: usize) -> Result<(), SettingsError> {
        let refuse = |message: String| Err(SettingsError::new(message));
        let batch = self.values.batch_size;
        if batch > num_train {
            if written.batch_size.is_some() {
                return refuse(format!(
                    "batch_size is {batch}, but there are only {num_train} training samples"
                ));
            }
            self.values.batch_size = num_train;
        }
        check_batch_of_one(&self.values)?;
        check_shards(&self.values)?;
        let iterations = self.solver::<f64>().num_iterations(num_train);
        let epochs = self.values.num_epochs;
        match self.values.warmup() {
            _ if !self.values.has_warmup() => Ok(()),
            Warmup::Iterations(warmup) if warmup > iterations => refuse(format!(
                "lr_warmup is {warmup}, but the run has only {iterations} iterations"
            )),
            Warmup::Epochs(warmup) if warmup > f64::from_usize(epochs) => {
                refuse(format!("lr_warmup_epochs is {warmup}, but num_epochs is only {epochs}"))
            }
            Warmup::Iterations(_) | Warmup::Epochs(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Name;
    use barenet::Init;

    fn config(settings: &Settings) -> Config {
        Config::new(settings.clone(), 3072, 10).unwrap()
    }

    #[test]
    fn a_setting_is_ignored_unless_what_it_takes_is_there() {
        let none = Settings::default;
        let with = |rule| Settings { update_rule: RuleName::from_name(rule), ..none() };
        let schedule = |name| Settings { schedule: Name::from_name(name), ..none() };
        for (written, names) in [
            (Settings { momentum: Some(0.9), ..none() }, &["momentum"][..]),
            (Settings { momentum: Some(0.9), ..with("nesterov") }, &[]),
            (Settings { epsilon: Some(1.0), beta1: Some(0.5), ..with("rmsprop") }, &["beta1"]),
            (Settings { weight_decay: Some(0.1), ..with("adam") }, &["weight_decay"]),
            (Settings { decay_on: Name::from_name("weights"), ..with("adam") }, &["decay_on"]),
            (Settings { decay_on: Name::from_name("weights"), ..with("adamw") }, &[]),
            (Settings { weight_scale: Some(0.1), ..none() }, &[]),
            (
                Settings { weight_scale: Some(0.1), init: Some(Init::Xavier.into()), ..none() },
                &["weight_scale"],
            ),
            (Settings { lr_decay: Some(0.5), ..none() }, &[]),
            (Settings { lr_batch_size: Some(5), ..none() }, &["lr_batch_size"]),
            (Settings { lr_batch_size: Some(5), lr_scale: Name::from_name("sqrt"), ..none() }, &[]),
            (
                Settings { lr_decay: Some(0.5), schedule: Name::from_name("cosine"), ..none() },
                &["lr_decay"],
            ),
            (
                Settings { lr_step_size: Some(10), schedule: Name::from_name("step"), ..none() },
                &["lr_step_size"],
            ),
            (
                Settings { lr_warmup: Some(5), lr_warmup_epochs: Some(1.0), ..schedule("linear") },
                &["lr_warmup"],
            ),
            (Settings { lr_warmup_epochs: Some(1.0), ..none() }, &["lr_warmup_epochs"]),
            (Settings { lr_min_factor: Some(0.1), ..schedule("linear") }, &[]),
            (Settings { lr_min_factor: Some(0.1), ..schedule("one-cycle") }, &["lr_min_factor"]),
            (Settings { hidden: Some(vec![]), batchnorm: Some(true), ..none() }, &["batchnorm"]),
        ] {
            let found = ignored(&written, &[&config(&written)]);
            let found: Vec<_> = found.iter().map(|line| line.split(' ').next().unwrap()).collect();
            assert_eq!(found, names, "{written:?}");
        }
    }

    #[test]
    fn what_a_run_writes_of_itself_holds_nothing_that_is_ignored() {
        for rule in ["sgd", "nesterov", "rmsprop", "adamw"] {
            let text = format!("update_rule = \"{rule}\"\nmomentum = 0.5\n");
            let written = Settings::from_toml(&text, "x".as_ref()).unwrap();
            let first = config(&written);
            let again = Settings::from_toml(&first.to_toml(), "x".as_ref()).unwrap();
            assert_eq!(ignored(&again, &[&config(&again)]), [""; 0], "{rule}");
            assert_eq!(config(&again).to_toml(), first.to_toml());
        }
    }

    #[test]
    fn what_cannot_work_with_the_images_is_refused() {
        let refused = |settings: Settings, num_train: usize| {
            let result = config(&settings).fit(&settings, num_train);
            result.unwrap_err().to_string()
        };
        let none = Settings::default;
        let message = refused(Settings { batch_size: Some(51), ..none() }, 50);
        assert_eq!(message, "batch_size is 51, but there are only 50 training samples");
        let message = refused(Settings { batchnorm: Some(true), ..none() }, 1);
        assert!(message.starts_with("batchnorm takes batches of at least 2"), "{message}");
        let warmup =
            Settings { schedule: Name::from_name("cosine"), lr_warmup: Some(101), ..none() };
        let message = refused(warmup, 1000);
        assert_eq!(message, "lr_warmup is 101, but the run has only 100 iterations");
        for name in ["cosine", "linear", "one-cycle"] {
            let schedule = Name::from_name(name);
            let settings = Settings { schedule, lr_warmup_epochs: Some(10.5), ..none() };
            let message = refused(settings, 1000);
            assert_eq!(message, "lr_warmup_epochs is 10.5, but num_epochs is only 10");
            let settings = Settings { schedule, lr_warmup: Some(101), ..none() };
            assert!(refused(settings, 1000).starts_with("lr_warmup is 101"), "{name}");
        }
        let mut fits = config(&none());
        fits.fit(&none(), 7).unwrap();
        assert_eq!(fits.values().batch_size, 7);
        let one = Settings { batchnorm: Some(true), batch_size: Some(1), ..none() };
        assert!(Config::new(one, 3072, 10).is_err());
        let zero = Settings { weight_scale: Some(0.0), ..none() };
        assert!(Config::new(zero, 3072, 10).is_err());
    }
}
