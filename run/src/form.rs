//! The form of samples as a weights file remembers it.

use barenet_data::{ImageSize, PictureForm, SampleForm, WindowForm};
use serde::{Deserialize, Serialize};

/// The form of the samples that a network was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Form {
    Pictures { width: usize, height: usize, planes: usize },
    Windows { window: usize, stride: usize, channels: Vec<String> },
}

impl From<SampleForm> for Form {
    fn from(form: SampleForm) -> Self {
        match form {
            SampleForm::Pictures(PictureForm { size: ImageSize { width, height }, planes }) => {
                Self::Pictures { width, height, planes }
            }
            SampleForm::Windows(WindowForm { window, stride, channels }) => {
                Self::Windows { window, stride, channels }
            }
        }
    }
}

impl From<Form> for SampleForm {
    fn from(form: Form) -> Self {
        match form {
            Form::Pictures { width, height, planes } => {
                Self::Pictures(PictureForm { size: ImageSize { width, height }, planes })
            }
            Form::Windows { window, stride, channels } => {
                Self::Windows(WindowForm { window, stride, channels })
            }
        }
    }
}
