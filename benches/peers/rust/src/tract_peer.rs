//! tract: inference of an ONNX file.

use crate::workload::Workload;
use crate::{Result, median_call};
use tract_onnx::prelude::*;

pub fn infer(name: &str, workload: Workload, batch: usize, seconds: f64) -> Result<f64> {
    let folder = std::env::var("PEERS_DIR")?;
    let dim = workload.dims[0];
    let plan = tract_onnx::onnx()
        .model_for_path(format!("{folder}/{name}.onnx"))?
        .with_input_fact(0, f32::fact([batch, dim]).into())?
        .into_optimized()?
        .into_runnable()?;
    let x: Vec<f32> = (0..batch * dim).map(|i| (i % 17) as f32 - 8.0).collect();
    let x = Tensor::from_shape(&[batch, dim], &x)?;
    median_call(seconds, || {
        std::hint::black_box(plan.run(tvec!(x.clone().into()))?);
        Ok(())
    })
}
