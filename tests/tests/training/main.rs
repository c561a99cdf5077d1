//! Whole runs: what they give again to the bit, refuse and learn.

mod augment;
mod average;
mod bits;
mod classes;
mod end_to_end;
mod images;
mod mixup;
mod norms;
mod ranks;
mod solver;
mod values;
