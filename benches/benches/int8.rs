//! Scores of one image and of a thousand by int8 networks of the sizes of W1 and W4: portable, without AVX-512, and what the CPU
//! has, on one thread and on all. `elem/s` are images per second.

use barenet::quant::{Channel, QuantGemm, QuantNet, pack};
use barenet::{Arch, Machine, Portable, Rng};
use barenet_benches::WORKLOADS;
use barenet_blas::{Backend, Kernel};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::time::Duration;

/// A network of drawn numbers, with images.
struct Net<'a> {
    arch: Arch<'a>,
    weights: Vec<u32>,
    channels: Vec<Channel>,
    images: Vec<u8>,
    workspace: Vec<u8>,
    scores: Vec<i16>,
}

impl<'a> Net<'a> {
    fn new(dims: &'a [usize], batch: usize) -> Self {
        let arch = Arch::try_new(dims).expect("valid");
        let mut rng = Rng::seed(1);
        let mut byte = || rng.below(255) as u8;
        let mut weights = Vec::new();
        for _ in 0..arch.quant_weights_len() / 4 {
            let row = |_| core::array::from_fn(|_| (i16::from(byte()) - 127) as i8);
            weights.extend(pack([(); 4].map(row)));
        }
        Self {
            arch,
            weights,
            channels: vec![Channel::new(1000, 1 << 30, -11); arch.quant_channels_len()],
            images: (0..batch * arch.input_dim()).map(|_| byte()).collect(),
            workspace: vec![0; batch * arch.quant_workspace_len()],
            scores: vec![0; batch * arch.num_classes()],
        }
    }

    fn run(&mut self, kernel: &(impl QuantGemm + Machine)) {
        let Self { arch, weights, channels, images, workspace, scores } = self;
        let net = QuantNet::try_new(*arch, weights, channels).expect("valid");
        net.scores_of_batch(kernel, images, workspace, scores).expect("valid");
    }
}

fn int8(c: &mut Criterion) {
    for workload in WORKLOADS.iter().filter(|workload| ["W1", "W4"].contains(&workload.name)) {
        for batch in [1, 1000] {
            let mut net = Net::new(workload.dims, batch);
            let mut group = c.benchmark_group(format!("int8 scores {} x{batch}", workload.name));
            group.throughput(Throughput::Elements(batch as u64));
            net.run(&Portable);
            let expected = net.scores.clone();
            group.bench_function("portable/1", |bencher| bencher.iter(|| net.run(&Portable)));
            #[cfg(target_arch = "x86_64")]
            {
                let without = barenet_blas::Simd::without_avx512();
                group.bench_function("without-avx512/1", |bencher| {
                    bencher.iter(|| net.run(&without));
                });
                assert_eq!(net.scores, expected);
            }
            for threads in [1, 0] {
                let backend = Backend::new(Kernel::default(), threads);
                let name = format!("own/{}", backend.threads());
                if threads == 1 || backend.threads() > 1 {
                    group.bench_function(name, |bencher| {
                        backend.install(|| bencher.iter(|| net.run(&backend)));
                    });
                }
                assert_eq!(net.scores, expected);
            }
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = int8
}
criterion_main!(benches);
