//! candle.

use crate::workload::{CLASSES, Images, Shuffler, Workload};
use crate::{Result, Trainer, median_call};
use candle_core::{DType, Device, Module, ModuleT, Tensor};
use candle_nn::{
    AdamW, BatchNorm, BatchNormConfig, Dropout, Linear, Optimizer, ParamsAdamW, SGD, VarBuilder,
    VarMap, batch_norm, linear, loss,
};
use std::time::{Duration, Instant};

struct Net {
    hidden: Vec<(Linear, Option<(BatchNorm, Dropout)>)>,
    last: Linear,
}

impl Net {
    fn new(workload: &Workload, vars: &VarBuilder<'_>) -> Result<Self> {
        let mut layers: Vec<_> = workload.layers().collect();
        let (fan_in, fan_out) = layers.pop().unwrap_or((1, CLASSES));
        let mut hidden = Vec::new();
        for (i, (d, m)) in layers.into_iter().enumerate() {
            let norm = if workload.norm {
                let config = BatchNormConfig { eps: 1e-5, momentum: 0.1, ..Default::default() };
                let norm = batch_norm(m, config, vars.pp(format!("norm{i}")))?;
                Some((norm, Dropout::new((1.0 - workload.keep_prob) as f32)))
            } else {
                None
            };
            hidden.push((linear(d, m, vars.pp(format!("linear{i}")))?, norm));
        }
        Ok(Self { hidden, last: linear(fan_in, fan_out, vars.pp("last"))? })
    }

    fn forward(&self, x: &Tensor, train: bool) -> candle_core::Result<Tensor> {
        let mut x = x.clone();
        for (linear, norm) in &self.hidden {
            x = linear.forward(&x)?;
            match norm {
                Some((norm, dropout)) => {
                    x = norm.forward_t(&x, train)?.relu()?;
                    x = dropout.forward(&x, train)?;
                }
                None => x = x.relu()?,
            }
        }
        self.last.forward(&x)
    }
}

enum Rule {
    Sgd(SGD),
    Adam(AdamW),
}

pub struct Training {
    workload: Workload,
    images: Tensor,
    labels: Tensor,
    net: Net,
    rule: Rule,
    shuffler: Shuffler,
}

impl Training {
    pub fn new(workload: Workload, images: &Images) -> Result<Self> {
        let (device, len) = (Device::Cpu, images.len());
        let vars = VarMap::new();
        let net = Net::new(&workload, &VarBuilder::from_varmap(&vars, DType::F32, &device))?;
        let (all, lr) = (vars.all_vars(), workload.learning_rate);
        let rule = if workload.adam {
            Rule::Adam(AdamW::new(
                all,
                ParamsAdamW { lr, weight_decay: 0.0, ..Default::default() },
            )?)
        } else {
            Rule::Sgd(SGD::new(all, lr)?)
        };
        Ok(Self {
            images: Tensor::from_slice(&images.pixels, (len, workload.dims[0]), &device)?,
            labels: Tensor::from_slice(&images.labels, len, &device)?,
            workload,
            net,
            rule,
            shuffler: Shuffler::new(),
        })
    }
}

impl Trainer for Training {
    fn run(&mut self, steps: usize) -> Result<Duration> {
        let start = Instant::now();
        let order = self.shuffler.order(self.labels.dim(0)?);
        let mut last = 0.0;
        for rows in order.chunks_exact(self.workload.batch).take(steps) {
            let rows = Tensor::from_slice(rows, rows.len(), &Device::Cpu)?;
            let x = self.images.index_select(&rows, 0)?;
            let y = self.labels.index_select(&rows, 0)?;
            let loss = loss::cross_entropy(&self.net.forward(&x, true)?, &y)?;
            match &mut self.rule {
                Rule::Sgd(rule) => rule.backward_step(&loss)?,
                Rule::Adam(rule) => rule.backward_step(&loss)?,
            }
            last = loss.to_scalar::<f32>()?;
        }
        let time = start.elapsed();
        if last.is_finite() { Ok(time) } else { Err("the loss is not finite".into()) }
    }
}

pub fn infer(workload: Workload, batch: usize, seconds: f64) -> Result<f64> {
    let device = Device::Cpu;
    let vars = VarMap::new();
    let net = Net::new(&workload, &VarBuilder::from_varmap(&vars, DType::F32, &device))?;
    let x = Tensor::rand(0_f32, 1.0, (batch, workload.dims[0]), &device)?;
    median_call(seconds, || {
        std::hint::black_box(net.forward(&x, false)?);
        Ok(())
    })
}
