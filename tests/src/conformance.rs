//! The suite that every backend passes: [`gemm_conformance!`](crate::gemm_conformance).
//!
//! | check | of |
//! |---|---|
//! | [`check_products`] | stored matrices: four transposes, β of 0, 1 and 0.5, sizes from 0 on, C that starts as NaN |
//! | [`check_epilogues`] | a bias, and work on C as it is stored, tile by tile |
//! | [`check_rows`] | a left operand that is read where it is multiplied |
//! | [`check_repetition`] | the same bits of the same product |
//! | [`check_machine`] | [`Machine`](barenet::Machine): work that is joined, divided and vectorized |

mod epilogues;
mod machine;
mod products;
mod rows;

pub use epilogues::{FusedCase, TwicePlus, assert_near, check_epilogues};
pub use machine::check_machine;
pub use products::{Case, cases, check_products, check_repetition, layer_cases, random};
pub use rows::{Bytes, SHAPES, check_rows, normal, products};

/// Makes the tests of a backend: a module of the name with a test for each check of
/// [`conformance`](crate::conformance), for `f32` and `f64`, or for one of them if it is named.
///
/// ```
/// use barenet::{Gemm, GemmArgs, Machine, Portable};
///
/// struct Mine;
///
/// impl Machine for Mine {}
///
/// impl Gemm<f32> for Mine {
///     fn gemm(&self, args: GemmArgs<'_, f32>) {
///         Portable.gemm(args); // your hardware here
///     }
/// }
///
/// barenet_tests::gemm_conformance!(mine, Mine, f32);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! gemm_conformance {
    ($name:ident, $gemm:expr) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $crate::gemm_conformance!(@of f32, in_f32, $gemm);
            $crate::gemm_conformance!(@of f64, in_f64, $gemm);
            $crate::gemm_conformance!(@machine $gemm);
        }
    };
    ($name:ident, $gemm:expr, $float:ident) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $crate::gemm_conformance!(@of $float, of_its_type, $gemm);
            $crate::gemm_conformance!(@machine $gemm);
        }
    };
    (@of $float:ident, $module:ident, $gemm:expr) => {
        mod $module {
            #[allow(unused_imports)]
            use super::*;

            #[test]
            fn products_equal_the_definition() {
                $crate::conformance::check_products::<$float>(&$gemm);
            }
            #[test]
            fn products_with_an_epilogue_equal_the_definition() {
                $crate::conformance::check_epilogues::<$float>(&$gemm);
            }
            #[test]
            fn products_of_rows_that_are_read_equal_the_definition() {
                $crate::conformance::check_rows::<$float>(&$gemm);
            }
            #[test]
            fn the_same_product_has_the_same_bits() {
                $crate::conformance::check_repetition::<$float>(&$gemm);
            }
        }
    };
    (@machine $gemm:expr) => {
        #[test]
        fn work_is_done_once_and_has_the_bits_of_one_thread() {
            $crate::conformance::check_machine(&$gemm);
        }
    };
}
