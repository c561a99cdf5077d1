//! One inference in int8: prints the scores beside the host's, for the portable kernel and that of the
//! board, and compares the two on drawn layers.
//!
//! Exits with status 1 if a bit differs. Links with `panic-never`, and everything is hidden from the
//! optimiser: no panic can be reached, whatever network, image and workspace, fitting or not.

#![no_std]
#![no_main]

use barenet::quant::{Channel, Output, PackedChannel, QuantArgs, QuantGemm, QuantNet};
use barenet::{Arch, Error, Portable, Rng, predict};
use barenet_blas::CortexMDsp;
use barenet_firmware::board::{entry, exit, measure};
use barenet_firmware::{NET, print};
use core::hint::black_box;
use panic_never as _;

include!(concat!(env!("OUT_DIR"), "/int8.rs"));

const ARCH: Arch<'static> = NET.arch.without_batchnorm();
const WORKSPACE_LEN: usize = ARCH.quant_workspace_len();
static QUANT_NET: QuantNet<'static> = QuantNet::new(ARCH, &WEIGHTS, &CHANNELS);

#[entry]
fn main() -> ! {
    let passed = infer(&Portable, "portable") == Ok(true)
        && infer(&CortexMDsp, "board") == Ok(true)
        && what_does_not_fit_is_an_error()
        && kernels_have_the_same_bits();
    exit(passed)
}

/// `scores` with nothing known at compile time.
#[inline(never)]
fn scores(
    kernel: &impl QuantGemm,
    weights: &[u32],
    x: &[u8],
    workspace: &mut [u8],
    scores: &mut [i16],
) -> Result<(), Error> {
    let net = QuantNet::try_new(*black_box(&ARCH), black_box(weights), black_box(&CHANNELS))?;
    net.scores(kernel, black_box(x), black_box(workspace), black_box(scores))
}

/// Computes and prints the scores; whether they are the host's.
fn infer(kernel: &impl QuantGemm, name: &str) -> Result<bool, Error> {
    let (mut workspace, mut found) = ([0xA5; WORKSPACE_LEN], [0; ARCH.num_classes()]);
    let measured = measure(|| QUANT_NET.scores(kernel, &PIXELS, &mut workspace, &mut found));
    measured.result?;
    print!("kernel: ", name, "\nclass  device    host      real\n");
    for ((class, &score), &host) in (0_u32..).zip(&found).zip(&HOST_INT8_SCORES) {
        let real = f32::from(score) * SCORE_SCALE;
        print!("    ", class, "  ", i32::from(score), "  ", i32::from(host), "  ", real, "\n");
    }
    print!("predicted class: ", predict(&found), "\n");
    print!("weights in flash: ", size_of_val(&WEIGHTS) + size_of_val(&CHANNELS), " bytes\n");
    print!("workspace in RAM: ", WORKSPACE_LEN, " bytes, stack: ", measured.stack, " bytes\n");
    let mut again = [0; ARCH.num_classes()];
    scores(kernel, &WEIGHTS, &PIXELS, &mut workspace, &mut again)?;
    Ok(found == HOST_INT8_SCORES && again == HOST_INT8_SCORES)
}

fn what_does_not_fit_is_an_error() -> bool {
    let (mut workspace, mut found) = ([0; WORKSPACE_LEN], [0; ARCH.num_classes()]);
    let image = PIXELS.split_last().map_or(&[][..], |(_, rest)| rest);
    let short_image = scores(&CortexMDsp, &WEIGHTS, image, &mut workspace, &mut found);
    let no_weights = scores(&CortexMDsp, &[], &PIXELS, &mut workspace, &mut found);
    let no_workspace = scores(&CortexMDsp, &WEIGHTS, &PIXELS, &mut [], &mut found);
    matches!(short_image, Err(Error::Shape(e)) if e.what == "x")
        && matches!(no_weights, Err(Error::Shape(e)) if e.what == "weights")
        && matches!(no_workspace, Err(Error::BufferTooSmall { what: "workspace", .. }))
}

/// Groups of inputs where words can be loaded.
#[repr(align(4))]
struct Aligned<const N: usize>([[u8; 4]; N]);

/// Drawn layers with weights of 8 and of 4 bits, of up to 200 groups of inputs at any address, which is over several sums, and
/// up to 2 blocks of outputs.
fn kernels_have_the_same_bits() -> bool {
    const GROUPS: usize = 200;
    let mut rng = Rng::seed(5);
    let (mut x, mut w) = (Aligned([[0; 4]; GROUPS + 1]), [[0; 4]; 2 * GROUPS]);
    for _ in 0..100 {
        x.0.as_flattened_mut().fill_with(|| rng.below(256) as u8);
        w.as_flattened_mut().fill_with(|| rng.next_u64() as u32);
        let groups = 1 + rng.below(GROUPS as u64) as usize;
        let blocks = 1 + rng.below(2) as usize;
        let mut channels = [[Channel::default(); 4]; 2];
        for channel in channels.as_flattened_mut() {
            let (bias, multiplier) =
                (rng.next_u64() as i32 >> 12, rng.next_u64() as i32 & i32::MAX);
            let shift = -2 - rng.below(30) as i32;
            *channel = Channel::try_new(bias, multiplier, shift).unwrap_or_default();
        }
        let packed = channels.map(|block| block.map(PackedChannel::nearest));
        let nibbles = w.as_flattened().as_chunks::<2>().0;
        let inputs = x.0.as_flattened().get(rng.below(4) as usize..).unwrap_or_default();
        let len = groups * blocks;
        let (Some(x), Some(w), Some(nibbles), Some(channels), Some(packed)) = (
            inputs.as_chunks::<4>().0.get(..groups),
            w.get(..len),
            nibbles.get(..len),
            channels.get(..blocks),
            packed.get(..blocks),
        ) else {
            return false;
        };
        let is_same =
            agree::<u8, _, _>(x, w, channels, |a| Portable.layer(a), |a| CortexMDsp.layer(a))
                && agree::<i16, _, _>(
                    x,
                    w,
                    channels,
                    |a| Portable.layer(a),
                    |a| CortexMDsp.layer(a),
                )
                && agree::<u8, _, _>(
                    x,
                    nibbles,
                    packed,
                    |a| Portable.layer_int4(a),
                    |a| CortexMDsp.layer_int4(a),
                )
                && agree::<i16, _, _>(
                    x,
                    nibbles,
                    packed,
                    |a| Portable.layer_int4(a),
                    |a| CortexMDsp.layer_int4(a),
                );
        if !is_same {
            print!("FAILED: ", groups, " groups, ", blocks, " blocks\n");
            return false;
        }
    }
    print!("kernels agree on 100 drawn layers\n");
    true
}

/// Whether two ways to compute a layer have the same outputs.
fn agree<O: Output + PartialEq, W, C>(
    x: &[[u8; 4]],
    w: &[W],
    channels: &[[C; 4]],
    portable: impl Fn(QuantArgs<'_, O, W, C>),
    board: impl Fn(QuantArgs<'_, O, W, C>),
) -> bool {
    let (mut a, mut b) = ([[O::default(); 4]; 2], [[O::default(); 4]; 2]);
    let blocks = ..channels.len();
    let (Some(a), Some(b)) = (a.get_mut(blocks), b.get_mut(blocks)) else {
        return false;
    };
    let (Ok(first), Ok(second)) =
        (QuantArgs::new(x, w, channels, a), QuantArgs::new(x, w, channels, b))
    else {
        return false;
    };
    portable(first);
    board(second);
    a == b
}
