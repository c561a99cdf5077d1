//! The locally connected layers of an exported network.

use barenet::{Arch, LocalLayers, Picture, Window};

/// The locally connected layers that a network begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// The pictures that the first of them sees.
    pub picture: Picture,
    /// The windows of each, from first to last.
    pub windows: Vec<Window>,
}

impl Local {
    /// Those of an architecture, if it has some.
    #[must_use]
    pub fn of(arch: &Arch<'_>) -> Option<Self> {
        let LocalLayers { picture, windows } = arch.local();
        arch.has_local().then(|| Self { picture, windows: windows.to_vec() })
    }

    /// The layers as the library has them.
    #[must_use]
    pub fn layers(&self) -> LocalLayers<'_> {
        LocalLayers { picture: self.picture, windows: &self.windows }
    }

    /// A call in Rust that puts them before the layers of an architecture.
    pub(super) fn source(&self) -> String {
        let Picture { height, width, channels, planes } = self.picture;
        let windows: String = self
            .windows
            .iter()
            .map(|Window { size, stride, units, padding }| {
                format!(
                    "        barenet::Window {{ size: {size}, stride: {stride}, units: {units}, padding: {padding} }},\n"
                )
            })
            .collect();
        format!(
            ".with_local(barenet::LocalLayers {{\n    \
             picture: barenet::Picture {{ height: {height}, width: {width}, channels: {channels}, planes: {planes} }},\n    \
             windows: &[\n{windows}    ],\n}})"
        )
    }
}
