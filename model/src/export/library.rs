//! The library's own source, which goes into the folder beside the network.

include!(concat!(env!("OUT_DIR"), "/library_source.rs"));

/// The int8 kernel for Cortex-M4, M7, M33 and above.
pub const DSP_SOURCE: &str = include_str!("../../../blas-backend/src/cortex_m.rs");

/// The same of weights of 4 bits, a module of that file.
pub const DSP_INT4_SOURCE: &str = include_str!("../../../blas-backend/src/cortex_m/int4.rs");

/// Weights from the bytes of a file.
pub const FLASH_SOURCE: &str = include_str!("../../../blas-backend/src/flash.rs");

/// The build script of the kernel, which finds out whether the target has the instructions.
pub const DSP_BUILD: &str = include_str!("../../../blas-backend/build.rs");

/// The texts of the licences.
pub const LICENCES: [(&str, &str); 2] = [
    ("LICENSE-MIT", include_str!("../../../LICENSE-MIT")),
    ("LICENSE-APACHE", include_str!("../../../LICENSE-APACHE")),
];
