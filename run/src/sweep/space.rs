//! The values that a setting is tried with.

use crate::settings::Settings;
use barenet::{Float, Rng};
use toml::Value;

/// A setting that a sweep tries with several values.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, as in [`SETTINGS`](crate::settings::SETTINGS).
    pub name: &'static str,
    /// Its values.
    pub space: Space,
}

/// Values of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Space {
    /// These.
    Values(Vec<Value>),
    /// Numbers from `min` to `max`: uniform, or with `log` uniform in their logarithm.
    Reals {
        /// The least.
        min: f64,
        /// The largest.
        max: f64,
        /// Whether each order of magnitude is as likely.
        log: bool,
    },
    /// The same of whole numbers, both ends among them.
    Whole {
        /// The least.
        min: i64,
        /// The largest.
        max: i64,
        /// Whether each order of magnitude is as likely.
        log: bool,
    },
}

impl Space {
    /// Draws a value. Real numbers have four digits, as somebody would write them.
    ///
    /// ```
    /// use barenet::Rng;
    /// use barenet_run::sweep::Space;
    /// let space = Space::Reals { min: 1e-4, max: 1e-1, log: true };
    /// let rate = space.draw(&mut Rng::seed(1)).as_float().unwrap();
    /// assert!((1e-4..=1e-1).contains(&rate));
    /// assert_eq!(format!("{rate:.3e}").parse(), Ok(rate));
    /// ```
    #[must_use]
    pub fn draw(&self, rng: &mut Rng) -> Value {
        match self {
            Self::Values(values) => {
                let place = rng.below(values.len() as u64);
                let value = usize::try_from(place).ok().and_then(|place| values.get(place));
                value.cloned().unwrap_or(Value::Boolean(false))
            }
            &Self::Reals { min, max, log } => {
                let drawn = if log { log_uniform(min, max, rng) } else { uniform(min, max, rng) };
                // The digits may lead out of the range.
                let short = format!("{drawn:.3e}").parse().unwrap_or(drawn);
                Value::Float(short.clamp(min, max))
            }
            &Self::Whole { min, max, log: false } => {
                let offset = rng.below(max.abs_diff(min).saturating_add(1));
                Value::Integer(min.saturating_add_unsigned(offset))
            }
            &Self::Whole { min, max, log: true } => {
                // Each number stands for those that are rounded to it.
                let drawn = log_uniform(min as f64 - 0.5, max as f64 + 0.5, rng);
                Value::Integer((drawn.round() as i64).clamp(min, max))
            }
        }
    }
}

/// A number between two; their difference may be too large for one.
fn uniform(min: f64, max: f64, rng: &mut Rng) -> f64 {
    let share = rng.uniform();
    min * (1.0 - share) + max * share
}

/// A number between two above 0.
fn log_uniform(min: f64, max: f64, rng: &mut Rng) -> f64 {
    Float::exp(uniform(Float::ln(min), Float::ln(max), rng))
}

/// The settings of which one has a value.
///
/// # Errors
///
/// What is wrong with the value.
pub(super) fn setting(name: &str, value: &Value) -> Result<Settings, String> {
    let table = toml::Table::from_iter([(name.to_owned(), value.clone())]);
    let settings: Settings = table.try_into().map_err(|error: toml::de::Error| {
        format!("{name}: {}", error.message().lines().collect::<Vec<_>>().join(" "))
    })?;
    settings.check_each().map_err(|error| error.message)?;
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(space: &Space, count: usize) -> Vec<f64> {
        let mut rng = Rng::seed(7);
        let number = |value: Value| value.as_float().or(value.as_integer().map(|n| n as f64));
        (0..count).map(|_| number(space.draw(&mut rng)).unwrap()).collect()
    }

    fn share(numbers: &[f64], is_one: impl Fn(f64) -> bool) -> f64 {
        numbers.iter().filter(|&&number| is_one(number)).count() as f64 / numbers.len() as f64
    }

    #[test]
    fn uniform_numbers_are_as_many_in_each_half_and_log_uniform_ones_in_each_decade() {
        // Of 4000, five standard deviations are 0.04 at most.
        let numbers = drawn(&Space::Reals { min: -1.0, max: 3.0, log: false }, 4000);
        assert!(numbers.iter().all(|x| (-1.0..=3.0).contains(x)));
        assert!((share(&numbers, |x| x < 1.0) - 0.5).abs() < 0.04);
        let numbers = drawn(&Space::Reals { min: 1e-4, max: 1e-1, log: true }, 4000);
        assert!(numbers.iter().all(|x| (1e-4..=1e-1).contains(x)));
        for decade in [1e-4, 1e-3, 1e-2] {
            let found = share(&numbers, |x| (decade..10.0 * decade).contains(&x));
            assert!((found - 1.0 / 3.0).abs() < 0.04, "{decade}: {found}");
        }
    }

    #[test]
    fn whole_numbers_have_both_ends() {
        let numbers = drawn(&Space::Whole { min: 2, max: 5, log: false }, 4000);
        for number in [2.0, 3.0, 4.0, 5.0] {
            assert!((share(&numbers, |x| x == number) - 0.25).abs() < 0.04, "{number}");
        }
        let numbers = drawn(&Space::Whole { min: 1, max: 100, log: true }, 4000);
        assert!(numbers.iter().all(|x| (1.0..=100.0).contains(x) && x.fract() == 0.0));
        // ln(10.5/0.5) of ln(100.5/0.5).
        assert!((share(&numbers, |x| x <= 10.0) - 0.574).abs() < 0.04);
        let all = Space::Whole { min: i64::MIN, max: i64::MAX, log: false };
        assert!(drawn(&all, 10).iter().all(|x| x.is_finite()));
    }

    #[test]
    fn a_range_of_one_number_is_that_number() {
        for log in [true, false] {
            let third = 1.0 / 3.0;
            assert_eq!(drawn(&Space::Reals { min: third, max: third, log }, 3), [third; 3]);
            assert_eq!(drawn(&Space::Whole { min: 9, max: 9, log }, 3), [9.0; 3]);
        }
        let huge = drawn(&Space::Reals { min: -f64::MAX, max: f64::MAX, log: false }, 9);
        assert!(huge.iter().all(|x| x.is_finite()));
    }

    #[test]
    fn a_value_that_is_none_of_the_setting_is_refused_by_name() {
        let refused = |name, value| setting(name, &value).unwrap_err();
        let float = Value::Float(0.5);
        assert!(refused("batch_size", float).starts_with("batch_size: invalid type: float"));
        assert!(refused("learning_rate", Value::Float(-1.0)).starts_with("learning_rate must be"));
        assert!(refused("loss", Value::String("x".to_owned())).starts_with("loss: "));
        // A fold may be named apart from the number of folds.
        assert_eq!(setting("fold", &Value::Integer(2)).unwrap().fold, Some(2));
        assert_eq!(setting("reg", &Value::Integer(2)).unwrap().reg, Some(2.0));
    }
}
