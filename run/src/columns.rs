//! Columns of a table as a weights file remembers them.

use crate::settings::Name;
use barenet_data::table::{ColumnRef, Feature};
use barenet_data::{Encoding, Task};
use serde::{Deserialize, Serialize};

/// Columns of the table that a network was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Columns {
    task: Name<Task>,
    /// The columns that are inputs, each with the texts of a column of text.
    inputs: Vec<(String, Option<Vec<String>>)>,
    targets: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    group: Option<String>,
}

impl Columns {
    pub(crate) fn of(encoding: &Encoding) -> Self {
        let input = |feature: &Feature| (feature.column.to_string(), feature.texts.clone());
        Self {
            task: encoding.task.into(),
            inputs: encoding.features.iter().map(input).collect(),
            targets: encoding.targets.iter().map(ToString::to_string).collect(),
            group: encoding.group.as_ref().map(ToString::to_string),
        }
    }

    pub(crate) fn encoding(&self, class_names: &[String]) -> Encoding {
        let reference = |name: &String| ColumnRef::from(name.as_str());
        let inputs = self.inputs.iter();
        Encoding {
            task: self.task.value(),
            features: inputs
                .map(|(name, texts)| Feature { column: reference(name), texts: texts.clone() })
                .collect(),
            targets: self.targets.iter().map(reference).collect(),
            group: self.group.as_ref().map(reference),
            class_names: class_names.to_vec(),
        }
    }
}
