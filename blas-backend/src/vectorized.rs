//! Passes over numbers, compiled for this CPU's vector instructions.

use barenet::Pass;

/// Runs a pass.
pub(crate) fn vectorized<A, P: Pass<A>>(_pass: P, args: A) -> P::Output {
    #[cfg(target_arch = "x86_64")]
    return crate::simd::vectorized::<A, P>(args);
    #[cfg(not(target_arch = "x86_64"))]
    P::run(args)
}
