//! The networks. `build.rs` reads this file too, so host and device compute the same.

use barenet::{Arch, FullyConnectedNet};

/// A network with batch norm. The widths leave remainders in every blocking of
/// the matrix product: 8 + 8 + 4, 8 + 4 + 1 and 8 + 1 + 1 columns.
pub const NET: FullyConnectedNet<'static, f32> =
    FullyConnectedNet::new(Arch::new(&[256, 20, 13, 10]).with_batchnorm());

/// The last layer of [`NET`], which the program `learn` trains while the others stay in flash.
pub const HEAD: FullyConnectedNet<'static, f32> = FullyConnectedNet::new(NET.arch.head(2));

/// The network that the program `learn` trains from nothing.
pub const SCRATCH: FullyConnectedNet<'static, f32> =
    FullyConnectedNet::new(Arch::new(&[32, 20, 5]));
