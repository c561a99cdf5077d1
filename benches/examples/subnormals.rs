//! Prints how long loss and gradients take with subnormal weights, or with weights and images that make
//! subnormal activations and gradients, beside ordinary ones: about as long, with every kernel.
//!
//! ```sh
//! cargo run --release -p barenet-benches --example subnormals
//! ```

use barenet::{Arch, FullyConnectedNet, Label, Mat, Rng, Targets, TrainState};
use barenet_benches::normal;
use barenet_blas::{Backend, Kernel};
use std::error::Error;
use std::time::{Duration, Instant};

const ARCH: Arch<'static> = Arch::new(&[3072, 100, 10]);
const BATCH: usize = 100;

/// The shortest of a few times.
fn time(backend: &Backend, weights: f32, images: f32) -> Result<Duration, barenet::Error> {
    let net = FullyConnectedNet::new(ARCH);
    let x: Vec<f32> = normal(BATCH * ARCH.input_dim(), 1).iter().map(|x| x * images).collect();
    let y: Vec<Label> = (0..10).cycle().take(BATCH).collect();
    let (mut params, mut grads) = (Vec::new(), vec![0.0; ARCH.num_params()]);
    let mut workspace = vec![0.0; ARCH.train_workspace_len(BATCH)];
    let mut best = Duration::MAX;
    for _ in 0..10 {
        params.clear();
        params.extend(normal(ARCH.num_params(), 2).iter().map(|w| w * weights));
        let mut state = TrainState::new(&ARCH, &mut params, &mut [], &mut grads, &mut workspace)?;
        let (start, x) = (Instant::now(), Mat::new(&x, BATCH, ARCH.input_dim())?);
        net.loss(backend, Rng::seed(0), &mut state, x, Targets::Classes(&y))?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("{:<20} {:>9} {:>16} {:>16}", "", "ordinary", "weights of 1e-40", "both of 1e-20");
    for kernel in Kernel::available() {
        let backend = Backend::new(kernel, 1);
        let ordinary = time(&backend, 1e-2, 1.0)?.as_secs_f64();
        let times = |weights: f32, images: f32| -> Result<f64, barenet::Error> {
            Ok(time(&backend, weights, images)?.as_secs_f64() / ordinary)
        };
        let (subnormal, products) = (times(1e-40, 1.0)?, times(1e-20, 1e-20)?);
        let milliseconds = 1e3 * ordinary;
        println!("{kernel:<20} {milliseconds:>6.2} ms {subnormal:>15.2}× {products:>15.2}×");
    }
    Ok(())
}
