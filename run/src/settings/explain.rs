//! Settings with their meaning, and all of them with default and range too, as a TOML file to change.

use super::{Kind, Row, RuleName, SETTINGS, Settings, SettingsError, Values};

/// The text of a TOML file with every setting: its meaning, the values that it may have, and its default.
///
/// What is `given` stands there as it is; all else is a comment, `#name = default`, to be made a setting by taking the
/// `#` away. So the file has the settings that are given and no others.
///
/// # Errors
///
/// [`SettingsError`] for the first setting that is out of its range.
///
/// ```
/// use barenet_run::settings::{Settings, explain};
/// let given = Settings { batch_size: Some(32), ..Settings::default() };
/// let text = explain(&given)?;
/// assert!(text.contains("\nbatch_size = 32\n") && text.contains("\n#num_epochs = 10\n"));
/// assert_eq!(Settings::from_toml(&text, "mine.toml".as_ref())?, given);
/// # Ok::<(), barenet_run::settings::SettingsError>(())
/// ```
pub fn explain(given: &Settings) -> Result<String, SettingsError> {
    let defaults = table(&Values::complete(given.clone())?.to_settings());
    let by_rule = RuleName::all().map(|rule| {
        let settings = Settings { update_rule: Some(rule), ..given.clone() };
        let settings = Settings { learning_rate: None, ..settings };
        Ok((rule.name(), table(&Values::complete(settings)?.to_settings())))
    });
    let by_rule = by_rule.collect::<Result<Vec<_>, SettingsError>>()?;
    let (given, mut text, mut heading) = (table(given), HEAD.to_owned(), "");
    for row in SETTINGS {
        if row.heading != heading {
            heading = row.heading;
            text += &headline(heading);
        }
        let by_rule = by_rule.iter().map(|(rule, all)| (*rule, all.get(row.name)));
        text += &about(row, &by_rule.collect::<Vec<_>>());
        let line = |value: &toml::Value| format!("{} = {value}\n", row.name);
        text += &match (given.get(row.name), defaults.get(row.name)) {
            (Some(value), _) => line(value),
            (None, Some(value)) => format!("#{}", line(value)),
            (None, None) => format!("#{} = {}\n", row.name, placeholder(row)),
        };
    }
    Ok(text)
}

const HEAD: &str = "\
# Every setting of `barenet train`. Those with a # before them are not set: they show the default of a run
# that sets nothing of what they depend on. `barenet train --config FILE` reads this file; flags go over it,
# and the presets of `barenet presets` under it. Where data of one's own train, what this file leaves open
# is chosen by the data: `barenet init --data FILE` writes that down.
";

/// The text of a TOML file with the settings that are given, each under its meaning.
///
/// ```
/// use barenet_run::settings::{Settings, with_meanings};
/// let text = with_meanings(&Settings { seed: Some(7), ..Settings::default() });
/// assert!(text.ends_with("# Everything random follows from it\nseed = 7\n"));
/// ```
#[must_use]
pub fn with_meanings(given: &Settings) -> String {
    let (given, mut text, mut heading) = (table(given), String::new(), "");
    for row in SETTINGS {
        let Some(value) = given.get(row.name) else { continue };
        if row.heading != heading {
            heading = row.heading;
            text += &headline(heading);
        }
        text += &format!("# {}\n{} = {value}\n", row.help.trim(), row.name);
    }
    text
}

/// The line above a group of settings.
fn headline(heading: &str) -> String {
    format!("\n# {:-<100}\n", format!("{heading} "))
}

/// Settings as TOML, by their names.
fn table(settings: &Settings) -> toml::Table {
    // Plain numbers, strings and lists: there is nothing that could fail.
    toml::Table::try_from(settings).unwrap_or_default()
}

