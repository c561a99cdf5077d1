//! Prints the error of products against `f64`, for kernels and for matrices of many kinds: the tables of
//! `docs/accuracy-of-products.md`.
//!
//! The error of a number of C is divided by the same sum of absolute values, Σ |a|·|b|, so that it says how good the sum is
//! and not how much of it cancels. The unit is 2⁻²⁴, to which one operation in `f32` is rounded.
//!
//! ```sh
//! cargo run --release -p barenet-benches --example accuracy
//! ```

use barenet::{Gemm, Mat, MatMut, Portable, Rng, matmul};
use barenet_blas::{Amx, Backend, Kernel, Precision, Simd};
use std::error::Error;

/// m, k and n: more than a stretch of k, and no multiples of a tile.
const SIZES: [usize; 3] = [130, 1000, 140];

/// A kind of matrices: what it is, and its number l of a row of A or a column of B.
struct Kind {
    name: &'static str,
    number: fn(&mut Rng, usize, Side) -> f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    A,
    B,
}

const KINDS: [Kind; 11] = [
    Kind { name: "normal", number: |rng, _, _| normal(rng) },
    Kind { name: "0 to 1", number: |rng, _, _| rng.uniform() },
    Kind {
        name: "bytes − 128 by weights",
        number: |rng, _, side| match side {
            Side::A => rng.below(256) as f64 - 128.0,
            Side::B => 0.01 * normal(rng),
        },
    },
    Kind {
        name: "cancelling to 10⁻⁶",
        // Neighbours in k are nearly the same, and of opposite sign in A.
        number: |rng, l, side| {
            let of_both = normal(&mut Rng::seed(l as u64 / 2)) * (1.0 + 1e-6 * normal(rng));
            if side == Side::A && l % 2 == 1 { -of_both } else { of_both }
        },
    },
    Kind { name: "sizes 10⁻⁵ to 10⁵", number: |rng, _, _| normal(rng) * size(rng, 5.0) },
    Kind { name: "sizes 10⁻¹⁵ to 10¹⁵", number: |rng, _, _| normal(rng) * size(rng, 15.0) },
    Kind {
        name: "A to 10±³⁰, B inverse",
        number: |rng, l, side| {
            let size = size(&mut Rng::seed(l as u64), 30.0);
            normal(rng) * if side == Side::A { size } else { 1.0 / size }
        },
    },
    Kind { name: "both 10⁻¹⁵", number: |rng, _, _| normal(rng) * 1e-15 },
    Kind { name: "both 10⁻¹⁸", number: |rng, _, _| normal(rng) * 1e-18 },
    Kind {
        name: "A 10⁻³⁶, B 10³⁰",
        number: |rng, _, side| normal(rng) * if side == Side::A { 1e-36 } else { 1e30 },
    },
    Kind {
        name: "1 of 8 in A subnormal",
        number: |rng, l, side| {
            let size = if l % 8 == 0 { 1e-39 } else { 1e-37 };
            normal(rng) * if side == Side::A { size } else { 1e30 }
        },
    },
];

fn normal(rng: &mut Rng) -> f64 {
    let mut number = [0.0_f64];
    rng.fill_normal(1.0, &mut number);
    number[0]
}

/// A power of ten, of an exponent between −`most` and `most`.
fn size(rng: &mut Rng, most: f64) -> f64 {
    10_f64.powf(most * (2.0 * rng.uniform() - 1.0))
}

/// Rows of A or columns of B, one after the other.
fn matrix(kind: &Kind, lines: usize, side: Side) -> Vec<f32> {
    let mut rng = Rng::seed(u64::from(side == Side::B));
    let numbers = (0..lines).flat_map(|_| 0..SIZES[1]);
    numbers.map(|l| (kind.number)(&mut rng, l, side) as f32).collect()
}

/// The largest and the mean error.
fn errors(
    gemm: &impl Gemm<f32>,
    a: &[f32],
    b: &[f32],
) -> Result<[f64; 2], Box<dyn Error + Send + Sync>> {
    let [m, k, n] = SIZES;
    let mut c = vec![0.0; m * n];
    matmul(gemm, Mat::new(a, m, k)?, Mat::new(b, n, k)?.t(), 0.0, MatMut::new(&mut c, m, n)?)?;
    let (mut most, mut sum) = (0.0_f64, 0.0);
    for (i, a) in a.chunks_exact(k).enumerate() {
        for (j, b) in b.chunks_exact(k).enumerate() {
            let products = || a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
            let exact: f64 = products().sum();
            let size: f64 = products().map(f64::abs).sum();
            let error = (f64::from(c[i * n + j]) - exact).abs() / size * f64::from(1 << 24);
            most = most.max(error);
            sum += error;
        }
    }
    Ok([most, sum / (m * n) as f64])
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let [m, k, n] = SIZES;
    let kernels = ["portable", "AVX2", "AVX-512", "AMX", "AMX bf16x3", "AMX bf16", "vectors bf16"];
    let vectors = Backend::new(Kernel::Simd, 1).with_precision(Precision::Bf16);
    println!("{m} × {k} × {n}, largest and mean error in 2⁻²⁴ of Σ |a|·|b|\n");
    println!("| matrices | {} |", kernels.join(" | "));
    println!("|---{}|", "|---".repeat(kernels.len()));
    for kind in &KINDS {
        let (a, b) = (matrix(kind, m, Side::A), matrix(kind, n, Side::B));
        let all = [
            errors(&Portable, &a, &b)?,
            errors(&Simd::without_avx512(), &a, &b)?,
            errors(&Simd::new(), &a, &b)?,
            errors(&Amx::emulated(), &a, &b)?,
            errors(&Amx::emulated().with_precision(Precision::Bf16x3), &a, &b)?,
            errors(&Amx::emulated().with_precision(Precision::Bf16), &a, &b)?,
            errors(&vectors, &a, &b)?,
        ];
        let cells = all.map(|[most, mean]| format!("{}, {}", digits(most), digits(mean)));
        println!("| {} | {} |", kind.name, cells.join(" | "));
    }
    Ok(())
}

/// Two digits behind the point, of large numbers none.
fn digits(x: f64) -> String {
    if x < 100.0 { format!("{x:.2}") } else { format!("{x:.0}") }
}
