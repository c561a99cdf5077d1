//! The form of a declaration of settings, and all that is made of one.

use super::{Settings, SettingsError, count};
use std::ops::RangeInclusive;

/// A condition on the other settings, in words, and whether it is met.
type Needs = (&'static str, fn(&super::Values) -> bool);

/// A setting: its row in the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name: the key in a TOML file and, with hyphens, its flag.
    pub name: &'static str,
    /// Another name for its flag, in place of `name`.
    pub flag: Option<&'static str>,
    /// A shorter name for its flag, beside the other.
    pub alias: Option<&'static str>,
    /// The group in which a help text has it; empty for none.
    pub heading: &'static str,
    /// Its meaning, in a line.
    pub help: &'static str,
    /// Placeholder of its value in a help text.
    pub value_name: &'static str,
    /// How its value is written.
    pub kind: Kind,
    /// The values that it may have, in words, if not all are possible that can be written.
    pub range: fn() -> Option<String>,
    /// The names that it takes, if it takes only some, each with its meaning.
    pub choices: fn() -> Vec<(&'static str, &'static str)>,
    /// Sets it to the value of a flag, or says what that should be.
    pub set: fn(&mut Settings, &str) -> Result<(), String>,
    pub(crate) is_given: fn(&Settings) -> bool,
    pub(crate) leave_out: fn(&mut Settings),
    /// Its needs for an effect, and whether they are there.
    pub(crate) needs: Option<Needs>,
}

/// How the value of a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Some text.
    Text,
    /// A number.
    Number,
    /// Numbers with commas between them.
    Numbers,
    /// `true` or `false`.
    Switch,
}

/// A type of which a setting can be.
pub trait Value: Sized {
    /// How it is written.
    const KIND: Kind = Kind::Text;

    /// Its names and their meanings, if it has only some.
    #[must_use]
    fn choices() -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Reads the value of a flag.
    ///
    /// # Errors
    ///
    /// The form that it should have.
    fn parse(text: &str) -> Result<Self, String>;

    /// The value, if it is a real number.
    fn as_real(&self) -> Option<f64> {
        None
    }
}

impl Value for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Value for bool {
    const KIND: Kind = Kind::Switch;

    fn choices() -> Vec<(&'static str, &'static str)> {
        vec![("true", ""), ("false", "")]
    }

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error| format!("{error}"))
    }
}

impl Value for usize {
    const KIND: Kind = Kind::Number;

    fn parse(text: &str) -> Result<Self, String> {
        count(text)
    }
}

impl Value for Vec<usize> {
    const KIND: Kind = Kind::Numbers;

    fn parse(text: &str) -> Result<Self, String> {
        text.split(',').map(count).collect()
    }
}

impl Value for u64 {
    const KIND: Kind = Kind::Number;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error| format!("{error}"))
    }
}

impl Value for f64 {
    const KIND: Kind = Kind::Number;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error| format!("{error}"))
    }

    fn as_real(&self) -> Option<f64> {
        Some(*self)
    }
}

/// The values that a setting may have.
pub(super) trait Range<T> {
    /// The range in words.
    fn words(&self) -> String;

    /// The range and the value, in words, if that is not in it, as an `f32` too if it becomes one.
    fn refuse(&self, value: &T, is_f32: bool) -> Option<(String, String)>;
}

