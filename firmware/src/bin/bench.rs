//! One inference between two calls of `mark`, for `scripts/count.sh` to count.
//!
//! `build.rs` puts the network in that the variable `BARENET_BENCH` names. Links with `panic-never`, so
//! it is a proof too. Exits with status 1 if the scores are not, bit for bit, the host's.

#![no_std]
#![no_main]
#![allow(dead_code, unused_imports)] // What is used depends on the network.

use barenet::quant::{Bits, Channel, MixedNet, PackedChannel, QuantNet};
use barenet::{Arch, FoldedNet, Portable};
use barenet_firmware::board::{entry, exit, mark};
use core::hint::black_box;
use panic_never as _;

include!(concat!(env!("OUT_DIR"), "/bench.rs"));

#[entry]
fn main() -> ! {
    exit(run())
}

#[cfg(bench = "none")]
fn run() -> bool {
    mark();
    mark();
    true
}

#[cfg(any(bench = "int8", bench = "int8-dsp", bench = "int4", bench = "int4-dsp"))]
#[inline(never)]
fn run() -> bool {
    #[cfg(any(bench = "int8", bench = "int4"))]
    const KERNEL: Portable = Portable;
    #[cfg(any(bench = "int8-dsp", bench = "int4-dsp"))]
    const KERNEL: barenet_blas::CortexMDsp = barenet_blas::CortexMDsp;
    #[cfg(any(bench = "int8", bench = "int8-dsp"))]
    static NET: QuantNet<'static> = QuantNet::new(ARCH, &WEIGHTS, &CHANNELS);
    #[cfg(any(bench = "int4", bench = "int4-dsp"))]
    static NET: MixedNet<'static> =
        MixedNet::new(ARCH, &[Bits::Four; ARCH.num_layers()], &WEIGHTS, &CHANNELS);
    let mut workspace = [0; ARCH.quant_workspace_len()];
    let mut scores = [0; ARCH.num_classes()];
    mark();
    let result = NET.scores(&KERNEL, black_box(&INPUT), &mut workspace, &mut scores);
    mark();
    result.is_ok() && scores == HOST_SCORES
}

#[cfg(bench = "f32")]
#[inline(never)]
fn run() -> bool {
    static NET: FoldedNet<'static, f32> = FoldedNet::new(ARCH, &PARAMS);
    let mut workspace = [0.0; ARCH.infer_workspace_len(1)];
    mark();
    let scores = NET.scores(black_box(&INPUT), &mut workspace);
    mark();
    scores.is_ok_and(|scores| barenet_firmware::same_bits(scores, &HOST_SCORES))
}