/// The comment above a setting.
fn about(row: &Row, by_rule: &[(&str, Option<&toml::Value>)]) -> String {
    let mut text = format!("\n# {}\n", row.help.trim());
    let flag = row.flag.map_or_else(|| row.name.replace('_', "-"), str::to_owned);
    let range = (row.range)().map_or_else(String::new, |range| format!("; {range}"));
    text += &format!("# --{flag}{range}\n");
    for (name, meaning) in (row.choices)().iter().filter(|(_, meaning)| !meaning.is_empty()) {
        text += &format!("#   {name:<18}{meaning}\n");
    }
    if let Some((needs, _)) = row.needs {
        text += &format!("# Takes {needs}\n");
    }
    let differ = by_rule.iter().any(|(_, value)| Some(value) != by_rule.first().map(|(_, v)| v));
    if differ && row.name != "update_rule" {
        let zero = |value: &toml::Value| value.as_float() == Some(0.0);
        let defaults = by_rule.iter().filter_map(|(rule, value)| {
            let value = value.filter(|value| !zero(value))?;
            Some(format!("{rule} {value}"))
        });
        text += &format!("# By update rule: {}\n", defaults.collect::<Vec<_>>().join(", "));
    }
    text
}

/// What stands for the value of a setting that has no default.
fn placeholder(row: &Row) -> String {
    match row.kind {
        Kind::Number => row.value_name.to_owned(),
        Kind::Numbers => format!("[{}]", row.value_name),
        Kind::Switch => "true or false".to_owned(),
        Kind::Text => format!("\"{}\"", row.value_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets::Preset;
    use std::path::Path;

    fn parse(text: &str) -> Settings {
        Settings::from_toml(text, Path::new("explained.toml")).unwrap()
    }

    #[test]
    fn it_has_every_setting_once_and_reads_as_what_was_given() {
        for preset in Preset::all().unwrap() {
            let text = explain(&preset.settings).unwrap();
            assert_eq!(parse(&text), preset.settings, "{}", preset.name);
        }
        let text = explain(&Settings::default()).unwrap();
        assert_eq!(parse(&text), Settings::default());
        for row in SETTINGS {
            let start = format!("#{} = ", row.name);
            assert_eq!(text.lines().filter(|line| line.starts_with(&start)).count(), 1, "{start}");
            let help = row.help.trim();
            assert!(text.contains(help) && !help.is_empty(), "{}", row.name);
        }
    }

    #[test]
    fn the_defaults_that_it_shows_are_those_of_a_run() {
        let defaults = Values::complete(Settings::default()).unwrap().to_settings();
        let names: Vec<_> = table(&defaults).keys().cloned().collect();
        let text = explain(&Settings::default()).unwrap();
        let lines = text.lines().map(|line| match line.strip_prefix('#') {
            Some(rest) if names.iter().any(|name| rest.starts_with(&format!("{name} = "))) => rest,
            _ => line,
        });
        assert_eq!(parse(&lines.collect::<Vec<_>>().join("\n")), defaults);
    }

    #[test]
    fn a_range_is_the_one_that_is_checked() {
        let range = |name: &str| {
            let row = SETTINGS.iter().find(|row| row.name == name).unwrap();
            (row.range)()
        };
        for (settings, name) in [
            (Settings { learning_rate: Some(0.0), ..Settings::default() }, "learning_rate"),
            (Settings { keep_prob: Some(1.5), ..Settings::default() }, "keep_prob"),
            (Settings { val_size: Some(0), ..Settings::default() }, "val_size"),
        ] {
            let message = Values::complete(settings).unwrap_err().to_string();
            let words = range(name).unwrap();
            assert!(message.starts_with(&format!("{name} must be {words}, found")), "{message}");
        }
        assert_eq!(range("batch_size").unwrap(), "from 1 to 1048576");
        assert_eq!(range("seed"), None);
    }

    #[test]
    fn a_default_that_depends_on_the_update_rule_is_shown_for_each() {
        let text = explain(&Settings::default()).unwrap();
        assert!(text.contains("# By update rule: sgd 0.0003, sgd_momentum 0.0001"), "{text}");
        assert!(text.contains("# By update rule: sgd_momentum 0.9, "), "{text}");
    }

    #[test]
    fn a_setting_out_of_its_range_is_refused() {
        let given = Settings { batch_size: Some(0), ..Settings::default() };
        assert_eq!(
            explain(&given).unwrap_err().to_string(),
            "batch_size must be at least 1, found 0"
        );
    }
}
