//! A step of Muon for a network: matrices by Muon, the rest by AdamW.

use super::muon::{Matrices, of_affine, of_local, workspace_len};
use super::update_rule::Update;
use super::{DecayOn, UpdateRule};
use crate::arch::Arch;
use crate::error::{Error, check_buffer, check_len};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::machine::{Split, run};
use crate::slices::Divide;

/// A step of a network.
pub(super) struct NetStep<'a, T, G> {
    pub(super) gemm: &'a G,
    pub(super) arch: &'a Arch<'a>,
    pub(super) decay_on: DecayOn,
    pub(super) learning_rate: T,
    pub(super) t: usize,
    pub(super) momentum: T,
    pub(super) weight_decay: T,
}

impl<T: Float, G: Gemm<T>> NetStep<'_, T, G> {
    pub(super) fn update(
        self,
        rule: UpdateRule<T>,
        params: &mut [T],
        grads: &[T],
        state: &mut [T],
        workspace: &mut [T],
    ) -> Result<(), Error> {
        let Self { gemm, arch, decay_on, learning_rate, t, momentum, weight_decay } = self;
        check_len("params", arch.num_params(), params.len())?;
        check_len("grads", params.len(), grads.len())?;
        check_len("state", params.len() * rule.state_per_param(), state.len())?;
        check_buffer("workspace", workspace_len(arch), workspace.len())?;
        let mut of_vectors = rule;
        if decay_on == DecayOn::Weights {
            of_vectors.constant_mut("weight_decay").into_iter().for_each(|decay| *decay = T::ZERO);
        }
        let (first, second) = state.divide(params.len());
        let mut rest = Update { rule, learning_rate, t, w: params, dw: grads, first, second };
        let local = arch.local_layers().map(|l| (of_local(&l), l.w().len(), l.params_len()));
        let affine = arch.layers().map(|l| (of_affine(&l), l.w().len(), l.params_len()));
        for (windows, num_weights, num_params) in local.chain(affine) {
            let (weights, after) = rest.split_at(num_weights);
            if let Some(windows) = windows {
                let step = Matrices { learning_rate, momentum, weight_decay, windows };
                let Update { w, dw, first, .. } = weights;
                let _checked = step.update(gemm, w, dw, first, workspace);
            } else {
                run(gemm, weights);
            }
            let (vectors, after) = after.split_at(num_params - num_weights);
            run(gemm, Update { rule: of_vectors, ..vectors });
            rest = after;
        }
        Ok(())
    }
}
