//! Locally connected layers as a setting.

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

/// A number of a layer, at most: with them no size overflows before it is refused.
const MAX_NUMBER: usize = 1 << 16;
const MAX_LAYERS: usize = 100;

fn window(text: &str) -> Result<Window, String> {
    let form = || {
        format!(
            "a locally connected layer is UNITS@SIZE/STRIDE+PADDING, such as 12@4/2+1 for 12 units at each window of \
             4x4 pixels, 2 apart, with 1 pixel of padding; found {text:?}"
        )
    };
    let number = |text: &str, least: usize| {
        let number = count(text).ok().filter(|number| (least..=MAX_NUMBER).contains(number));
        number.ok_or_else(form)
    };
    let (units, rest) = text.split_once('@').ok_or_else(form)?;
    let (rest, padding) = rest.split_once('+').unwrap_or((rest, "0"));
    let (size, stride) = rest.split_once('/').unwrap_or((rest, rest));
    let (units, size, stride) = (number(units, 1)?, number(size, 1)?, number(stride, 1)?);
    Ok(Window { size, stride, units, padding: number(padding, 0)? })
}

impl Value for Locals {
    fn parse(text: &str) -> Result<Self, String> {
        let windows = text.split(',').map(|text| window(text.trim()));
        let windows = windows.collect::<Result<Vec<_>, _>>()?;
        if windows.len() > MAX_LAYERS {
            return Err(format!("at most {MAX_LAYERS} locally connected layers are possible"));
        }
        Ok(Self(windows))
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

    #[test]
    fn what_is_no_layer_is_refused_with_an_example() {
        for bad in [
            "", "12", "12@", "@4", "0@4", "12@0", "12@4/0", "12@4/2+", "12@4+1/2", "12@4,", "-1@4",
            "70000@4",
        ] {
            let message = Locals::parse(bad).unwrap_err();
            assert!(message.contains("such as 12@4/2+1"), "{bad}: {message}");
        }
        assert!(Locals::parse(&["1@1"; 101].join(",")).unwrap_err().starts_with("at most 100"));
    }
}
