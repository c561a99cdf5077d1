//! What this CPU can do that kernels use.

/// Names of vector instructions that a kernel of this crate uses, and whether this CPU has them.
///
/// ```
/// // A CPU with AVX-512 has AVX2.
/// let features = barenet_blas::cpu_features();
/// let has = |name| features.contains(&(name, true));
/// assert!(!has("AVX-512") || has("AVX2"));
/// ```
#[must_use]
pub fn cpu_features() -> Vec<(&'static str, bool)> {
    #[cfg(target_arch = "x86_64")]
    {
        use super::isa::Isa;
        vec![
            ("AVX2", is_x86_feature_detected!("avx2")),
            ("FMA", is_x86_feature_detected!("fma")),
            ("AVX-512", Isa::of_this_cpu() == Some(Isa::Avx512)),
            ("AVX-VNNI", is_x86_feature_detected!("avxvnni")),
            ("AVX512-VNNI", is_x86_feature_detected!("avx512vnni")),
            ("AVX512-BF16", is_x86_feature_detected!("avx512bf16")),
        ]
    }
    #[cfg(target_arch = "aarch64")]
    {
        vec![("NEON", std::arch::is_aarch64_feature_detected!("neon"))]
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        Vec::new()
    }
}
