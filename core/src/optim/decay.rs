//! Which parameters weight decay acts on.

use super::UpdateRule;
#[cfg(feature = "muon")]
use super::muon::{Matrices, matrices_of};
use super::update_rule::Update;
use crate::arch::{AnyLayer, Arch};
use crate::error::{Error, check_buffer, check_len};
use crate::float::Float;
use crate::gemm::Gemm;
use crate::machine::{Split, run};
use crate::slices::Divide;

/// The parameters that the `weight_decay` of an update rule acts on.
///
/// `reg`, the L2 regularisation of the loss, is another thing and acts on every W alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecayOn {
    /// All of them, as in PyTorch where the parameters are one group.
    #[default]
    All,
    /// Every W, and not b, gamma and beta: the two groups that most recipes make.
    Weights,
}

impl<T: Float> UpdateRule<T> {
    /// Changes the parameters of a network by one step, with the `weight_decay` of the rule where it shall act.
    ///
    /// Muon takes the W of hidden and of locally connected layers for matrices, and needs a `workspace` of
    /// [`Self::workspace_len`], which may hold anything; other rules need none.
    ///
    /// With [`DecayOn::All`], and of a rule without `weight_decay`, it is [`Self::update`]. Otherwise the step is that of
    /// PyTorch with two groups of parameters, one of them with `weight_decay=0`.
    ///
    /// ```
    /// use barenet::{Arch, DecayOn, Portable, UpdateRule};
    /// let arch = Arch::new(&[1, 2]); // Two numbers of W, two of b.
    /// let mut rule = UpdateRule::from_name("adamw").unwrap();
    /// *rule.constant_mut("weight_decay").unwrap() = 0.5;
    /// let (mut params, mut state) = ([1.0_f64; 4], [0.0; 8]);
    /// let on = DecayOn::Weights;
    /// rule.update_net(&Portable, &arch, on, 0.5, 1, &mut params, &[0.0; 4], &mut state, &mut [])?;
    /// assert_eq!(params, [0.75, 0.75, 1.0, 1.0]);
    /// # Ok::<(), barenet::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `params` does not fit the architecture, or `grads` or `state` not `params`,
    /// [`Error::BufferTooSmall`] for a workspace that is too short; nothing is written in that case.
    pub fn update_net(
        &self,
        gemm: &impl Gemm<T>,
        arch: &Arch<'_>,
        decay_on: DecayOn,
        learning_rate: T,
        t: usize,
        params: &mut [T],
        grads: &[T],
        state: &mut [T],
        workspace: &mut [T],
    ) -> Result<(), Error> {
        let mut of_vectors = *self;
        match of_vectors.constant_mut("weight_decay") {
            Some(weight_decay) if decay_on == DecayOn::Weights => *weight_decay = T::ZERO,
            _ if self.takes_matrices() => {}
            _ => return self.update(gemm, learning_rate, t, params, grads, state),
        }
        check_len("params", arch.num_params(), params.len())?;
        check_len("grads", params.len(), grads.len())?;
        check_len("state", params.len() * self.state_per_param(), state.len())?;
        check_buffer("workspace", self.workspace_len(arch), workspace.len())?;
        let (first, second) = state.divide(params.len());
        let (w, dw) = (params, grads);
        let mut rest = Update { rule: *self, learning_rate, t, w, dw, first, second };
        for layer in arch.any_layers() {
            let (weights, after) = rest.split_at(layer.w.len());
            let (vectors, after) = after.split_at(layer.params_len - layer.w.len());
            rest = after;
            run(gemm, Update { rule: of_vectors, ..vectors });
            #[cfg(feature = "muon")]
            if let Self::Muon { momentum, weight_decay, .. } = *self
                && let Some(step) = Matrices::of(&layer, learning_rate, momentum, weight_decay)
            {
                let Update { w, dw, first, .. } = weights;
                let _checked = step.update(gemm, w, dw, first, workspace);
                continue;
            }
            run(gemm, weights);
        }
        Ok(())
    }
}

impl<T: Float> UpdateRule<T> {
    /// What the rule's `weight_decay` leaves of a layer's W in a step.
    pub(crate) fn shrink(&self, layer: &AnyLayer, learning_rate: T) -> T {
        let (rate, weight_decay) = match *self {
            Self::AdamW { weight_decay, .. } => (learning_rate, weight_decay),
            #[cfg(feature = "muon")]
            Self::Muon { adamw_lr_factor, weight_decay, .. } => {
                let factor = if matrices_of(layer).is_some() { T::ONE } else { adamw_lr_factor };
                (learning_rate * factor, weight_decay)
            }
            _ => return T::ONE,
        };
        let _ = layer;
        T::ONE - rate * weight_decay
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Portable;

    const ARCH: Arch<'static> = Arch::new(&[1, 2, 1]).with_batchnorm();

    fn linspace(from: f64, to: f64) -> [f64; 11] {
        core::array::from_fn(|i| from + (to - from) * i as f64 / 10.0)
    }

    fn after_three_steps(name: &str, decay_on: DecayOn) -> [f64; 11] {
        let mut rule = UpdateRule::from_name(name).unwrap();
        rule.constant_mut("weight_decay").into_iter().for_each(|decay| *decay = 0.1);
        let (mut params, mut state) = (linspace(-1.0, 1.5), [0.0; 22]);
        let state = &mut state[..11 * rule.state_per_param()];
        for (t, scale) in (1..).zip([1.0, -0.5, 0.25]) {
            let grads = linspace(-2.0, 3.0).map(|g| g * scale);
            rule.update_net(
                &Portable,
                &ARCH,
                decay_on,
                0.05,
                t,
                &mut params,
                &grads,
                state,
                &mut [],
            )
            .unwrap();
        }
        params
    }

    /// `torch.optim.AdamW([dict(params=[w], weight_decay=0.1), dict(params=[rest], weight_decay=0)], lr=0.05)` in
    /// float64.
    #[test]
    fn decay_on_weights_takes_the_steps_of_two_groups_of_pytorch() {
        let expected = [
            -0.9053019003264715,
            -0.6590331817298171,
            -0.4196616915324233,
            -0.1696616924583271,
            0.0,
            0.1696616924583271,
            0.4196616915324233,
            0.6696616912237886,
            0.9053019003264715,
            1.1515706189844641,
            1.4196616909151538,
        ];
        for (found, expected) in after_three_steps("adamw", DecayOn::Weights).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14, "{found}, {expected}");
        }
    }

    #[test]
    fn decay_on_weights_changes_nothing_of_a_rule_without_it() {
        for name in UpdateRule::<f64>::NAMES {
            let [all, weights] =
                [DecayOn::All, DecayOn::Weights].map(|on| after_three_steps(name, on));
            let has_decay = ["adamw", "muon"].contains(&name);
            assert_eq!(all != weights, has_decay, "{name}");
        }
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let rule = UpdateRule::<f64>::from_name("adamw").unwrap();
        for [params, grads, state] in [[10, 11, 22], [11, 10, 22], [11, 11, 21]] {
            let (mut w, mut s) = ([1.0; 11], [0.0; 22]);
            let (w, s) = (&mut w[..params], &mut s[..state]);
            let dw = &[1.0; 11][..grads];
            let step =
                rule.update_net(&Portable, &ARCH, DecayOn::Weights, 0.1, 1, w, dw, s, &mut []);
            assert!(matches!(step, Err(Error::Shape(_))));
            assert!(w.iter().all(|&w| w == 1.0));
        }
    }
}
