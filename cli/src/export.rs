//! From the weights of a run to what a microcontroller links: the numbers, and the crate around them.

pub mod crate_folder;
pub mod library;
pub mod model;
mod source;
