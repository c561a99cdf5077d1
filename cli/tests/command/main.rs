//! Tests of the command, as its users meet it: one program, so that it is linked once.

mod arrays;
mod bits;
mod cli;
mod data;
mod disk_full;
mod export;
mod export_tables;
mod fetch;
mod files;
mod finite;
mod folder;
mod kill;
mod limits;
mod metrics;
mod no_files;
mod output;
mod paths;
mod pictures;
mod program;
mod recordings;
mod refusals;
mod resume;
mod running;
mod settings;
mod stop;
mod tables;
