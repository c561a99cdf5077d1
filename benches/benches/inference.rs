//! Scores of one image and of a thousand, by the two-layer net (W1) and the largest one (W4), for
//! every backend. `elem/s` are images per second.

use barenet::{Init, Mat, Rng, TrainState, Weights};
use barenet_benches::{WORKLOADS, Workload, backends, normal};
use barenet_blas::Backend;
use criterion::{Bencher, Criterion, Throughput, criterion_group, criterion_main};
use std::error::Error;
use std::time::Duration;

fn inference(c: &mut Criterion) {
    let backends = backends().expect("threads start");
    for workload in WORKLOADS.iter().filter(|workload| ["W1", "W4"].contains(&workload.name)) {
        for batch in [1, 1000] {
            let mut group = c.benchmark_group(format!("scores {} x{batch}", workload.name));
            group.throughput(Throughput::Elements(batch as u64));
            for (name, backend) in &backends {
                group.bench_function(name, |bencher| {
                    backend
                        .install(|| scores(bencher, workload, batch, backend))
                        .expect("the sizes agree");
                });
            }
        }
    }
}

fn scores(
    bencher: &mut Bencher<'_>,
    workload: &Workload,
    batch: usize,
    backend: &Backend,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let net = workload.net()?;
    let arch = net.arch;
    let mut params = vec![0.0; arch.num_params()];
    let mut running = vec![0.0; arch.num_running()];
    let mut grads = vec![0.0; arch.num_params()];
    let mut state = TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut [])?;
    net.init(Init::He, Rng::seed(0), &mut state);
    running.fill(1.0);
    let weights = Weights::new(&arch, &params, &running)?;
    let x = normal(batch * arch.input_dim(), 1);
    let x = Mat::new(&x, batch, arch.input_dim())?;
    let mut workspace = vec![0.0; arch.infer_workspace_len(batch)];
    let mut scores = || net.scores(backend, weights, x, &mut workspace).map(|scores| scores.rows());
    scores()?;
    bencher.iter(scores);
    Ok(())
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        // The font that plotters has here is not registered under the name criterion asks for.
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = inference
}
criterion_main!(benches);
