//! Passes over numbers, compiled for this CPU's vector instructions.

#[cfg(target_arch = "x86_64")]
use crate::isa::Isa;
use barenet::Pass;

/// Runs a pass.
pub(crate) fn vectorized<P: Pass>(pass: P) -> P::Output {
    #[cfg(target_arch = "x86_64")]
    match Isa::of_this_cpu() {
        // SAFETY: `Isa` exists only for what the CPU has.
        Some(Isa::Avx512) => return unsafe { with_avx512(pass) },
        // SAFETY: as above.
        Some(Isa::Avx2) => return unsafe { with_avx2(pass) },
        None => {}
    }
    pass.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,fma,avx2")]
fn with_avx512<P: Pass>(pass: P) -> P::Output {
    pass.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<P: Pass>(pass: P) -> P::Output {
    pass.run()
}
