//! A trained network as other programs' files have it: arrays with names, or a graph.
//!
//! | module | has |
//! |---|---|
//! | [`arrays`] | a network as arrays with names, barenet's or PyTorch's |
//! | [`safetensors`], [`npz`] | files of such arrays |
//! | [`names`] | a network from arrays, by their names |
//! | [`chain`] | a network from operations, one after the other |
//!
//! Numbers are `f64` here, which holds every `f32` as it is; a file gets them in the type of the network.

pub mod arrays;
pub mod chain;
pub mod names;
pub mod npz;
pub mod safetensors;

use crate::number::Number;
use crate::scales::Scales;
use crate::weights::WeightsFile;
use anyhow::{Context, Result, ensure};
use barenet::{Arch, FullyConnectedNet, Weights, fold, layer_grads, layer_params, layer_running};
use std::collections::BTreeMap;
use std::fmt;

/// What is known of a network beside its numbers, as texts: names of classes, its task and so on.
pub type Notes = BTreeMap<String, String>;

/// A network of affine layers with ReLU between them, its batch norm and its scalings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// The layers.
    pub layers: Vec<Layer>,
    /// What is done to inputs before and to scores after.
    pub scales: Scales<f64>,
    /// Whether its numbers are `f64`.
    pub is_f64: bool,
}

/// An affine layer, and the batch norm between it and its ReLU.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    /// Weights, (D, M).
    pub w: Vec<f64>,
    /// Biases, (M).
    pub b: Vec<f64>,
    /// Batch norm.
    pub norm: Option<Norm>,
}

/// Batch norm: (x − mean) / √(var + eps) · gamma + beta. Each has a number for each unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Norm {
    /// Factors.
    pub gamma: Vec<f64>,
    /// What is added at the end.
    pub beta: Vec<f64>,
    /// Running means.
    pub mean: Vec<f64>,
    /// Running variances, biased as CS231n keeps them.
    pub var: Vec<f64>,
}

/// Why a network with locally connected layers is in no such file.
pub const NO_LOCAL: &str =
    "locally connected layers are in none of these formats; `--format firmware` has them";

/// The number that batch norm adds to a variance.
pub const EPS: f64 = 1e-5;

impl Layer {
    /// How many inputs it has.
    #[must_use]
    pub fn fan_in(&self) -> usize {
        self.w.len().checked_div(self.b.len()).unwrap_or(0)
    }

    /// How many units it has.
    #[must_use]
    pub const fn fan_out(&self) -> usize {
        self.b.len()
    }

    /// From the score of the second of two classes to a score of each: that of the first is 0.
    pub fn into_two_classes(&mut self) {
        self.w = self.w.iter().flat_map(|&w| [0.0, w]).collect();
        self.b = self.b.iter().flat_map(|&b| [0.0, b]).collect();
    }
}

fn to_f64<T: Number>(numbers: &[T]) -> Vec<f64> {
    numbers.iter().map(|number| number.to_f64()).collect()
}

fn of_f64<T: Number>(numbers: &[f64]) -> Vec<T> {
    numbers.iter().map(|&number| T::from_f64(number)).collect()
}

fn convert<T: Number, U>(scales: &Scales<T>, to: impl Fn(&[T]) -> Vec<U>) -> Scales<U> {
    Scales {
        offset: to(&scales.offset),
        factor: to(&scales.factor),
        fill: to(&scales.fill),
        target_offset: to(&scales.target_offset),
        target_factor: to(&scales.target_factor),
    }
}

/// Sizes and batch norm, such as `4-16-3, batch norm`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<_> = self.dims().iter().map(ToString::to_string).collect();
        f.write_str(&sizes.join("-"))?;
        f.write_str(if self.has_batchnorm() { ", batch norm" } else { "" })
    }
}

impl Network {
    /// Takes the weights of a file apart.
    ///
    /// # Errors
    ///
    /// If it has locally connected layers, which no other program has, or the weights are not of `arch`.
    pub fn new<T: Number>(arch: &Arch<'_>, file: &WeightsFile<T>) -> Result<Self> {
        ensure!(!arch.has_local(), NO_LOCAL);
        let weights = Weights::new(arch, &file.params, &file.running)?;
        let layer = |layer| {
            let views = layer_params(&layer, weights.params())?;
            let statistics = layer_running(&layer, weights.running());
            let norm = views.norm.zip(statistics).map(|(norm, statistics)| Norm {
                gamma: to_f64(norm.gamma),
                beta: to_f64(norm.beta),
                mean: to_f64(statistics.mean),
                var: to_f64(statistics.var),
            });
            Some(Layer { w: to_f64(views.w.data()), b: to_f64(views.b), norm })
        };
        let layers = arch.layers().map(layer).collect::<Option<_>>();
        Ok(Self {
            layers: layers.context("the weights are too short")?,
            scales: convert(&file.scales, to_f64),
            is_f64: T::SIZE == size_of::<f64>(),
        })
    }

    /// Inputs, hidden layers, outputs.
    #[must_use]
    pub fn dims(&self) -> Vec<usize> {
        let first = self.layers.first().map(Layer::fan_in);
        first.into_iter().chain(self.layers.iter().map(Layer::fan_out)).collect()
    }

