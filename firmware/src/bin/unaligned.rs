//! Images and workspaces at every address, with the processor told to trap words that are not aligned,
//! as some systems do, and as device memory does always.
//!
//! Exits with status 1 if a score differs from that at an aligned address or from the host's, or at a fault. A Cortex-M0 traps
//! always; RISC-V is not told to, and computes the same.

#![no_std]
#![no_main]

use barenet::quant::{Channel, QuantGemm, QuantNet};
use barenet::{Arch, Error, FoldedNet, Portable};
use barenet_blas::CortexMDsp;
use barenet_firmware::board::{entry, exit, with_unaligned_traps};
use barenet_firmware::{NET, PARAMS, print};
use core::hint::black_box;
use panic_never as _;

include!(concat!(env!("OUT_DIR"), "/int8.rs"));

/// 256 inputs, and as many as make the image no multiple of four bytes: it is copied then.
const ARCH: Arch<'static> = NET.arch.without_batchnorm();
const ODD: Arch<'static> = Arch::new(&[251, 19, 9]);
const LARGEST: usize = ARCH.input_dim();

/// Bytes with a multiple of 4 for an address.
#[repr(align(4))]
struct Aligned<const N: usize>([u8; N]);

#[entry]
fn main() -> ! {
    let host = Some(hash(HOST_INT8_SCORES.map(|score| score as u32)));
    let passed = int8(&ARCH, &Portable, host) == Ok(true)
        && int8(&ARCH, &CortexMDsp, host) == Ok(true)
        && int8(&ODD, &Portable, None) == Ok(true)
        && int8(&ODD, &CortexMDsp, None) == Ok(true)
        && f32(&ARCH) == Ok(true)
        && f32(&ODD) == Ok(true);
    print!(
        "unaligned images and workspaces: ",
        if passed { "as aligned ones\n" } else { "FAILED\n" }
    );
    exit(passed)
}

fn hash(numbers: impl IntoIterator<Item = u32>) -> u64 {
    numbers
        .into_iter()
        .fold(0, |hash: u64, number| (hash ^ u64::from(number)).wrapping_mul(0x0000_0100_0000_01B3))
}

/// Whether an int8 network has the same scores with image and workspace at all addresses.
#[inline(never)]
fn int8(
    arch: &Arch<'_>,
    kernel: &impl QuantGemm,
    mut expected: Option<u64>,
) -> Result<bool, Error> {
    let broken = Error::InvalidConfig { what: "more than there is" };
    let weights = WEIGHTS.get(..arch.quant_weights_len()).ok_or(broken)?;
    let channels = CHANNELS.get(..arch.quant_channels_len()).ok_or(broken)?;
    let net = QuantNet::try_new(*arch, weights, channels)?;
    for image_at in 0..4 {
        for workspace_at in 0..4 {
            let mut image = Aligned([0; LARGEST + 4]);
            let mut workspace = Aligned([0xA5; LARGEST + 64]);
            let mut scores = [0; ARCH.num_classes()];
            let scores = scores.get_mut(..arch.num_classes()).ok_or(broken)?;
            let image = image.0.get_mut(image_at..image_at + arch.input_dim()).ok_or(broken)?;
            for (to, from) in image.iter_mut().zip(&PIXELS) {
                *to = *from;
            }
            let workspace = workspace.0.get_mut(workspace_at..).ok_or(broken)?;
            let (image, workspace) = (black_box(&*image), black_box(workspace));
            with_unaligned_traps(|| net.scores(kernel, image, workspace, scores))?;
            let found = hash(scores.iter().map(|&score| score as u32));
            if *expected.get_or_insert(found) != found {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The same of an f32 network, whose workspace and weights have the alignment of their numbers.
#[inline(never)]
fn f32(arch: &Arch<'_>) -> Result<bool, Error> {
    let broken = Error::InvalidConfig { what: "more than there is" };
    let net = FoldedNet::try_new(*arch, PARAMS.get(..arch.num_params()).ok_or(broken)?)?;
    let mut expected = None;
    for image_at in 0..4 {
        let mut image = Aligned([0; LARGEST + 4]);
        let image = image.0.get_mut(image_at..image_at + arch.input_dim()).ok_or(broken)?;
        for (to, from) in image.iter_mut().zip(&PIXELS) {
            *to = *from;
        }
        let mut workspace = [0.0; ARCH.infer_workspace_len(1)];
        let image = black_box(&*image);
        let scores = with_unaligned_traps(|| net.scores(image, &mut workspace))?;
        let found = hash(scores.iter().map(|score| score.to_bits()));
        if *expected.get_or_insert(found) != found {
            return Ok(false);
        }
    }
    Ok(true)
}
