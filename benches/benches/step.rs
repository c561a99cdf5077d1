//! One training step of each workload, loss and update, for every backend. `elem/s` are images per
//! second.

use barenet_benches::{Step, WORKLOADS, backends};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

fn steps(c: &mut Criterion) {
    let backends = backends();
    for workload in WORKLOADS.iter() {
        let mut group = c.benchmark_group(format!("step {}", workload.name));
        group.throughput(Throughput::Elements(workload.batch as u64));
        for (name, backend) in &backends {
            let mut step = Step::new(workload).expect("the workloads are valid");
            group.bench_function(name, |bencher| {
                backend.install(|| bencher.iter(|| step.run(backend).expect("the sizes agree")));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        // The font that plotters has here is not registered under the name criterion asks for.
        .without_plots()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = steps
}
criterion_main!(benches);
