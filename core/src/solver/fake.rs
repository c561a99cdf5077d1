//! Training that is aware of how an export rounds the weights.

use super::{Dataset, Progress, Solver, Strategy};
use crate::error::Error;
use crate::float::Float;
use crate::gemm::Gemm;
use crate::quant::FakeQuant;
use crate::slices::copy;

impl<'a, T, G, D, V, S> Solver<'a, T, G, D, V, S>
where
    T: Float,
    G: Gemm<T>,
    D: Dataset<T>,
    V: Dataset<T>,
    S: Strategy<T>,
{
    /// Trains with weights that are rounded as an export rounds them, with the feature `qat` of this crate.
    ///
    /// Steps compute loss and gradients of the [rounded weights](FakeQuant), and change those of the buffers, which stay as
    /// fine as their type. Checks measure the rounded ones, or their moving average rounded if there is one, and the best
    /// of these are kept. They follow from the buffers: nothing else is to be saved to resume a run, and no step allocates.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where [`FakeQuant::round`] has one.
    pub fn with_fake_quant(mut self, fake: FakeQuant<'a, T>) -> Result<Self, Error> {
        self.fake = fake;
        self.round_for_check()?;
        let Progress { iteration, num_checks, .. } = self.progress;
        if iteration == 0 && num_checks == 0 {
            copy(self.buffers.best_params, self.fake.params);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quant::Bits;
    use crate::{
        Arch, Average, Event, FullyConnectedNet, Init, Portable, Rng, Sample, SolverBuffers,
        SolverConfig, Target, UpdateRule,
    };
    use std::vec;
    use std::vec::Vec;

    const ARCH: Arch<'static> = Arch::new(&[2, 16, 3]);
    const BITS: [Bits; 2] = [Bits::Four, Bits::Four];

    /// Points of a square in three stripes.
    struct Stripes;
    impl Dataset<f32> for Stripes {
        fn len(&self) -> usize {
            240
        }
        fn input_dim(&self) -> usize {
            2
        }
        fn target(&self, index: usize) -> Target {
            Target::Class((index % 3) as u32)
        }
        fn read(&self, sample: Sample, _start: usize, x: &mut [f32]) {
            let mut rng = Rng::seed(sample.index as u64);
            x[0] = rng.uniform() as f32 * 2.0 - 1.0;
            x[1] = (sample.index % 3) as f32 * 0.5 - 0.5 + 0.3 * rng.uniform() as f32 + 0.3 * x[0];
        }
    }

    struct Memory {
        kept: [Vec<f32>; 5],
        rounded: Vec<f32>,
        workspace: Vec<f32>,
        indices: [usize; 20],
        y: [u32; 20],
    }

    fn config() -> SolverConfig<f32> {
        let update_rule = UpdateRule::SgdMomentum { momentum: 0.9 };
        SolverConfig {
            learning_rate: 0.1,
            num_epochs: 12,
            batch_size: 20,
            ema_decay: 0.9,
            ..SolverConfig::new(update_rule)
        }
    }

    impl Memory {
        fn new() -> Self {
            let zeros = || vec![0.0; ARCH.num_params()];
            Self {
                kept: [zeros(), zeros(), zeros(), zeros(), zeros()],
                rounded: zeros(),
                workspace: vec![0.0; config().workspace_len(&ARCH)],
                indices: [0; 20],
                y: [0; 20],
            }
        }

        /// Runs so many pieces of work of a run that begins or resumes; what it came to.
        fn run(&mut self, progress: Option<Progress<f32>>, pieces: usize) -> Progress<f32> {
            let net = FullyConnectedNet::new(ARCH);
            let [params, grads, update_state, best_params, average] = &mut self.kept;
            let mut buffers = SolverBuffers {
                params,
                running: &mut [],
                grads,
                update_state,
                best_params,
                best_running: &mut [],
                indices: &mut self.indices,
                y: &mut self.y,
                workspace: &mut self.workspace,
                average: Average { params: average, running: &mut [] },
                history: Default::default(),
            };
            let fake = FakeQuant { params: &mut self.rounded, bits: &BITS, input_factor: &[] };
            let (gemm, data) = (&Portable, &Stripes);
            let solver = match progress {
                None => {
                    net.init(Init::He, Rng::seed(7), &mut buffers.state(&ARCH).unwrap());
                    Solver::new(net, config(), gemm, data, data, buffers)
                }
                Some(progress) => {
                    Solver::resume(net, config(), gemm, data, data, buffers, progress)
                }
            };
            let mut solver = solver.unwrap().with_fake_quant(fake).unwrap();
            for _ in 0..pieces {
                if let Some(Event::Epoch { val, .. }) = solver.advance().unwrap() {
                    assert!(val.is_finite());
                }
            }
            *solver.progress()
        }
    }

    /// Numbers other than 0 of an output, as steps.
    fn numbers_of(params: &[f32]) -> usize {
        let layer = ARCH.layers().nth(1).unwrap();
        let mut steps: Vec<_> = params[layer.w()]
            .iter()
            .step_by(layer.fan_out)
            .map(|w| w.abs().to_bits())
            .filter(|&bits| bits != 0)
            .collect();
        steps.sort_unstable();
        steps.dedup();
        steps.len()
    }

    #[test]
    fn rounded_weights_learn_and_are_what_is_kept() {
        let mut memory = Memory::new();
        let progress = memory.run(None, usize::from(u8::MAX));
        assert!(progress.best_val > Some(0.9), "{progress:?}");
        let best = &memory.kept[3];
        let mut again = vec![0.0; best.len()];
        let mut fake = FakeQuant { params: &mut again, bits: &BITS, input_factor: &[] };
        fake.round(&Portable, &ARCH, best).unwrap();
        for (again, best) in again.iter().zip(best) {
            assert!((again - best).abs() <= 1e-6 * best.abs(), "{again} {best}");
        }
        assert!(numbers_of(best) <= 7);
        // Those that train, and their average, are finer.
        assert!(numbers_of(&memory.kept[0]) > 7 && numbers_of(&memory.kept[4]) > 7);
    }

    #[test]
    fn a_run_resumes_from_what_any_run_keeps() {
        let (mut whole, mut parts) = (Memory::new(), Memory::new());
        let expected = whole.run(None, 100);
        let half = parts.run(None, 43);
        parts.rounded.fill(f32::NAN);
        assert_eq!(parts.run(Some(half), 57), expected);
        assert_eq!(parts.kept, whole.kept);
        assert_eq!(parts.rounded, whole.rounded);
    }
}
