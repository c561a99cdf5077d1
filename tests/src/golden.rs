//! Reference values computed by PyTorch's autograd in float64.

use barenet::{Float, Label};
use serde_json::Value;

/// A reference file.
#[derive(Clone, Debug)]
pub struct Golden(Value);

impl Golden {
    /// Reads `goldens/NAME.json`.
    ///
    /// # Panics
    ///
    /// If there is no such file, or it is no JSON.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let path = format!("{}/goldens/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        Self(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}")))
    }

    /// All numbers under a key such as `"params/W1"`, flat, in the type asked for.
    #[must_use]
    pub fn array<T: Float>(&self, key: &str) -> Vec<T> {
        let mut numbers = Vec::new();
        flatten(self.value(key), &mut numbers);
        numbers.into_iter().map(T::from_f64).collect()
    }

    /// A single number.
    #[must_use]
    pub fn number<T: Float>(&self, key: &str) -> T {
        self.array(key)[0]
    }

    /// Whole numbers.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn sizes(&self, key: &str) -> Vec<usize> {
        self.array::<f64>(key).into_iter().map(|size| size as usize).collect()
    }

    /// Labels.
    ///
    /// # Panics
    ///
    /// If a number is no label.
    #[must_use]
    pub fn labels(&self, key: &str) -> Vec<Label> {
        self.sizes(key).into_iter().map(|label| Label::try_from(label).unwrap()).collect()
    }

    /// The parameters or gradients under `key`, W1 b1 \[gamma1 beta1\] …, in the order of `Arch`.
    #[must_use]
    pub fn params<T: Float>(&self, key: &str, num_layers: usize) -> Vec<T> {
        let mut params = Vec::new();
        for layer in 1..=num_layers {
            for name in ["W", "b", "gamma", "beta"] {
                let key = format!("{key}/{name}{layer}");
                if self.0.pointer(&format!("/{key}")).is_some() {
                    params.extend(self.array::<T>(&key));
                }
            }
        }
        params
    }

    fn value(&self, key: &str) -> &Value {
        self.0.pointer(&format!("/{key}")).unwrap_or_else(|| panic!("there is no {key}"))
    }
}

fn flatten(value: &Value, numbers: &mut Vec<f64>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| flatten(value, numbers)),
        value => numbers.push(value.as_f64().expect("a number")),
    }
}
