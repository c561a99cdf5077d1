//! One training step of each workload, loss and update, for every backend. `elem/s` are images per
//! second.

use barenet::{Init, Mat, Rng, TrainState};
use barenet_benches::{WORKLOADS, Workload, backends, normal};
use barenet_blas::Backend;
use criterion::{Bencher, Criterion, Throughput, criterion_group, criterion_main};
use std::error::Error;
use std::time::Duration;

fn steps(c: &mut Criterion) {
    let backends = backends().expect("threads start");
    for workload in &WORKLOADS {
        let mut group = c.benchmark_group(format!("step {}", workload.name));
        group.throughput(Throughput::Elements(workload.batch as u64));
        for (name, backend) in &backends {
            group.bench_function(name, |bencher| {
                backend.install(|| step(bencher, workload, backend)).expect("the sizes agree");
            });
        }
    }
}

fn step(
    bencher: &mut Bencher<'_>,
    workload: &Workload,
    backend: &Backend,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (net, rule) = (workload.net()?, workload.rule()?);
    let (arch, batch) = (net.arch, workload.batch);
    let mut params = vec![0.0; arch.num_params()];
    let mut running = vec![0.0; arch.num_running()];
    let mut grads = vec![0.0; arch.num_params()];
    let mut workspace = vec![0.0; arch.train_workspace_len(batch)];
    let mut rule_state = vec![0.0; arch.num_params() * rule.state_per_param()];
    let x = normal(batch * arch.input_dim(), 1);
    let x = Mat::new(&x, batch, arch.input_dim())?;
    let y: Vec<_> = (0..10).cycle().take(batch).collect();
    let mut state = TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace)?;
    net.init(Init::He, Rng::seed(0), &mut state);

    let mut t = 0;
    let mut step = || {
        t += 1;
        let rng = Rng::seed(2).fork(t);
        let mut state =
            TrainState::new(&arch, &mut params, &mut running, &mut grads, &mut workspace)?;
        let loss = net.loss(backend, rng, &mut state, x, &y)?;
        let t = usize::try_from(t).unwrap_or(usize::MAX);
        let learning_rate = workload.learning_rate;
        rule.update(backend, learning_rate, t, &mut params, &grads, &mut rule_state)?;
        Ok::<_, barenet::Error>(loss)
    };
    step()?;
    bencher.iter(step);
    Ok(())
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = steps
}
criterion_main!(benches);
