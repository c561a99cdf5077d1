//! Prints the error of products against `f64`, for kernels and for matrices of many kinds: the tables of
//! `docs/accuracy-of-products.md`.
//!
//! The error of a number of C is divided by the same sum of absolute values, Σ |a|·|b|, so that it says how good the sum is
//! and not how much of it cancels. The unit is 2⁻²⁴, to which one operation in `f32` is rounded.
//!
//! ```sh
//! cargo run --release -p barenet-benches --example accuracy
//! ```

use barenet::{Gemm, GemmArgs, Mat, MatMut, Op, Portable, Rng, Rows, Scaling, matmul};
use barenet_blas::{Amx, Backend, Kernel, Precision, Simd};
use core::ops::Range;
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

/// The largest and the mean error of op(A)·op(B), where A and B are given as [`matrix`] gives them.
fn errors(
    a: &[f64],
    b: &[f32],
    product: impl FnOnce(MatMut<'_, f32>) -> Result<(), Failure>,
) -> Result<[f64; 2], Failure> {
    let [m, k, n] = SIZES;
    let mut c = vec![0.0; m * n];
    product(MatMut::new(&mut c, m, n)?)?;
    let (mut most, mut sum) = (0.0_f64, 0.0);
    for (i, a) in a.chunks_exact(k).enumerate() {
        for (j, b) in b.chunks_exact(k).enumerate() {
            let products = || a.iter().zip(b).map(|(&a, &b)| a * f64::from(b));
            let exact: f64 = products().sum();
            let size: f64 = products().map(f64::abs).sum();
            let error = (f64::from(c[i * n + j]) - exact).abs() / size * f64::from(1 << 24);
            most = most.max(error);
            sum += error;
        }
    }
    Ok([most, sum / (m * n) as f64])
}

/// Images as bytes, minus a mean image.
struct Images {
    bytes: Vec<u8>,
    mean: Vec<f32>,
}

impl Images {
    fn new(mean: f64) -> Self {
        let [m, k, _] = SIZES;
        let mut rng = Rng::seed(3);
        let bytes = (0..m * k).map(|_| (mean + 40.0 * normal(&mut rng)).clamp(0.0, 255.0) as u8);
        let bytes: Vec<u8> = bytes.collect();
        let sum = |j: usize| bytes.chunks_exact(k).map(|row| f64::from(row[j])).sum::<f64>();
        let mean = (0..k).map(|j| (sum(j) / m as f64) as f32).collect();
        Self { bytes, mean }
    }

    fn numbers(&self) -> Vec<f64> {
        let means = self.mean.iter().cycle();
        self.bytes.iter().zip(means).map(|(&x, &mean)| f64::from(x) - f64::from(mean)).collect()
    }
}

impl Rows<f32> for &Images {
    fn shape(&self) -> (usize, usize) {
        (SIZES[0], SIZES[1])
    }

    fn read(&self, row: usize, start: usize, out: &mut [f32]) {
        let bytes = Rows::<f32>::bytes(self, row, start..start + out.len());
        for ((out, &byte), mean) in out.iter_mut().zip(bytes).zip(&self.mean[start..]) {
            *out = f32::from(byte) - mean;
        }
    }

    fn bytes(&self, row: usize, columns: Range<usize>) -> &[u8] {
        &self.bytes[row * SIZES[1]..][columns]
    }

    fn scaled_bytes(&self) -> Option<Scaling<'_, f32>> {
        Some(Scaling::offset(&self.mean))
    }
}

type Failure = Box<dyn Error + Send + Sync>;

/// A line of the table: the errors of each kernel.
macro_rules! line {
    ($name:expr, $a:expr, $b:expr, |$gemm:ident, $c:ident| $product:expr) => {{
        let vectors = Backend::new(Kernel::Simd, 1).with_precision(Precision::Bf16);
        let amx = |precision| Amx::emulated().with_precision(precision);
        let mut cells = Vec::new();
        macro_rules! cell {
            ($kernel:expr) => {
                let $gemm = $kernel;
                let [most, mean] = errors($a, $b, |$c| $product)?;
                cells.push(format!("{}, {}", digits(most), digits(mean)));
            };
        }
        cell!(&Portable);
        cell!(&Simd::without_avx512());
        cell!(&Simd::new());
        cell!(&amx(Precision::F32));
        cell!(&amx(Precision::Bf16x3));
        cell!(&amx(Precision::Bf16));
        cell!(&vectors);
        println!("| {} | {} |", $name, cells.join(" | "));
    }};
}

fn main() -> Result<(), Failure> {
    let [m, k, n] = SIZES;
    println!("{m} × {k} × {n}, largest and mean error in 2⁻²⁴ of Σ |a|·|b|\n");
    println!(
        "| matrices | portable | AVX2 | AVX-512 | AMX | AMX bf16x3 | AMX bf16 | vectors bf16 |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for kind in &KINDS {
        let (a, b) = (matrix(kind, m, Side::A), matrix(kind, n, Side::B));
        let numbers: Vec<f64> = a.iter().copied().map(f64::from).collect();
        line!(kind.name, &numbers, &b, |gemm, c| {
            Ok(matmul(gemm, Mat::new(&a, m, k)?, Mat::new(&b, n, k)?.t(), 0.0, c)?)
        });
    }
    for (name, mean) in [("images of mean 120", 120.0), ("images of mean 20", 20.0)] {
        let images = Images::new(mean);
        let b = matrix(&KINDS[0], n, Side::B);
        let w: Vec<f32> = (0..k * n).map(|at| b[at % n * k + at / n]).collect();
        line!(name, &images.numbers(), &b, |gemm, c| {
            let args = GemmArgs::new(Op::new(&images), Mat::new(&w, k, n)?, 0.0, c)?;
            gemm.product(args, ());
            Ok(())
        });
    }
    Ok(())
}

/// Two digits behind the point, of large numbers none.
fn digits(x: f64) -> String {
    if x < 100.0 { format!("{x:.2}") } else { format!("{x:.0}") }
}
