//! The size of pictures as a setting.

use super::Value;
use barenet_data::ImageSize;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The size that pictures are made, written as `32` or `32x24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureSize(pub ImageSize);

impl Value for PictureSize {
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self)
    }
}

impl Serialize for PictureSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

impl<'de> Deserialize<'de> for PictureSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
