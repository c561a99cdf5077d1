//! What can be said of the layers of a trained network without data.

use crate::config::Config;
use crate::settings::Dtype;
use crate::trained_run::TrainedRun;
use anyhow::Result;
use barenet_model::number::Number;

/// The layers of a trained network.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedLayers {
    /// The affine layers, the first one first.
    pub layers: Vec<TrainedLayer>,
    /// The weights of the first units of the first layer, one for each input.
    pub first_units: Vec<Vec<f32>>,
}

/// An affine layer of a trained network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainedLayer {
    /// Its inputs.
    pub fan_in: usize,
    /// Its units.
    pub fan_out: usize,
    /// Whether batch norm follows.
    pub batchnorm: bool,
    /// The root of the sum of the squares of its weights W.
    pub norm: f64,
    /// The largest of them, whatever its sign.
    pub largest: f64,
}

impl TrainedRun {
    /// The layers, and the weights of at most so many units of the first; `None` of locally connected layers, which the settings
    /// alone do not describe.
    ///
    /// # Errors
    ///
    /// If the weights are damaged.
    pub fn layers(&self, num_units: usize) -> Result<Option<TrainedLayers>> {
        if self.settings().local.is_some() {
            return Ok(None);
        }
        let config = self.config_without_data()?;
        Ok(Some(match config.dtype() {
            Dtype::F32 => self.layers_as::<f32>(&config, num_units)?,
            Dtype::F64 => self.layers_as::<f64>(&config, num_units)?,
        }))
    }

    fn layers_as<T: Number>(&self, config: &Config, num_units: usize) -> Result<TrainedLayers> {
        let net = config.net::<T>();
        let params = self.weights::<T>(&net)?.params;
        let (mut layers, mut first_units) = (Vec::new(), Vec::new());
        for layer in net.arch.layers() {
            let w = params.get(layer.w()).unwrap_or_default();
            if layers.is_empty() {
                let unit = |unit: usize| {
                    let column = w.iter().skip(unit).step_by(layer.fan_out.max(1));
                    column.map(|weight| weight.to_f64() as f32).collect()
                };
                first_units = (0..layer.fan_out.min(num_units)).map(unit).collect();
            }
            let (mut sum, mut largest) = (0.0, 0.0_f64);
            for weight in w.iter().map(|weight| weight.to_f64()) {
                sum += weight * weight;
                largest = largest.max(weight.abs());
            }
            let (fan_in, fan_out, batchnorm) = (layer.fan_in, layer.fan_out, layer.batchnorm);
            layers.push(TrainedLayer { fan_in, fan_out, batchnorm, norm: f64::sqrt(sum), largest });
        }
        Ok(TrainedLayers { layers, first_units })
    }
}
