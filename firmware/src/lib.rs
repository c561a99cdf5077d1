//! Shared by the bare-metal programs of barenet: a network, its weights in flash, an image, and the
//! scores that the host computed for it.
//!
//! `build.rs` draws the numbers, so the programs need no file.

#![no_std]

pub mod anomaly;
pub mod board;
pub mod net;
pub mod solving;
pub mod stack;
pub mod training;

pub use net::NET;

include!(concat!(env!("OUT_DIR"), "/model.rs"));

/// Elements of the workspace for one image.
pub const WORKSPACE_LEN: usize = NET.arch.infer_workspace_len(1);
/// Bytes of the workspace: all the RAM that inference takes, except for its stack.
pub const RAM_BYTES: usize = WORKSPACE_LEN * size_of::<f32>();
/// Bytes of the weights.
pub const FLASH_BYTES: usize = size_of_val(&PARAMS) + size_of_val(&RUNNING);

/// Whether two vectors are the same to the last bit.
#[must_use]
pub fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.iter().map(|number| number.to_bits()).eq(b.iter().map(|number| number.to_bits()))
}
