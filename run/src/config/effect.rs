//! Which settings have an effect on a run, and which combinations cannot work.

use super::Config;
use crate::settings::{InitName, ScheduleName, Settings, SettingsError, UpdateRuleName};

/// A setting that does something only beside others.
struct Rule {
    name: &'static str,
    is_given: fn(&Settings) -> bool,
    leave_out: fn(&mut Settings),
    /// Whether it does something; asked of complete settings.
    has_effect: fn(&Settings) -> bool,
    /// What it takes.
    needs: &'static str,
}

macro_rules! rule {
    ($field:ident, $needs:literal, $has_effect:expr) => {
        Rule {
            name: stringify!($field),
            is_given: |settings| settings.$field.is_some(),
            leave_out: |settings| settings.$field = None,
            has_effect: $has_effect,
            needs: $needs,
        }
    };
}

fn is_rule(settings: &Settings, names: &[UpdateRuleName]) -> bool {
    settings.update_rule.is_some_and(|rule| names.contains(&rule))
}

fn has_hidden(settings: &Settings) -> bool {
    settings.hidden.as_ref().is_some_and(|hidden| !hidden.is_empty())
}

use UpdateRuleName::{Adam, AdamW, Nesterov, RmsProp, SgdMomentum};

/// Every setting that some other one makes do nothing.
const RULES: [Rule; 14] = [
    rule!(weight_scale, "init gaussian", |s| s.init == Some(InitName::Gaussian)),
    rule!(batchnorm, "a hidden layer", has_hidden),
    rule!(keep_prob, "a hidden layer", has_hidden),
    rule!(momentum, "update_rule sgd_momentum or nesterov", |s| is_rule(
        s,
        &[SgdMomentum, Nesterov]
    )),
    rule!(decay_rate, "update_rule rmsprop", |s| is_rule(s, &[RmsProp])),
    rule!(beta1, "update_rule adam or adamw", |s| is_rule(s, &[Adam, AdamW])),
    rule!(beta2, "update_rule adam or adamw", |s| is_rule(s, &[Adam, AdamW])),
    rule!(epsilon, "update_rule rmsprop, adam or adamw", |s| is_rule(s, &[RmsProp, Adam, AdamW])),
    rule!(weight_decay, "update_rule adamw", |s| is_rule(s, &[AdamW])),
    rule!(lr_decay, "schedule decay", |s| s.schedule == Some(ScheduleName::Decay)),
    rule!(lr_step_size, "schedule step, and more epochs than it", |s| {
        s.schedule == Some(ScheduleName::Step) && s.lr_step_size < s.num_epochs
    }),
    rule!(lr_gamma, "schedule step, and more epochs than lr_step_size", |s| {
        s.schedule == Some(ScheduleName::Step) && s.lr_step_size < s.num_epochs
    }),
    rule!(lr_warmup, "schedule cosine", |s| s.schedule == Some(ScheduleName::Cosine)),
    rule!(lr_min_factor, "schedule cosine", |s| s.schedule == Some(ScheduleName::Cosine)),
];

/// Complete settings without those that do nothing.
pub(super) fn effective(settings: &Settings) -> Settings {
    let mut left = settings.clone();
    for rule in RULES.iter().filter(|rule| !(rule.has_effect)(settings)) {
        (rule.leave_out)(&mut left);
    }
    left
}

/// What somebody wrote, in flags or a file, that does nothing in any of some configurations: a line for
/// each.
#[must_use]
pub fn ignored(written: &Settings, configs: &[&Config]) -> Vec<String> {
    let is_ignored = |rule: &&Rule| {
        (rule.is_given)(written)
            && !configs.iter().any(|config| (rule.has_effect)(&config.settings))
    };
    RULES
        .iter()
        .filter(is_ignored)
        .map(|rule| format!("{} is ignored: it takes {}", rule.name, rule.needs))
        .collect()
}

impl Config {
    /// Fits the configuration to as many training images as there are. A batch that nobody asked for
    /// has as many images as there are, if that is less.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for what cannot work with them: a batch that was asked for and is larger than
    /// all of them, a warm-up longer than the run, batch norm with batches of one image.
    pub fn fit(&mut self, written: &Settings, num_train: usize) -> Result<(), SettingsError> {
        let refuse = |message: String| Err(SettingsError::new(message));
        if let Some(batch) = self.settings.batch_size.filter(|&batch| batch > num_train) {
            if written.batch_size.is_some() {
                return refuse(format!(
                    "batch_size is {batch}, but there are only {num_train} training images"
                ));
            }
            self.settings.batch_size = Some(num_train);
        }
        super::check::check_batch_of_one(&self.settings)?;
        let warmup = self.settings.lr_warmup.unwrap_or(0);
        let iterations = self.solver::<f64>().num_iterations(num_train);
        if self.settings.schedule == Some(ScheduleName::Cosine) && warmup > iterations {
            return refuse(format!(
                "lr_warmup is {warmup}, but the run has only {iterations} iterations"
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &Settings) -> Config {
        Config::new(settings.clone(), 3072, 10).unwrap()
    }

    #[test]
    fn a_setting_is_ignored_unless_what_it_takes_is_there() {
        let none = Settings::default;
        let with = |rule| Settings { update_rule: Some(rule), ..none() };
        for (written, names) in [
            (Settings { momentum: Some(0.9), ..none() }, &["momentum"][..]),
            (Settings { momentum: Some(0.9), ..with(Nesterov) }, &[]),
            (Settings { epsilon: Some(1.0), beta1: Some(0.5), ..with(RmsProp) }, &["beta1"]),
            (Settings { weight_decay: Some(0.1), ..with(Adam) }, &["weight_decay"]),
            (Settings { weight_scale: Some(0.1), ..none() }, &[]),
            (
                Settings { weight_scale: Some(0.1), init: Some(InitName::Xavier), ..none() },
                &["weight_scale"],
            ),
            (Settings { lr_decay: Some(0.5), ..none() }, &[]),
            (
                Settings { lr_decay: Some(0.5), schedule: Some(ScheduleName::Cosine), ..none() },
                &["lr_decay"],
            ),
            (
                Settings { lr_step_size: Some(10), schedule: Some(ScheduleName::Step), ..none() },
                &["lr_step_size"],
            ),
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
        assert_eq!(message, "batch_size is 51, but there are only 50 training images");
        let message = refused(Settings { batchnorm: Some(true), ..none() }, 1);
        assert!(message.starts_with("batchnorm takes batches of at least 2"), "{message}");
        let warmup =
            Settings { schedule: Some(ScheduleName::Cosine), lr_warmup: Some(101), ..none() };
        let message = refused(warmup, 1000);
        assert_eq!(message, "lr_warmup is 101, but the run has only 100 iterations");
        let mut fits = config(&none());
        fits.fit(&none(), 7).unwrap();
        assert_eq!(fits.settings().batch_size, Some(7));
        let one = Settings { batchnorm: Some(true), batch_size: Some(1), ..none() };
        assert!(Config::new(one, 3072, 10).is_err());
        let zero = Settings { weight_scale: Some(0.0), ..none() };
        assert!(Config::new(zero, 3072, 10).is_err());
    }
}
