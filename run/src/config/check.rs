//! The range of every setting.

use crate::settings::{Dtype, InitName, Settings, SettingsError};

/// What no setting may exceed, so that no size computed from several can overflow.
const MAX_LAYERS: usize = 1000;
const MAX_LAYER_SIZE: usize = 1 << 24;
const MAX_BATCH: usize = 1 << 20;

/// Refuses the first setting that is out of its range.
pub(super) fn check(settings: &Settings) -> Result<(), SettingsError> {
    let error = |name: &str, range: &str, found: String| {
        Err(SettingsError::new(format!("{name} must be {range}, found {found}")))
    };
    let hidden = settings.hidden.as_deref().unwrap_or_default();
    if hidden.len() > MAX_LAYERS {
        return error("hidden", &format!("at most {MAX_LAYERS} layers"), hidden.len().to_string());
    }
    if let Some(size) = hidden.iter().find(|&&size| size == 0 || size > MAX_LAYER_SIZE) {
        return error("hidden", &format!("sizes from 1 to {MAX_LAYER_SIZE}"), size.to_string());
    }
    for (name, value, max) in [
        ("batch_size", settings.batch_size, MAX_BATCH),
        ("num_epochs", settings.num_epochs, 1 << 24),
        ("num_train_samples", settings.num_train_samples, usize::MAX),
        ("train_size", settings.train_size, usize::MAX),
        ("val_size", settings.val_size, usize::MAX),
        ("test_size", settings.test_size, usize::MAX),
        ("lr_step_size", settings.lr_step_size, usize::MAX),
    ] {
        match value {
            Some(0) => return error(name, "at least 1", "0".to_owned()),
            Some(value) if value > max => {
                return error(name, &format!("at most {max}"), value.to_string());
            }
            _ => {}
        }
    }
    if settings.threads.is_some_and(|threads| threads > 1024) {
        return error("threads", "at most 1024", value_text(settings.threads));
    }
    for (name, value, range, fits) in [
        ("learning_rate", settings.learning_rate, "above 0", (|x| x > 0.0) as fn(f64) -> bool),
        ("reg", settings.reg, "at least 0", |x| x >= 0.0),
        ("weight_scale", settings.weight_scale, "at least 0", |x| x >= 0.0),
        ("keep_prob", settings.keep_prob, "above 0 and at most 1", |x| x > 0.0 && x <= 1.0),
        ("momentum", settings.momentum, "in 0..1", |x| (0.0..1.0).contains(&x)),
        ("decay_rate", settings.decay_rate, "in 0..1", |x| (0.0..1.0).contains(&x)),
        ("beta1", settings.beta1, "in 0..1", |x| (0.0..1.0).contains(&x)),
        ("beta2", settings.beta2, "in 0..1", |x| (0.0..1.0).contains(&x)),
        ("epsilon", settings.epsilon, "at least 0", |x| x >= 0.0),
        ("weight_decay", settings.weight_decay, "at least 0", |x| x >= 0.0),
        ("lr_decay", settings.lr_decay, "above 0", |x| x > 0.0),
        ("lr_gamma", settings.lr_gamma, "above 0", |x| x > 0.0),
        ("lr_min_factor", settings.lr_min_factor, "from 0 to 1", |x| (0.0..=1.0).contains(&x)),
    ] {
        let Some(value) = value else { continue };
        let as_f32 = f64::from(value as f32);
        let is_f32 = settings.dtype != Some(Dtype::F64);
        if !(value.is_finite() && fits(value)) {
            return error(name, range, format!("{value:?}"));
        } else if is_f32 && !(as_f32.is_finite() && fits(as_f32)) {
            return error(name, range, format!("{value:?}, which is {as_f32:?} in f32"));
        }
    }
    let has_hidden = !hidden.is_empty();
    if has_hidden && settings.init == Some(InitName::Gaussian) && settings.weight_scale == Some(0.0)
    {
        return error("weight_scale", "above 0 where there are hidden layers", "0.0".to_owned());
    }
    check_batch_of_one(settings)
}

/// Refuses batch norm over one image, which leaves nothing of it.
pub(super) fn check_batch_of_one(settings: &Settings) -> Result<(), SettingsError> {
    if settings.batchnorm == Some(true) && settings.batch_size == Some(1) {
        return Err(SettingsError::new("batchnorm takes batches of at least 2 images, found 1"));
    }
    Ok(())
}

fn value_text(value: Option<usize>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: Settings) -> String {
        check(&settings).unwrap_err().to_string()
    }

    #[test]
    fn a_size_of_zero_is_refused_by_name() {
        let message = refused(Settings { batch_size: Some(0), ..Settings::default() });
        assert_eq!(message, "batch_size must be at least 1, found 0");
        let message = refused(Settings { hidden: Some(vec![5, 0]), ..Settings::default() });
        assert!(message.starts_with("hidden must be sizes from 1"), "{message}");
    }

    #[test]
    fn numbers_out_of_range_are_refused_by_name() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let message = refused(Settings { learning_rate: Some(bad), ..Settings::default() });
            assert!(message.starts_with("learning_rate must be above 0"), "{message}");
        }
    }

    #[test]
    fn numbers_that_are_out_of_range_in_the_number_type_of_the_run_are_refused() {
        for (rate, problem) in [
            (1e-50, "learning_rate must be above 0, found 1e-50, which is 0.0 in f32"),
            (1e50, "learning_rate must be above 0, found 1e50, which is inf in f32"),
        ] {
            let settings = Settings { learning_rate: Some(rate), ..Settings::default() };
            assert_eq!(refused(settings.clone()), problem);
            let settings = Settings { dtype: Some(Dtype::F64), ..settings };
            assert_eq!(check(&settings), Ok(()));
        }
        let settings = Settings { momentum: Some(0.999_999_999_9), ..Settings::default() };
        assert!(refused(settings).ends_with("found 0.9999999999, which is 1.0 in f32"));
    }
}
