//! The settings in which trials differ, as the file of a sweep has them.

use super::{Found, Reader};
use crate::settings::{Kind, Row, SettingsError};
use crate::sweep::space::{Parameter, Space, setting};
use toml::Value;
use toml::de::{DeTable, DeValue};

impl Reader<'_> {
    pub(super) fn parameters(&self, table: &DeTable<'_>) -> Result<Vec<Parameter>, SettingsError> {
        let mut parameters = Vec::new();
        for (key, found) in table {
            let row = self.varied(key)?;
            parameters.push(Parameter { name: row.name, space: self.space(row, found)? });
        }
        Ok(parameters)
    }

    fn space(&self, row: &Row, found: &Found<'_>) -> Result<Space, SettingsError> {
        let name = row.name;
        let DeValue::Table(table) = found.get_ref() else {
            let value = self.value(found)?;
            return Err(self.error(
                &found.span(),
                format!(
                    "{name} = {value} is one value: write {name} = {{ values = [..] }}, or {{ min = .., max = .. }}; one for \
                     all trials belongs under [settings]"
                ),
            ));
        };
        for key in table.keys() {
            self.check_key(key, &["values", "min", "max", "log"], "no key of a parameter")?;
        }
        let of = |name: &str| {
            table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
        };
        let is_range = ["min", "max", "log"].iter().any(|name| of(name).is_some());
        match (of("values"), is_range) {
            (Some(values), true) => Err(self.error(
                &values.span(),
                format!("{name} has both values and a range: leave one of them out"),
            )),
            (Some(values), false) => self.values(row, values),
            (None, _) => match (of("min"), of("max")) {
                (Some(min), Some(max)) => {
                    let log = of("log").map_or(Ok(false), |found| match found.get_ref() {
                        DeValue::Boolean(log) => Ok(*log),
                        _ => Err(self.error(&found.span(), "log is true or false")),
                    })?;
                    self.range(row, min, max, log)
                }
                _ => Err(self.error(
                    &found.span(),
                    format!("{name} takes values = [..], or both min and max"),
                )),
            },
        }
    }

    fn values(&self, row: &Row, found: &Found<'_>) -> Result<Space, SettingsError> {
        let name = row.name;
        let DeValue::Array(array) = found.get_ref() else {
            return Err(
                self.error(&found.span(), format!("{name}: values is a list: values = [..]"))
            );
        };
        if array.is_empty() {
            return Err(self.error(&found.span(), format!("{name}: values is empty")));
        }
        let (mut values, mut seen) = (Vec::new(), Vec::new());
        for found in array {
            let (value, settings) = (self.value(found)?, self.setting(row, found)?);
            if seen.contains(&settings) {
                return Err(self.error(&found.span(), format!("{name}: values has {value} twice")));
            }
            seen.push(settings);
            values.push(value);
        }
        Ok(Space::Values(values))
    }

    fn range(
        &self,
        row: &Row,
        min: &Found<'_>,
        max: &Found<'_>,
        log: bool,
    ) -> Result<Space, SettingsError> {
        let name = row.name;
        if row.kind != Kind::Number {
            return Err(self.error(
                &min.span(),
                format!("{name} is no number and has no range: write values = [..]"),
            ));
        }
        let (low, high) = (self.value(min)?, self.value(max)?);
        // The ends are values that it may have.
        for found in [min, max] {
            self.setting(row, found)?;
        }
        let real = |value: &Value| value.as_float().or(value.as_integer().map(|n| n as f64));
        let (Some(min_real), Some(max_real)) = (real(&low), real(&high)) else {
            return Err(self.error(&min.span(), format!("{name}: min and max are numbers")));
        };
        if min_real > max_real {
            let message = format!("{name}: min is {low}, which is more than max, {high}");
            return Err(self.error(&min.span(), message));
        }
        if log && min_real <= 0.0 {
            let message = format!(
                "{name}: log takes a min above 0, found {low}: numbers have no logarithm from 0 down"
            );
            return Err(self.error(&min.span(), message));
        }
        let is_whole =
            setting(name, &Value::Float(0.5)).is_err_and(|error| error.contains("invalid type"));
        match (is_whole, low.as_integer(), high.as_integer()) {
            (true, Some(min), Some(max)) => Ok(Space::Whole { min, max, log }),
            _ => Ok(Space::Reals { min: min_real, max: max_real, log }),
        }
    }
}
