//! What the parts of numbers that AMX multiplies make of numbers that have no parts: as IEEE says, and as the kernel for
//! AVX-512 or AVX2 does.

use barenet::{Gemm, Mat, MatMut, matmul};
use barenet_blas::{Amx, Simd};
use barenet_tests::conformance::normal;

/// m, k and n: more than a block, and no multiples of a tile.
const SIZES: [usize; 3] = [37, 70, 45];

fn product(gemm: &impl Gemm<f32>, a: &[f32], b: &[f32], beta: f32) -> Vec<f32> {
    let [m, k, n] = SIZES;
    let mut c = vec![1.0; m * n];
    let (a, b) = (Mat::new(a, m, k).unwrap(), Mat::new(b, k, n).unwrap());
    matmul(gemm, a, b, beta, MatMut::new(&mut c, m, n).unwrap()).unwrap();
    c
}

/// The numbers that are infinite or NaN are the same ones, and the others near each other.
fn assert_same(a: &[f32], b: &[f32]) -> Vec<f32> {
    for beta in [0.0, 0.5] {
        let (found, expected) =
            (product(&Amx::emulated(), a, b, beta), product(&Simd::new(), a, b, beta));
        for (i, (found, expected)) in found.into_iter().zip(expected).enumerate() {
            let is_same = if expected.is_finite() {
                (found - expected).abs() <= 1e-4 * expected.abs().max(1.0)
            } else {
                found == expected || found.is_nan() && expected.is_nan()
            };
            assert!(is_same, "{found} for {expected}: {i}, {beta}");
        }
    }
    product(&Amx::emulated(), a, b, 0.0)
}

fn operands() -> (Vec<f32>, Vec<f32>) {
    let [m, k, n] = SIZES;
    (normal(1, m * k), normal(2, k * n))
}

#[test]
fn an_infinite_number_makes_infinite_sums_and_no_nan() {
    let [_, k, n] = SIZES;
    for infinite in [f32::INFINITY, f32::NEG_INFINITY] {
        let (mut a, b) = operands();
        a[5 * k + 3] = infinite;
        let c = assert_same(&a, &b);
        for (i, c) in c.chunks_exact(n).enumerate() {
            let expected = |b: f32| if i == 5 { (b * infinite).is_infinite() } else { false };
            for (c, b) in c.iter().zip(&b[3 * n..4 * n]) {
                assert_eq!(c.is_infinite(), expected(*b), "{i}");
                assert!(!c.is_nan() && (c.is_finite() || *c == b * infinite));
            }
        }
        // Of opposite sign in one sum, and beside 0.
        a[5 * k + 4] = -infinite;
        let c = assert_same(&a, &b);
        for (j, c) in c[5 * n..6 * n].iter().enumerate() {
            assert_eq!(c.is_nan(), b[3 * n + j].signum() == b[4 * n + j].signum());
        }
        let (a, mut b) = operands();
        b[4 * n + 7] = infinite;
        assert_same(&a, &b);
        let a = vec![0.0; a.len()];
        assert!(assert_same(&a, &b)[7].is_nan());
    }
}

#[test]
fn nan_makes_nan_of_its_row_or_column_and_of_nothing_else() {
    let [_, k, n] = SIZES;
    // The last one: its upper half alone would be that of an infinite number; and all bits.
    for bits in [0x7FC0_0000, 0xFFFF_FFFF, 0x7FFF_8000, 0x7F80_0001] {
        let (mut a, mut b) = operands();
        a[20 * k + 69] = f32::from_bits(bits);
        b[9 * n + 44] = f32::from_bits(bits);
        for (i, c) in assert_same(&a, &b).into_iter().enumerate() {
            assert_eq!(c.is_nan(), i / n == 20 || i % n == 44, "{bits:x}, {i}");
        }
    }
}

#[test]
fn numbers_whose_parts_are_infinite_have_finite_products() {
    let [m, k, n] = SIZES;
    let (mut a, mut b) = (vec![0.0; m * k], vec![0.0; k * n]);
    a[2 * k + 1] = f32::MAX;
    b[n..2 * n].fill(0.5);
    let c = assert_same(&a, &b);
    assert_eq!(c[2 * n..3 * n], vec![f32::MAX / 2.0; n]);
    b[n..2 * n].fill(f32::MAX);
    assert_eq!(assert_same(&a, &b)[2 * n..3 * n], vec![f32::INFINITY; n]);
}

/// Their small parts count as 0, so the numbers themselves are multiplied.
#[test]
fn sums_of_small_numbers_are_no_less_exact() {
    let (a, b) = operands();
    for size in [1e-15_f32, 1e-17, 1e-18] {
        let of_size = |x: &[f32]| x.iter().map(|x| x * size).collect::<Vec<_>>();
        let found = product(&Amx::emulated(), &of_size(&a), &of_size(&b), 0.0);
        let expected = product(&Simd::new(), &a, &b, 0.0);
        // Of products of 1e-36, what is below 1e-38 is lost.
        let tolerance = if size < 1e-17 { 0.1 } else { 1e-4 };
        for (found, expected) in found.into_iter().zip(expected) {
            let found = found / size / size;
            assert!((found - expected).abs() <= tolerance, "{found} for {expected} of {size:e}");
        }
    }
}

/// The unit has the bits of its emulation, for numbers of all sizes.
#[test]
fn the_unit_has_the_bits_of_the_emulation() {
    let Some(amx) = Amx::new() else {
        eprintln!("skipped: there is no AMX here");
        return;
    };
    let [m, k, n] = [101, 333, 85];
    for (seed, bits) in [(1, 0), (2, 6), (3, 12), (4, 40)] {
        // Exponents of so many sizes.
        let sized = |seed, len| {
            let mut rng = barenet::Rng::seed(seed);
            let mut numbers: Vec<f32> = normal(seed, len);
            for number in &mut numbers {
                *number *= 2_f32.powi(rng.below(2 * bits + 1) as i32 - bits as i32);
            }
            numbers
        };
        let (a, b) = (sized(seed, m * k), sized(seed + 10, k * n));
        let (a, b) = (Mat::new(&a, m, k).unwrap(), Mat::new(&b, k, n).unwrap());
        let product = |gemm: &Amx| {
            let mut c = vec![f32::NAN; m * n];
            matmul(gemm, a, b, 0.0, MatMut::new(&mut c, m, n).unwrap()).unwrap();
            c.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        assert!(product(&amx) == product(&Amx::emulated()), "exponents of {bits} bits");
    }
}
