//! Subnormal numbers, those below 1e-38 in `f32`, on a thread that computes.
//!
//! Many CPUs take a hundred times as long with one as with any other number. On x86-64 and aarch64 they can take
//! them for 0 instead, as operands and as results, at no cost: bits of a register say so, MXCSR or FPCR, which
//! every thread has for itself. So each thread sets them where it begins to compute, and puts them back where it
//! ends.
//!
//! Portable products keep subnormal numbers, as a microcontroller does, whose bits they have: while they are
//! computed the bits are cleared, whoever has set them.

use core::marker::PhantomData;

/// Whether the CPU can take subnormal numbers for 0, as it is told here.
pub(crate) const CAN_FLUSH: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// Says what this thread makes of subnormal numbers, until it is dropped.
#[derive(Debug)]
pub(crate) struct Subnormals {
    before: u32,
    now: u32,
    /// It must be dropped by the thread that made it.
    thread: PhantomData<*const ()>,
}

impl Subnormals {
    /// Takes them for 0.
    pub(crate) fn are_zero() -> Self {
        Self::set(true)
    }

    /// Takes them for 0, or computes with them.
    pub(crate) fn set(are_zero: bool) -> Self {
        let before = mode::read();
        let now = if are_zero { mode::ALL } else { 0 };
        if before != now {
            mode::write(now);
        }
        Self { before, now, thread: PhantomData }
    }

    /// Runs `work` so.
    pub(crate) fn during<R>(are_zero: bool, work: impl FnOnce() -> R) -> R {
        let _mode = Self::set(are_zero);
        call(work)
    }
}

/// Not inlined: what is only in registers could be computed after the mode is put back.
#[inline(never)]
fn call<R>(work: impl FnOnce() -> R) -> R {
    work()
}

impl Drop for Subnormals {
    fn drop(&mut self) {
        if self.before != self.now {
            mode::write(self.before);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod mode {
    use core::arch::asm;

    /// Denormals-are-zero and flush-to-zero, of MXCSR.
    pub(super) const ALL: u32 = 1 << 6 | 1 << 15;

    fn mxcsr() -> u32 {
        let mut word = 0_u32;
        // SAFETY: writes the register to `word`.
        unsafe {
            asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack, preserves_flags));
        }
        word
    }

    pub(super) fn read() -> u32 {
        mxcsr() & ALL
    }

    /// Rounding, masks and flags stay.
    pub(super) fn write(bits: u32) {
        let word = mxcsr() & !ALL | bits;
        // SAFETY: a word that the register had, but for the two bits, which every CPU of this architecture
        // has. The compiler supposes that arithmetic is not told of them, so it may compute some of it as if
        // they were clear; no code relies on either result for its soundness. What is stored before or after
        // the instruction is not moved across it, as it may write memory for all that the compiler knows.
        unsafe {
            asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack, preserves_flags));
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod mode {
    use core::arch::asm;

    /// Flush-to-zero, of FPCR: of operands and results.
    pub(super) const ALL: u32 = 1 << 24;

    fn fpcr() -> u64 {
        let word;
        // SAFETY: reads the register, which every CPU of this architecture lets programs do.
        unsafe { asm!("mrs {}, fpcr", out(reg) word, options(nostack, preserves_flags)) };
        word
    }

    pub(super) fn read() -> u32 {
        fpcr() as u32 & ALL
    }

    /// Rounding and traps stay.
    pub(super) fn write(bits: u32) {
        let word = fpcr() & !u64::from(ALL) | u64::from(bits);
        // SAFETY: a word that the register had, but for the one bit. What the compiler supposes of it, and that
        // nothing is moved across it, is as on x86-64.
        unsafe { asm!("msr fpcr, {}", in(reg) word, options(nostack, preserves_flags)) };
    }
}

/// Other CPUs are left as they are.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod mode {
    pub(super) const ALL: u32 = 0;

    pub(super) const fn read() -> u32 {
        0
    }

    pub(super) const fn write(_bits: u32) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::hint::black_box;

    fn products_are_zero() -> bool {
        let (f32, f64) = (black_box(1e-20_f32), black_box(1e-160_f64));
        // Told by their bits: compared, a subnormal number may count as 0.
        let results = ((f32 * f32).to_bits() == 0, (f64 * f64).to_bits() == 0);
        assert_eq!(results.0, results.1);
        results.0
    }

    #[test]
    fn a_thread_takes_subnormal_numbers_for_zero_until_it_is_told_otherwise() {
        // That of valgrind does not; QEMU's does.
        let is_valgrind =
            cfg!(target_arch = "x86_64") && std::env::var_os("BARENET_SMALL_PRODUCTS").is_some();
        let can = CAN_FLUSH && !is_valgrind;
        assert!(!products_are_zero());
        Subnormals::during(true, || {
            assert_eq!(products_are_zero(), can);
            Subnormals::during(false, || assert!(!products_are_zero()));
            assert_eq!(products_are_zero(), can);
        });
        assert!(!products_are_zero());
    }
}
