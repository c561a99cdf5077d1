//! burn, with its CPU backend Flex.

use crate::workload::{CLASSES, Images, Shuffler, Workload};
use crate::{Result, Trainer, median_call};
use burn::module::Module;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig, Relu};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use std::time::{Duration, Instant};

#[derive(Module, Debug)]
struct Net {
    linears: Vec<Linear>,
    norms: Vec<BatchNorm>,
    dropouts: Vec<Dropout>,
    relu: Relu,
    last: Linear,
}

impl Net {
    fn new(workload: &Workload, device: &Device) -> Self {
        let mut layers: Vec<_> = workload.layers().collect();
        let (fan_in, fan_out) = layers.pop().unwrap_or((1, CLASSES));
        let hidden = if workload.norm { &layers[..] } else { &[] };
        Self {
            linears: layers.iter().map(|&(d, m)| LinearConfig::new(d, m).init(device)).collect(),
            norms: hidden.iter().map(|&(_, m)| BatchNormConfig::new(m).init(device)).collect(),
            dropouts: hidden
                .iter()
                .map(|_| DropoutConfig::new(1.0 - workload.keep_prob).init())
                .collect(),
            relu: Relu::new(),
            last: LinearConfig::new(fan_in, fan_out).init(device),
        }
    }

    fn forward(&self, mut x: Tensor<2>) -> Tensor<2> {
        for (i, linear) in self.linears.iter().enumerate() {
            x = linear.forward(x);
            if let Some(norm) = self.norms.get(i) {
                x = norm.forward(x);
            }
            x = self.relu.forward(x);
            if let Some(dropout) = self.dropouts.get(i) {
                x = dropout.forward(x);
            }
        }
        self.last.forward(x)
    }
}

pub struct Training {
    workload: Workload,
    device: Device,
    images: Tensor<2>,
    labels: Tensor<1, Int>,
    net: Option<Net>,
    loss: CrossEntropyLoss,
    optimizer: ModuleOptimizer,
    shuffler: Shuffler,
}

impl Training {
    pub fn new(workload: Workload, images: &Images) -> Self {
        let device = Device::flex().autodiff();
        let len = images.len();
        let pixels = TensorData::new(images.pixels.clone(), [len, workload.dims[0]]);
        let labels: Vec<i32> = images.labels.iter().map(|&label| label as i32).collect();
        let optimizer = if workload.adam {
            AdamConfig::new().with_epsilon(1e-8).init()
        } else {
            SgdConfig::new().init()
        };
        Self {
            images: Tensor::from_data(pixels, &device),
            labels: Tensor::from_data(TensorData::new(labels, [len]), &device),
            net: Some(Net::new(&workload, &device)),
            loss: CrossEntropyLossConfig::new().init(&device),
            optimizer,
            workload,
            device,
            shuffler: Shuffler::new(),
        }
    }
}

impl Trainer for Training {
    fn run(&mut self, steps: usize) -> Result<Duration> {
        let start = Instant::now();
        let order = self.shuffler.order(self.images.dims()[0]);
        let mut last = 0.0;
        for rows in order.chunks_exact(self.workload.batch).take(steps) {
            let rows: Vec<_> = rows.iter().map(|&row| row as i32).collect();
            let rows = TensorData::new(rows, [self.workload.batch]);
            let rows = Tensor::<1, Int>::from_data(rows, &self.device);
            let x = self.images.clone().select(0, rows.clone());
            let y = self.labels.clone().select(0, rows);
            let net = self.net.take().ok_or("a step failed before")?;
            let loss = self.loss.forward(net.forward(x), y);
            let grads = GradientsParams::from_grads(loss.backward(), &net);
            self.net = Some(self.optimizer.step(self.workload.learning_rate, net, grads));
            last = loss.into_scalar::<f32>();
        }
        let time = start.elapsed();
        if last.is_finite() { Ok(time) } else { Err("the loss is not finite".into()) }
    }
}

pub fn infer(workload: Workload, batch: usize, seconds: f64) -> Result<f64> {
    let device = Device::flex();
    let net = Net::new(&workload, &device);
    let x = Tensor::<2>::random([batch, workload.dims[0]], Distribution::Default, &device);
    median_call(seconds, || {
        let scores = net.forward(x.clone()).into_data();
        std::hint::black_box(scores);
        Ok(())
    })
}
