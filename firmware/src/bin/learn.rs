//! Training on the device: a small net from nothing, and the last layer of a net whose other layers
//! stay in flash.
//!
//! Exits with status 1 unless each loss falls to less than half and all weights end, bit for bit, where the
//! host's did, which multiplies with `Portable`; here it is `Compact`, with the same bits in less code. The
//! last thing that runs between two marks is one training step of the small net.

#![no_std]
#![no_main]

use barenet::{Compact, Error};
use barenet_firmware::board::{entry, exit, measure};
use barenet_firmware::net::{HEAD, NET, SCRATCH};
use barenet_firmware::training::{
    BATCH, FeatureWorkspace, HeadMemory, Losses, STEPS, ScratchMemory, from_scratch, last_layer,
    ram_bytes,
};
use barenet_firmware::{HOST_HEAD, HOST_SCRATCH, PARAMS, RUNNING, print, same_bits};
use panic_never as _;
use static_cell::ConstStaticCell;

/// All RAM of the program but its stack, by the const functions of the architectures.
const RAM_BYTES: usize =
    ram_bytes(&SCRATCH.arch) + ram_bytes(&HEAD.arch) + size_of::<FeatureWorkspace>();
const _: () = assert!(
    RAM_BYTES
        == size_of::<ScratchMemory>() + size_of::<HeadMemory>() + size_of::<FeatureWorkspace>()
);

static SCRATCH_MEMORY: ConstStaticCell<ScratchMemory> = ConstStaticCell::new(ScratchMemory::new());
static HEAD_MEMORY: ConstStaticCell<HeadMemory> = ConstStaticCell::new(HeadMemory::new());
static FEATURES: ConstStaticCell<FeatureWorkspace> =
    ConstStaticCell::new([0.0; NET.arch.infer_workspace_len(1)]);

#[entry]
fn main() -> ! {
    exit(learn().unwrap_or(false))
}

fn learn() -> Result<bool, Error> {
    let (Some(scratch), Some(head), Some(workspace)) =
        (SCRATCH_MEMORY.try_take(), HEAD_MEMORY.try_take(), FEATURES.try_take())
    else {
        return Ok(false);
    };
    print!("steps: ", STEPS as usize, " of ", BATCH, " samples\n");

    let losses = last_layer(&Compact, &PARAMS, &RUNNING, head, workspace)?;
    let head_passed = report("last layer", losses, &head.params, &HOST_HEAD);
    let losses = from_scratch(&Compact, scratch)?;
    let scratch_passed = report("from nothing", losses, &scratch.params, &HOST_SCRATCH);

    print!("RAM by the const functions: ", RAM_BYTES, " bytes\n");
    let step = measure(|| scratch.step(&Compact, &SCRATCH, 0.0));
    step.result?;
    print!("stack of a step: ", step.stack, " bytes\n");
    Ok(head_passed && scratch_passed)
}

/// Prints how a training went; whether it went as it must.
fn report(what: &str, losses: Losses, params: &[f32], host: &[f32]) -> bool {
    let same_bits = same_bits(params, host);
    print!(what, ": loss ", losses.first, " to ", losses.last);
    print!(", same bits as the host: ", if same_bits { "yes" } else { "no" }, "\n");
    same_bits && losses.last < 0.5 * losses.first
}