    /// Whether its hidden layers have batch norm.
    #[must_use]
    pub fn has_batchnorm(&self) -> bool {
        self.layers.iter().any(|layer| layer.norm.is_some())
    }

    /// The architecture of [`Self::dims`].
    ///
    /// # Errors
    ///
    /// If there is none of these sizes.
    pub fn arch<'a>(&self, dims: &'a [usize]) -> Result<Arch<'a>> {
        let arch = Arch::try_new(dims)?;
        Ok(if self.has_batchnorm() { arch.with_batchnorm() } else { arch })
    }

    /// The weights as a file has them.
    ///
    /// # Errors
    ///
    /// If the layers do not fit together.
    pub fn weights<T: Number>(&self) -> Result<WeightsFile<T>> {
        let dims = self.dims();
        let arch = self.arch(&dims)?;
        let (mut params, mut running) = (Vec::new(), Vec::new());
        for layer in &self.layers {
            params.extend(of_f64::<T>(&layer.w));
            params.extend(of_f64::<T>(&layer.b));
            if let Some(Norm { gamma, beta, mean, var }) = &layer.norm {
                params.extend(of_f64::<T>(gamma));
                params.extend(of_f64::<T>(beta));
                running.extend(of_f64::<T>(mean));
                running.extend(of_f64::<T>(var));
            }
        }
        Weights::new(&arch, &params, &running)?;
        Ok(WeightsFile { params, running, scales: convert(&self.scales, of_f64) })
    }

    /// The same function without batch norm.
    ///
    /// # Errors
    ///
    /// If the layers do not fit together.
    pub fn without_batchnorm(&self) -> Result<Self> {
        let folded = self.folded(false, false)?;
        Ok(Self { scales: self.scales.clone(), ..folded })
    }

    /// The same function without scalings; batch norm stays where it is.
    ///
    /// # Errors
    ///
    /// If the layers do not fit together.
    pub fn without_scaling(&self) -> Result<Self> {
        let norms = self.layers.iter().map(|layer| layer.norm.clone());
        let layers = self.layers.iter().map(|layer| Layer { norm: None, ..layer.clone() });
        let plain = Self { layers: layers.collect(), ..self.clone() };
        let mut folded = plain.folded(true, true)?;
        for (layer, norm) in folded.layers.iter_mut().zip(norms) {
            layer.norm = norm;
        }
        Ok(folded)
    }

    /// Puts the scaling of the answers into the last layer.
    pub fn fold_targets(&mut self) {
        let Scales { target_offset, target_factor, .. } = &mut self.scales;
        let (offset, factor) = (std::mem::take(target_offset), std::mem::take(target_factor));
        let Some(last) = self.layers.last_mut() else { return };
        let width = last.fan_out().max(1);
        for row in last.w.chunks_exact_mut(width).chain([&mut *last.b]) {
            row.iter_mut().zip(&factor).for_each(|(w, factor)| *w /= factor);
        }
        last.b.iter_mut().zip(&offset).for_each(|(b, offset)| *b += offset);
    }

    /// Folds batch norm, and the scalings that are asked for.
    fn folded(&self, inputs: bool, targets: bool) -> Result<Self> {
        let (dims, weights) = (self.dims(), self.weights::<f64>()?);
        let net = FullyConnectedNet::<f64>::with_arch(self.arch(&dims)?);
        let plain = net.arch.without_batchnorm();
        let mut params = vec![0.0; plain.num_params()];
        let views = Weights::new(&net.arch, &weights.params, &weights.running)?;
        let none = Scales::default();
        let inputs = if inputs { &self.scales } else { &none };
        let targets = if targets { &self.scales } else { &none };
        fold(&net, views, inputs.inputs(), targets.targets(), &mut params)?;
        let layers = plain.layers().map(|layer| {
            let views = layer_grads(&layer, &mut params)?;
            Some(Layer { w: views.dw.as_mat().data().to_vec(), b: views.db.to_vec(), norm: None })
        });
        let layers = layers.collect::<Option<_>>().context("the weights are too short")?;
        Ok(Self { layers, scales: none, is_f64: self.is_f64 })
    }

    /// Refuses numbers that the type of the network does not hold.
    ///
    /// # Errors
    ///
    /// Naming the layer, from 1.
    pub fn check_finite(&self) -> Result<()> {
        let fits = |x: &f64| if self.is_f64 { x.is_finite() } else { (*x as f32).is_finite() };
        for (number, layer) in (1..).zip(&self.layers) {
            let norm = layer.norm.iter().flat_map(|Norm { gamma, beta, mean, var }| {
                [
                    ("gamma", gamma),
                    ("beta", beta),
                    ("running mean", mean),
                    ("running variance", var),
                ]
            });
            for (what, numbers) in
                [("weights", &layer.w), ("biases", &layer.b)].into_iter().chain(norm)
            {
                if let Some(place) = numbers.iter().position(|x| !fits(x)) {
                    anyhow::bail!(
                        "layer {number}: number {} of the {what} is NaN, infinite or too large: such a network \
                         computes nothing",
                        place + 1
                    );
                }
            }
        }
        let Scales { offset, factor, fill, target_offset, target_factor } = &self.scales;
        let all = [offset, factor, fill, target_offset, target_factor];
        ensure!(
            all.into_iter().flatten().all(fits),
            "a number of the scaling is NaN, infinite or too large"
        );
        Ok(())
    }
}
