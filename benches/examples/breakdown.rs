//! Times of the parts of a training step of each workload, and the place of each under the roof that
//! multiply-adds and memory make.
//!
//! ```sh
//! cargo run --release -p barenet-benches --features openblas --example breakdown
//! ```
//!
//! It writes `roofline.svg` and `roofline.png` to `target/scaling`, or to the folder that is its
//! argument, and prints a table. *Products* are the matrix products of the step alone, of the same
//! shapes; *update* the update rule alone; the *rest* is what is left: bias, ReLU, batch norm,
//! dropout, loss, and handing work to threads. The *bound* is the products at the measured rate of
//! multiply-adds.

use barenet_benches::bounds::Bounds;
use barenet_benches::{Step, WORKLOADS, Workload, bytes, normal};
use barenet_blas::peak::Rate;
use barenet_blas::{Backend, Kernel};
use barenet_report::{Curve, Sweep, sweep_figure};
use barenet_run::profile::{Products, median};
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How long each figure is measured.
const TIME: Duration = Duration::from_millis(500);

fn products(workload: &Workload<'_>, backend: &Backend) -> Result<f64> {
    let mut products = Products::<f32>::of(&workload.net()?.arch, workload.batch)?;
    Ok(backend.install(|| median(TIME, || products.multiply(backend)))?)
}

fn update(workload: &Workload<'_>, backend: &Backend) -> Result<f64> {
    let (rule, len) = (workload.rule, workload.net()?.arch.num_params());
    let (mut w, dw) = (normal(len, 1), normal(len, 2));
    let mut state = vec![0.0; rule.state_per_param() * len];
    Ok(backend.install(|| {
        median(TIME, || rule.update(backend, workload.learning_rate, 1, &mut w, &dw, &mut state))
    })?)
}

/// Bytes that a step must move if no number stays in a cache between two passes: the batch twice, the
/// weights for the products, what the update rule reads and writes, and activations.
fn moved(workload: &Workload<'_>) -> Result<f64> {
    let per_weight = 3 + 3 + 2 * workload.rule.state_per_param();
    let per_unit = if workload.batchnorm { 16 } else { 8 };
    let units: usize = workload.products().map(|[_, m]| m).sum();
    let inputs = workload.dims.first().copied().unwrap_or(0);
    let per_image = 2 * inputs + per_unit * units;
    Ok(bytes(per_weight * workload.num_weights() + workload.batch * per_image) as f64)
}

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).map_or_else(|| "target/scaling".into(), PathBuf::from);
    let bounds = Bounds::measure();
    let backend = Backend::new(Kernel::default(), 0);
    println!("{bounds}\n{}, {} threads, µs a step\n", backend.kernel(), backend.threads());
    println!("|  | bound | products | update | rest | step | products' GFLOP/s | images/s |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    let (mut places, mut least, mut most) = (Vec::new(), f64::INFINITY, 0.0_f64);
    for workload in WORKLOADS.iter() {
        let mut step = Step::new(workload)?;
        let whole = backend.install(|| median(TIME, || step.run(&backend).map(|_loss| ())))?;
        let (products, update) = (products(workload, &backend)?, update(workload, &backend)?);
        let flops = (workload.batch * workload.train_flops()) as f64;
        println!(
            "| {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} |",
            workload.name,
            1e6 * flops / bounds.fma.all,
            1e6 * products,
            1e6 * update,
            1e6 * (whole - products - update),
            1e6 * whole,
            1e-9 * flops / products,
            workload.batch as f64 / whole
        );
        let intensity = flops / moved(workload)?;
        (least, most) = (least.min(intensity), most.max(intensity));
        places.push(Curve {
            label: workload.name.to_owned(),
            points: vec![(intensity, 1e-9 * flops / whole)],
        });
    }

    // From well left of the leftmost to well right of the rightmost workload.
    let (from, to) = (least.min(bounds.fma.all / bounds.memory.all) / 2.0, 2.0 * most);
    let roof = |label: &str, bandwidth: Rate| {
        let height = |x: f64| 1e-9 * bounds.fma.all.min(x * bandwidth.all);
        let ridge = (bounds.fma.all / bandwidth.all).clamp(from, to);
        let points = [from, ridge, to].map(|x| (x, height(x)));
        Curve { label: label.to_owned(), points: points.to_vec() }
    };
    let roofs =
        vec![roof("roof: memory", bounds.memory), roof("roof: caches of the cores", bounds.cache)];
    let sweep = Sweep {
        title: format!("Training steps under the roof, {}", backend.kernel()),
        x_label: "Operations per byte moved",
        y_label: "GFLOP/s",
        curves: [roofs, places].concat(),
    };
    std::fs::create_dir_all(&folder)?;
    let figure = sweep_figure(&[sweep]);
    std::fs::write(folder.join("roofline.svg"), figure.to_svg()?)?;
    std::fs::write(folder.join("roofline.png"), figure.to_png()?)?;
    println!("\nthe plot is in {}", folder.display());
    Ok(())
}