/// A range of finite numbers: in words, and as a question.
pub(super) struct Numbers(pub(super) &'static str, pub(super) fn(f64) -> bool);

impl Range<f64> for Numbers {
    fn words(&self) -> String {
        self.0.to_owned()
    }

    fn refuse(&self, &value: &f64, is_f32: bool) -> Option<(String, String)> {
        let Self(range, fits) = self;
        let as_f32 = f64::from(value as f32);
        let (number, found) = if !(value.is_finite() && fits(value)) {
            (value, format!("{value:?}"))
        } else if is_f32 && !(as_f32.is_finite() && fits(as_f32)) {
            (as_f32, format!("{value:?}, which is {as_f32:?} in f32"))
        } else {
            return None;
        };
        // A bound on one side does not say what is wrong with infinity.
        let finite = if fits(number) { "a finite number, " } else { "" };
        Some((format!("{finite}{range}"), found))
    }
}

impl Range<usize> for RangeInclusive<usize> {
    fn words(&self) -> String {
        match (self.start(), self.end()) {
            (start, &usize::MAX) => format!("at least {start}"),
            (0, end) => format!("at most {end}"),
            (start, end) => format!("from {start} to {end}"),
        }
    }

    fn refuse(&self, value: &usize, _is_f32: bool) -> Option<(String, String)> {
        let range = match value {
            value if value < self.start() => format!("at least {}", self.start()),
            value if value > self.end() => format!("at most {}", self.end()),
            _ => return None,
        };
        Some((range, value.to_string()))
    }
}

/// Sizes of layers: so many at most, each at most so large.
pub(super) struct Sizes(pub(super) usize, pub(super) usize);

impl Range<Vec<usize>> for Sizes {
    fn words(&self) -> String {
        let Self(max_layers, max_size) = self;
        format!("at most {max_layers} layers, of sizes from 1 to {max_size}")
    }

    fn refuse(&self, sizes: &Vec<usize>, _is_f32: bool) -> Option<(String, String)> {
        let &Self(max_layers, max_size) = self;
        if sizes.len() > max_layers {
            return Some((format!("at most {max_layers} layers"), sizes.len().to_string()));
        }
        let size = sizes.iter().find(|&&size| size == 0 || size > max_size)?;
        Some((format!("sizes from 1 to {max_size}"), size.to_string()))
    }
}

/// Refuses a value out of its range.
pub(super) fn check<T>(
    name: &str,
    value: Option<&T>,
    range: &impl Range<T>,
    is_f32: bool,
) -> Result<(), SettingsError> {
    match value.and_then(|value| range.refuse(value, is_f32)) {
        None => Ok(()),
        Some((range, found)) => {
            Err(SettingsError::new(format!("{name} must be {range}, found {found}")))
        }
    }
}

/// The type of a setting of which every run has a value: itself with a default, an `Option` without.
macro_rules! complete {
    ($type:ty) => { Option<$type> };
    ($type:ty, $default:expr) => { $type };
}

/// The value of a setting: the one given, or the default.
macro_rules! value_of {
    ($given:expr) => {
        $given
    };
    ($given:expr, $default:expr) => {
        match $given {
            Some(given) => given,
            None => $default,
        }
    };
}

/// A value as it is given.
macro_rules! given {
    ($value:expr) => {
        $value
    };
    ($value:expr, $default:expr) => {
        Some($value)
    };
}

/// The only element, or nothing.
macro_rules! option {
    () => {
        None
    };
    ($element:expr) => {
        Some($element)
    };
}

/// Makes of one declaration of all settings the structs [`Settings`](super::Settings), of those that
/// somebody gave, and [`Values`](super::Values), of those that a run has, and the table
/// [`SETTINGS`](super::SETTINGS).
///
/// A default may name what is `given` and the values of settings declared before; an effect may ask all
/// `values`.
macro_rules! settings {
    (|$given:ident, $values:ident| $($heading:literal {$(
        #[doc = $help:literal]
        $name:ident: $type:ty, $value_name:literal
        $(, flag $flag:literal)?
        $(, alias $alias:literal)?
        $(= $default:expr)?
        $(, in $range:expr)?
        $(, needs $needs:literal if $has_effect:expr)?;
    )+})+) => {
        /// The settings that somebody gave; what is `None` was not.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Settings {
            $($(
                #[doc = $help]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<$type>,
            )+)+
        }

        /// The settings of a run: a value for each, where there is a default.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Values {
            $($(
                #[doc = $help]
                pub $name: complete!($type $(, $default)?),
            )+)+
        }

        /// Every setting, in the order of help texts and files.
        pub const SETTINGS: &[Row] = &[$($(Row {
            name: stringify!($name),
            flag: option!($($flag)?),
            alias: option!($($alias)?),
            heading: $heading,
            help: $help,
            value_name: $value_name,
            kind: <$type>::KIND,
            range: || option!($(Range::<$type>::words(&$range))?),
            choices: <$type>::choices,
            set: |settings, text| {
                settings.$name = Some(<$type>::parse(text)?);
                Ok(())
            },
            is_given: |settings| settings.$name.is_some(),
            leave_out: |settings| settings.$name = None,
            needs: option!($(($needs, |$values| $has_effect))?),
        },)+)+];

        impl Settings {
            /// These settings, and where they say nothing, those.
            #[must_use]
            pub fn overlay(self, under: Self) -> Self {
                Self { $($($name: self.$name.or(under.$name),)+)+ }
            }

            /// The real numbers among the settings, with their names.
            pub(crate) fn reals(&self) -> Vec<(&'static str, f64)> {
                let reals = [$($((stringify!($name), self.$name.as_ref().and_then(Value::as_real)),)+)+];
                reals.into_iter().filter_map(|(name, real)| Some((name, real?))).collect()
            }

            /// Refuses the first setting that is out of its range, as an `f32` too if it becomes one.
            pub(super) fn check_ranges(&self, is_f32: bool) -> Result<(), SettingsError> {
                $($($(check(stringify!($name), self.$name.as_ref(), &$range, is_f32)?;)?)+)+
                Ok(())
            }
        }

        impl Values {
            /// Completes settings with the defaults.
            ///
            /// # Errors
            ///
            /// [`SettingsError`] for the first setting that is out of its range.
            pub fn complete($given: Settings) -> Result<Self, SettingsError> {
                $given.check_ranges($given.dtype != Some(Dtype::F64.into()))?;
                $($(let $name = value_of!($given.$name.clone() $(, $default)?);)+)+
                Ok(Self { $($($name,)+)+ })
            }

            /// As the settings that somebody gives who gives all.
            #[must_use]
            pub fn to_settings(&self) -> Settings {
                let $values = self.clone();
                Settings { $($($name: given!($values.$name $(, $default)?),)+)+ }
            }
        }
    };
}
pub(super) use settings;
pub(super) use {complete, given, option, value_of};
