//! Scores of one image and of a thousand, by the two-layer net (W1) and the largest one (W4), for
//! every backend. `elem/s` are images per second.

use barenet_benches::{Scores, WORKLOADS, Workload, backends};
use barenet_blas::Backend;
use criterion::{Bencher, Criterion, Throughput, criterion_group, criterion_main};
use std::error::Error;
use std::time::Duration;

fn inference(c: &mut Criterion) {
    let backends = backends();
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
    let mut scores = Scores::new(workload, batch)?;
    scores.run(backend)?;
    bencher.iter(|| scores.run(backend).map(|scores| scores.rows()));
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
