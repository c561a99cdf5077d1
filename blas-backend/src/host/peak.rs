//! Peak speed of the machine, to hold a product or a pass against.
//!
//! The figures are measured, on the calling thread: the clock rate under wide vectors, and what else
//! runs on the machine, are in no manual.

mod rate;

pub use rate::Rate;

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Measures floating-point operations per second of fused multiply-adds on `f32`, with the widest
/// vectors of this CPU and all operands in registers: no matrix product can be faster.
///
/// Without AVX-512, AVX2 and FMA, or NEON it is what compiled Rust reaches without them.
///
/// ```
/// use core::time::Duration;
/// assert!(barenet_blas::peak::fma_flops(Duration::from_millis(5)) > 1e7);
/// ```
#[must_use]
pub fn fma_flops(time: Duration) -> f64 {
    /// Rounds between two looks at the clock.
    const ROUNDS: u32 = 1 << 12;
    let kernel = fma_kernel();
    let work = f64::from(ROUNDS) * kernel.flops_per_round;
    best_rate(time, work, || black_box((kernel.run)(ROUNDS)))
}

/// Measures bytes per second at which `numbers` are read, over and over, from wherever in the caches
/// or in memory they lie.
///
/// ```
/// use core::time::Duration;
/// assert!(barenet_blas::peak::read_bytes(&[0.0; 1000], Duration::from_millis(5)) > 1e6);
/// ```
#[must_use]
pub fn read_bytes(numbers: &[f32], time: Duration) -> f64 {
    let work = size_of_val(numbers) as f64;
    best_rate(time, work, || black_box(sum(black_box(numbers))))
}

/// The best rate of `work` units a call. The best, because everything that disturbs only slows down.
fn best_rate<R>(time: Duration, work: f64, mut call: impl FnMut() -> R) -> f64 {
    let begin = Instant::now();
    let mut best = f64::INFINITY;
    while begin.elapsed() < time {
        let start = Instant::now();
        call();
        best = best.min(start.elapsed().as_secs_f64());
    }
    work / best.max(1e-9)
}

/// A loop of multiply-adds.
struct FmaKernel {
    flops_per_round: f64,
    run: fn(u32) -> f32,
}

/// Chains of multiply-adds that do not wait for each other. Four cycles of latency on two units need
/// eight; more would not fit the registers of AVX2.
const CHAINS: usize = 12;

#[cfg(target_arch = "x86_64")]
fn fma_kernel() -> FmaKernel {
    let flops = |lanes: f64| 2.0 * lanes * CHAINS as f64;
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has AVX-512.
        FmaKernel { flops_per_round: flops(16.0), run: |rounds| unsafe { x86::fma_512(rounds) } }
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the CPU has AVX2 and FMA.
        FmaKernel { flops_per_round: flops(8.0), run: |rounds| unsafe { x86::fma_256(rounds) } }
    } else {
        PLAIN
    }
}

#[cfg(target_arch = "aarch64")]
fn fma_kernel() -> FmaKernel {
    if std::arch::is_aarch64_feature_detected!("neon") {
        let flops_per_round = 2.0 * 4.0 * (2 * CHAINS) as f64;
        // SAFETY: the CPU has NEON.
        FmaKernel { flops_per_round, run: |rounds| unsafe { neon::fma_128(rounds) } }
    } else {
        PLAIN
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn fma_kernel() -> FmaKernel {
    PLAIN
}

const PLAIN: FmaKernel =
    FmaKernel { flops_per_round: 2.0 * 8.0 * CHAINS as f64, run: multiply_and_add };

/// Multiplies and adds; the compiler makes vectors of the lanes, and on some architectures fuses.
fn multiply_and_add(rounds: u32) -> f32 {
    let (factor, term) = black_box((0.5_f32, 1.0_f32));
    let mut chains = [[1.0_f32; 8]; CHAINS];
    for _ in 0..rounds {
        for chain in &mut chains {
            for lane in chain {
                *lane = *lane * factor + term;
            }
        }
    }
    chains.as_flattened().iter().sum()
}

/// The sum of all numbers, in as many lanes as it takes not to wait for additions.
fn sum(numbers: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the CPU has AVX-512.
        return unsafe { x86::sum_512(numbers) };
    } else if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has AVX2.
        return unsafe { x86::sum_256(numbers) };
    }
    sum_in_lanes(numbers)
}

#[inline(always)]
fn sum_in_lanes(numbers: &[f32]) -> f32 {
    let mut lanes = [0.0; 128];
    let (chunks, rest) = numbers.as_chunks::<128>();
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane += number;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{CHAINS, black_box, sum_in_lanes};
    use core::arch::x86_64::{
        _mm256_fmadd_ps, _mm256_set1_ps, _mm512_fmadd_ps, _mm512_reduce_add_ps, _mm512_set1_ps,
    };

    #[target_feature(enable = "avx512f")]
    pub(super) fn fma_512(rounds: u32) -> f32 {
        let (factor, term) = (_mm512_set1_ps(black_box(0.5)), _mm512_set1_ps(black_box(1.0)));
        let mut chains = [term; CHAINS];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = _mm512_fmadd_ps(*chain, factor, term);
            }
        }
        chains.into_iter().map(|chain| _mm512_reduce_add_ps(chain)).sum()
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn fma_256(rounds: u32) -> f32 {
        let (factor, term) = (_mm256_set1_ps(black_box(0.5)), _mm256_set1_ps(black_box(1.0)));
        let mut chains = [term; CHAINS];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = _mm256_fmadd_ps(*chain, factor, term);
            }
        }
        // Otherwise the compiler would see that most lanes are never looked at.
        black_box(chains);
        0.0
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn sum_512(numbers: &[f32]) -> f32 {
        sum_in_lanes(numbers)
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn sum_256(numbers: &[f32]) -> f32 {
        sum_in_lanes(numbers)
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use super::{CHAINS, black_box};
    use core::arch::aarch64::{vaddvq_f32, vdupq_n_f32, vfmaq_f32};

    /// Twice the chains: some CPUs have four units.
    #[target_feature(enable = "neon")]
    pub(super) fn fma_128(rounds: u32) -> f32 {
        let (factor, term) = (vdupq_n_f32(black_box(0.5)), vdupq_n_f32(black_box(1.0)));
        let mut chains = [term; 2 * CHAINS];
        for _ in 0..rounds {
            for chain in &mut chains {
                *chain = vfmaq_f32(term, *chain, factor);
            }
        }
        chains.into_iter().map(|chain| vaddvq_f32(chain)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_read() {
        for len in [0, 1, 127, 128, 1000] {
            let numbers: Vec<_> = (0..len).map(|n: u16| f32::from(n)).collect();
            let expected = (0..u32::from(len)).sum::<u32>();
            assert_eq!(f64::from(sum(&numbers)), f64::from(expected), "{len}");
            assert_eq!(f64::from(sum_in_lanes(&numbers)), f64::from(expected), "{len}");
        }
    }

    #[test]
    fn a_round_does_the_operations_that_it_counts() {
        // x ← x/2 + 1 goes to 2 in every lane of every chain.
        let lanes = (8 * CHAINS) as f64;
        assert_eq!(f64::from(multiply_and_add(100)), 2.0 * lanes);
        let FmaKernel { flops_per_round, run } = fma_kernel();
        if flops_per_round > 2.0 * 8.0 * CHAINS as f64 {
            assert_eq!(f64::from(run(100)), flops_per_round);
        }
    }
}
