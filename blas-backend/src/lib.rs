//! Fast matrix products and threads for [`barenet`].
//!
//! [`Backend`] is what a program takes: a [`Kernel`] chosen at run time, and a team of threads.
//! `Amx`, `Simd`, [`MatrixMultiply`] and [`OpenBlas`] are the same kernels on the calling thread, without a team.
//!
//! Without the feature `std` it is for microcontrollers and has [`flash`], and with the feature `cortex-m-dsp`
//! `CortexMDsp` for int8 networks.
//!
//! # Same bits at any number of threads
//!
//! A product is always computed in the same tiles of C, each by one single-threaded call that sums over all
//! of k; threads only decide who computes a tile. Products of few rows are cut otherwise: a large one into no
//! more tiles than there are threads, by kernels that give a column the same bits in any tile; a small one
//! into two halves of k, on one thread too. The other work that the library hands to
//! [`Machine::join`](barenet::Machine::join) comes in pieces of fixed size.
//!
//! # Subnormal numbers
//!
//! Every kernel but [`Portable`](barenet::Portable) takes subnormal numbers for 0, on every thread, so that none
//! slows down on them: on x86-64 and aarch64 a register, MXCSR or FPCR, says so while a product, a pass,
//! [`Machine::join`](barenet::Machine::join) or `Backend::install` runs, and is put back afterwards.
//!
//! # Safety
//!
//! All `unsafe` code of the project is in this crate, but for operations of MPI in `mpi`, and the measurement of the stack and a register of
//! the processor in `firmware`: the calls of the two libraries, vector
//! instructions and those of AMX, the tiles of one matrix that several threads write, the work that threads take from
//! each other's stacks, hints about memory, memory that processes share, what a thread makes of subnormal numbers, bytes of a file that
//! become weights, and the assembly for microcontrollers. Each block says why it is sound.

#![cfg_attr(not(feature = "std"), no_std)]
#![allow(unsafe_code)]

#[cfg(feature = "cortex-m-dsp")]
mod cortex_m;
pub mod flash;
#[cfg(feature = "std")]
mod host;
#[cfg(feature = "std")]
mod memory;

#[cfg(feature = "cortex-m-dsp")]
pub use cortex_m::CortexMDsp;
#[cfg(feature = "std")]
pub use host::*;
#[cfg(feature = "std")]
pub use memory::prefer_huge_pages;
