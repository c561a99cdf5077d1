//! From the weights of a run to what a microcontroller links: the numbers, and the crate around them.

pub mod answer;
pub mod c_folder;
pub mod channels;
mod contents;
pub mod crate_folder;
mod crate_text;
mod escape;
pub mod in_weights;
pub mod inputs;
pub mod int8;
pub mod library;
pub mod listing;
pub mod local;
mod manifest;
pub mod model;
mod on_device;
pub mod place;
pub mod row;
pub mod signed;
mod words;
