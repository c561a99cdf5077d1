//! The locally connected layers of a configuration.

use crate::settings::{Locals, SettingsError};
use barenet::{LocalLayers, Picture, Window};
use barenet_data::PictureLayout;

/// Windows, pictures, and the number of outputs of the last layer, if the samples are pictures.
pub(super) fn of(
    locals: &Locals,
    layout: Option<PictureLayout>,
) -> Result<(Vec<Window>, Picture, usize), SettingsError> {
    let refuse = |what: &str| Err(SettingsError::new(format!("local: {what}")));
    let Some(PictureLayout { size, planes, pixel_len }) = layout else {
        return refuse(
            "locally connected layers take pictures, and these samples are not known to be any; leave --local out",
        );
    };
    if planes > 1 && pixel_len > 1 {
        return refuse(
            "locally connected layers take the colours of pictures in planes or side by side",
        );
    }
    let picture = Picture {
        height: size.height,
        width: size.width,
        channels: planes.saturating_mul(pixel_len),
        planes: planes > 1,
    };
    let outputs = LocalLayers { picture, windows: &locals.0 }.num_outputs();
    // Windows that do not fit are refused by number, with the other sizes.
    Ok((locals.0.clone(), picture, outputs.max(1)))
}
