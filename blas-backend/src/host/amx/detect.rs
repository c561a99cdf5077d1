//! Whether there is AMX, and whether the system lets a process use it.

use crate::host::bf16::{self, Hardware};
use crate::host::isa::Isa;
use crate::host::subnormal::Subnormals;
use crate::host::tile::{Multiply, Product};
use barenet::{GemmArgs, Mat, MatMut};
use core::arch::asm;
use core::arch::x86_64::{__cpuid, __cpuid_count};
use std::sync::OnceLock;

/// Why AMX cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAmx {
    /// The CPU has none, or the machine that it is in hides it.
    Cpu,
    /// The system does not keep the tiles of threads.
    System,
    /// The system gives no permission.
    Refused,
    /// It does not multiply as it should.
    Wrong,
}

impl NoAmx {
    /// In a few words.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Cpu => "this CPU has no AMX",
            Self::System => "this system does not support AMX",
            Self::Refused => "the system refuses AMX",
            Self::Wrong => "AMX multiplies wrongly here",
        }
    }
}

/// Looks once, and asks the system for permission, which is for the whole process.
pub(super) fn detect() -> Result<(), NoAmx> {
    static FOUND: OnceLock<Result<(), NoAmx>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        if !cpu_has_amx() || Isa::of_this_cpu() != Some(Isa::Avx512) {
            return Err(NoAmx::Cpu);
        }
        if !system_keeps_tiles() {
            return Err(NoAmx::System);
        }
        if !permission() {
            return Err(NoAmx::Refused);
        }
        // SAFETY: there is AMX, and this process may use it.
        if unsafe { multiplies_rightly() } { Ok(()) } else { Err(NoAmx::Wrong) }
    })
}

/// AMX-TILE and AMX-BF16, and XGETBV for those who look further.
fn cpu_has_amx() -> bool {
    const OSXSAVE: u32 = 1 << 27;
    const AMX: u32 = 1 << 22 | 1 << 24;
    #[allow(unused_unsafe)] // It is safe in new compilers.
    // SAFETY: every CPU of this architecture has the instruction, and each leaf is asked for if there is one.
    unsafe {
        __cpuid(0).eax >= 7 && __cpuid(1).ecx & OSXSAVE != 0 && __cpuid_count(7, 0).edx & AMX == AMX
    }
}

/// Whether the system has switched on that tiles are saved when threads change places: bits 17 and 18 of XCR0.
fn system_keeps_tiles() -> bool {
    const TILES: u32 = 1 << 17 | 1 << 18;
    let word: u32;
    // SAFETY: the CPU has the instruction, by OSXSAVE.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") word, out("edx") _, options(nomem, nostack, preserves_flags));
    }
    word & TILES == TILES
}

/// Asks Linux, which lets nobody use tiles who did not ask: `arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)`. A system or a
/// container that does not know the call says no.
#[cfg(target_os = "linux")]
fn permission() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: it takes two numbers, and changes nothing but what is allowed.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn permission() -> bool {
    false
}

/// Multiplies integers, of which any order of sums is exact, and compares with the definition.
///
/// # Safety
///
/// There must be AMX, and the process be allowed to use it.
unsafe fn multiplies_rightly() -> bool {
    const SIDE: usize = 33;
    const DEPTH: usize = 65;
    // Some of 13 bits, so that they have more than one part.
    let a: [f32; SIDE * DEPTH] = core::array::from_fn(|at| (at * 97 % 8191) as f32 - 4095.0);
    let b: [f32; DEPTH * SIDE] = core::array::from_fn(|at| (at * 5 % 17) as f32 - 8.0);
    let mut c = [f32::NAN; SIDE * SIDE];
    let (Ok(a_mat), Ok(b_mat)) = (Mat::new(&a, SIDE, DEPTH), Mat::new(&b, DEPTH, SIDE)) else {
        return false;
    };
    let args = MatMut::new(&mut c, SIDE, SIDE).and_then(|c| GemmArgs::new(a_mat, b_mat, 0.0, c));
    if let Ok(args) = args {
        let _subnormals = Subnormals::are_zero();
        // SAFETY: the promise of the caller.
        unsafe { bf16::multiply::<Hardware, 3, 3>(&Product::new(args), &Nothing) };
    }
    c.iter().enumerate().all(|(at, &c)| {
        let (i, j) = (at / SIDE, at % SIDE);
        c == (0..DEPTH).map(|l| a[i * DEPTH + l] * b[l * SIDE + j]).sum::<f32>()
    })
}

/// What is infinite, NaN or very small is wrong here, and left so.
struct Nothing;

impl Multiply<f32> for Nothing {
    fn multiply(&self, _product: &Product<'_, f32>) {}
}
