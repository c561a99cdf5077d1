//! A backend of one's own: one function that multiplies matrices. Here it counts as it multiplies, and shows what a
//! training step costs: one product forward and two backward a layer, and one less for the first, because nobody
//! needs the gradient of the data.
//!
//! `barenet_tests::gemm_conformance!(counting, Counting::default(), f32);` in a test runs the suite that every backend
//! passes.

use barenet::{
    Arch, FullyConnectedNet, Gemm, GemmArgs, Init, Machine, Mat, Portable, Rng, Targets, TrainState,
};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Multiplies with `Portable`, and counts products and multiplications.
#[derive(Default)]
struct Counting {
    products: AtomicU64,
    multiplications: AtomicU64,
}

impl Machine for Counting {}

impl Gemm<f32> for Counting {
    fn gemm(&self, args: GemmArgs<'_, f32>) {
        let (m, k, n) = args.sizes();
        self.products.fetch_add(1, Relaxed);
        self.multiplications.fetch_add((m * k * n) as u64, Relaxed);
        // What your hardware does well goes there, everything else here.
        Portable.gemm(args);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const BATCH: usize = 16;
    let arch = Arch::new(&[64, 32, 16, 10]);
    let net = FullyConnectedNet::new(arch);
    let (mut params, mut grads) = (vec![0.0; arch.num_params()], vec![0.0; arch.num_params()]);
    let mut workspace = vec![0.0; arch.train_workspace_len(BATCH)];
    let mut state = TrainState::new(&arch, &mut params, &mut [], &mut grads, &mut workspace)?;
    net.init(Init::He, Rng::seed(0), &mut state);

    let mut x = vec![0.0; BATCH * arch.input_dim()];
    Rng::seed(1).fill_normal(1.0, &mut x);
    let x = Mat::new(&x, BATCH, arch.input_dim())?;
    let y: Vec<u32> = (0..BATCH as u32).map(|n| n % 10).collect();

    let gemm = Counting::default();
    let loss = net.loss(&gemm, Rng::seed(2), &mut state, x, Targets::Classes(&y))?;
    let (products, multiplications) =
        (gemm.products.into_inner(), gemm.multiplications.into_inner());
    println!("loss {loss:.4}, {products} products, {multiplications} multiplications");

    let forward = (BATCH * (64 * 32 + 32 * 16 + 16 * 10)) as u64;
    assert_eq!(multiplications, 3 * forward - (BATCH * 64 * 32) as u64);
    Ok(())
}
