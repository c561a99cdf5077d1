//! Locally connected layers as a setting.

use super::declare::Range;
use super::{Value, count};
use barenet::{LocalLayers, Window};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Locally connected layers, each written as `UNITS@SIZE/STRIDE+PADDING`, with commas between them.
///
/// Of windows that touch, the stride may be left out, and no padding too.
///
/// ```
/// use barenet::Window;
/// use barenet_run::settings::{Locals, Value};
/// let locals = Locals::parse("12@4/2+1,24@4").unwrap();
/// assert_eq!(locals.0[0], Window { units: 12, size: 4, stride: 2, padding: 1 });
/// assert_eq!(locals.0[1], Window { units: 24, size: 4, stride: 4, padding: 0 });
/// assert_eq!(locals.to_string(), "12@4/2+1,24@4/4+0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locals(pub Vec<Window>);

/// The numbers of a layer and how many layers there may be, at most: with them no size overflows before it is refused.
pub(super) struct Limits {
    /// Layers.
    pub(super) layers: usize,
    /// Any number of a layer.
    pub(super) number: usize,
}

impl Range<Locals> for Limits {
    fn words(&self) -> String {
        let Self { layers, number } = self;
        format!(
            "at most {layers} layers, of units, sizes and strides from 1 to {number}, padding at most {number}"
        )
    }

    fn refuse(&self, locals: &Locals, _is_f32: bool) -> Option<(String, String)> {
        if locals.0.len() > self.layers {
            return Some((format!("at most {} layers", self.layers), locals.0.len().to_string()));
        }
        let numbers = |window: &Window| {
            let &Window { units, size, stride, padding } = window;
            [
                ("units", units, 1),
                ("sizes", size, 1),
                ("strides", stride, 1),
                ("padding", padding, 0),
            ]
        };
        let mut numbers = locals.0.iter().flat_map(numbers);
        let (name, found, least) =
            numbers.find(|&(_, found, least)| !(least..=self.number).contains(&found))?;
        Some((format!("of {name} from {least} to {}", self.number), found.to_string()))
    }
}

fn window(text: &str) -> Result<Window, String> {
    let form = || {
        format!(
            "a locally connected layer is UNITS@SIZE/STRIDE+PADDING, such as 12@4/2+1 for 12 units at each window of \
             4x4 pixels, 2 apart, with 1 pixel of padding; found {text:?}"
        )
    };
    let number = |text: &str| {
        // More digits than a number can have are above the limit, too.
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| count(text).unwrap_or(usize::MAX)).ok_or_else(form)
    };
    let (units, rest) = text.split_once('@').ok_or_else(form)?;
    let (rest, padding) = rest.split_once('+').unwrap_or((rest, "0"));
    let (size, stride) = rest.split_once('/').unwrap_or((rest, rest));
    Ok(Window {
        size: number(size)?,
        stride: number(stride)?,
        units: number(units)?,
        padding: number(padding)?,
    })
}

impl Value for Locals {
    fn parse(text: &str) -> Result<Self, String> {
        let windows = text.split(',').map(|text| window(text.trim()));
        Ok(Self(windows.collect::<Result<_, _>>()?))
    }
}

impl fmt::Display for Locals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        LocalLayers { windows: &self.0, ..LocalLayers::NONE }.fmt(f)
    }
}

impl Serialize for Locals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Locals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn what_is_no_layer_is_refused_with_an_example() {
        for bad in ["", "12", "12@", "@4", "12@4/2+", "12@4+1/2", "12@4,", "-1@4", "+1@4", "a@4"] {
            let message = Locals::parse(bad).unwrap_err();
            assert!(message.contains("such as 12@4/2+1"), "{bad}: {message}");
        }
    }

    #[test]
    fn a_number_out_of_its_range_is_refused_with_that() {
        let max = usize::MAX.to_string();
        let refused = |text: &str| {
            let settings =
                Settings { local: Some(Locals::parse(text).unwrap()), ..Settings::default() };
            settings.check_written().unwrap_err().to_string()
        };
        for (bad, problem) in [
            ("0@4", "of units from 1 to 65536, found 0"),
            ("70000@4", "of units from 1 to 65536, found 70000"),
            ("12@0", "of sizes from 1 to 65536, found 0"),
            ("12@4/0", "of strides from 1 to 65536, found 0"),
            ("4@3,12@4/2+65537", "of padding from 0 to 65536, found 65537"),
            (&format!("{max}0@3"), &format!("of units from 1 to 65536, found {max}")),
            (&["1@1"; 101].join(","), "at most 100 layers, found 101"),
        ] {
            assert_eq!(refused(bad), format!("local must be {problem}"), "{bad}");
        }
        let all = Locals::parse("65536@65536/65536+65536").unwrap();
        assert!(Settings { local: Some(all), ..Settings::default() }.check_written().is_ok());
    }
}
