//! Instruction sets that a CPU may have, and passes compiled for them.

use barenet::Pass;

/// An instruction set that this CPU has.
#[cfg(own_kernels)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 512-bit vectors, 32 of them.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// 256-bit vectors, 16 of them, with FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 128-bit vectors, 32 of them, with FMA.
    #[cfg(target_arch = "aarch64")]
    Neon,
}

#[cfg(own_kernels)]
impl Isa {
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn of_this_cpu() -> Option<Self> {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
        {
            Some(Self::Avx512)
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            Some(Self::Avx2)
        } else {
            None
        }
    }

    #[cfg(target_arch = "aarch64")]
    pub(crate) fn of_this_cpu() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self::Neon)
    }

    /// Instruction set without AVX-512 that a CPU with this one also has.
    #[cfg(target_arch = "x86_64")]
    pub(crate) const fn without_avx512(self) -> Self {
        Self::Avx2
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "AVX-512",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "AVX2",
            #[cfg(target_arch = "aarch64")]
            Self::Neon => "NEON",
        }
    }
}

/// Runs a pass, compiled for this CPU's vector instructions. NEON is in all code for aarch64.
pub(crate) fn run_vectorized<P: Pass>(pass: P) -> P::Output {
    #[cfg(target_arch = "x86_64")]
    match Isa::of_this_cpu() {
        // SAFETY: `Isa` exists only for what the CPU has.
        Some(Isa::Avx512) => return unsafe { run_with_avx512(pass) },
        // SAFETY: as above.
        Some(Isa::Avx2) => return unsafe { run_with_avx2(pass) },
        None => {}
    }
    pass.run()
}

/// Runs a pass, compiled for [`Isa::Avx512`], which the CPU must have.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,fma,avx2")]
pub(crate) fn run_with_avx512<P: Pass>(pass: P) -> P::Output {
    pass.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_with_avx2<P: Pass>(pass: P) -> P::Output {
    pass.run()
}
