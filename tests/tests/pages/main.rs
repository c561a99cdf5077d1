//! The documentation, and what it says of the tree.

mod course;
mod cycles;
mod docs;
