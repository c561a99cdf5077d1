//! Flags made of tables: the settings of a run, and values that are one of a few names.

use barenet_run::images::READING;
use barenet_run::settings::{Kind, Row, SETTINGS, Settings, Value};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, error::ErrorKind};

/// The flags of all [`SETTINGS`].
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingsFlags(pub Settings);

/// The flags of those [`SETTINGS`] that say how data are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadingFlags(pub Settings);

/// The flags of those [`SETTINGS`] that say how training changes pictures.
#[derive(Clone, Debug, Default)]
pub(crate) struct PictureFlags(pub Settings);

macro_rules! flags_of {
    ($type:ident, $is_one:expr) => {
        impl Args for $type {
            fn augment_args(command: Command) -> Command {
                command.args(SETTINGS.iter().filter($is_one).map(flag))
            }

            fn augment_args_for_update(command: Command) -> Command {
                Self::augment_args(command)
            }
        }

        impl FromArgMatches for $type {
            fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
                let mut flags = Self::default();
                flags.update_from_arg_matches(matches)?;
                Ok(flags)
            }

            fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
                SETTINGS.iter().filter($is_one).try_for_each(|row| set(row, matches, &mut self.0))
            }
        }
    };
}
flags_of!(SettingsFlags, |_| true);
flags_of!(PictureFlags, |row| ["flip", "shift", "cutout", "mixup", "seed"].contains(&row.name));
flags_of!(ReadingFlags, |row| READING.contains(&row.name));

/// Sets a setting to what its flag says, if it is given.
fn set(row: &Row, matches: &ArgMatches, settings: &mut Settings) -> Result<(), clap::Error> {
    let Some(given) = matches.get_many::<String>(row.name) else { return Ok(()) };
    let text = given.map(String::as_str).collect::<Vec<_>>().join(",");
    (row.set)(settings, &text).map_err(|message| clap::Error::raw(ErrorKind::InvalidValue, message))
}

/// The flag of a setting.
fn flag(row: &'static Row) -> Arg {
    let name = row.name.replace('_', "-");
    let choices = (row.choices)();
    let parser: ValueParser = if choices.is_empty() {
        let check = |text: &str| {
            match text {
            // Weights come before the bits that suit them.
            "auto" if row.name == "bits" => Err("it takes a network that is trained: \
                `barenet export RUN --dtype int8 --bits auto` prints the bits of each layer, such as 8,4,4, for \
                `barenet train --from RUN --qat`"
                .to_owned()),
            _ => (row.set)(&mut Settings::default(), text),
        }
        };
        ValueParser::new(move |text: &str| check(text).map(|()| text.to_owned()))
    } else {
        possible_values(choices).into()
    };
    let arg = Arg::new(row.name).help(row.help.trim()).value_name(row.value_name);
    let arg = match row.flag {
        Some(flag) => arg.long(flag).alias(name),
        None => arg.long(name),
    };
    let arg = arg.visible_aliases(row.alias).value_parser(parser);
    let arg = if row.heading.is_empty() { arg } else { arg.help_heading(row.heading) };
    match row.kind {
        Kind::Text => arg,
        // What follows is its value, so that `-1` is refused by what the flag is.
        Kind::Number => arg.allow_hyphen_values(true),
        Kind::Numbers => {
            arg.allow_hyphen_values(true).value_delimiter(',').action(ArgAction::Append)
        }
        Kind::Switch => arg.num_args(0..=1).default_missing_value("true").require_equals(true),
    }
}

/// Reads a flag whose value is one of a few names.
pub(crate) fn choice<T: Value + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T>
{
    possible_values(T::choices()).try_map(|name| T::parse(&name))
}

fn possible_values(choices: Vec<(&'static str, &'static str)>) -> PossibleValuesParser {
    PossibleValuesParser::new(choices.into_iter().map(|(name, meaning)| {
        let value = PossibleValue::new(name);
        if meaning.is_empty() { value } else { value.help(meaning.trim()) }
    }))
}
