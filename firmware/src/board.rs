//! The board as the programs see it: a start, an end, text on the host's terminal, a mark for the
//! instruction counter and the depth of the stack. The same for ARM and RISC-V.
//!
//! Nothing here can panic, so a program that prints can still be proven free of panics: formatting
//! by `core::fmt` could not.

// It holds the critical section that a Cortex-M0 has for an atomic swap.
#[cfg(target_arch = "arm")]
use core::ptr;
#[cfg(target_arch = "arm")]
use cortex_m as _;
use semihosting::sys::arm_compat::sys_writec;

#[cfg(target_arch = "arm")]
pub use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
pub use riscv_rt::entry;

/// Ends the program, with exit status 0 if it passed and 1 if not.
pub fn exit(passed: bool) -> ! {
    semihosting::process::exit(i32::from(!passed))
}

/// The panic handler of programs that are not proven free of panics.
///
/// A program has either this or `use panic_never as _`.
#[macro_export]
macro_rules! panic_exits {
    () => {
        #[panic_handler]
        fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
            $crate::print!("FAILED: panicked\n");
            $crate::board::exit(false)
        }
    };
}

/// Prints its arguments one after another, each by [`Print`].
#[macro_export]
macro_rules! print {
    ($($part:expr),+ $(,)?) => {{ $($crate::board::Print::print(&$part);)+ }};
}

/// A value that [`print!`] can print.
pub trait Print {
    /// Writes the value to the host's terminal.
    fn print(&self);
}

impl Print for &str {
    fn print(&self) {
        self.bytes().for_each(sys_writec);
    }
}

impl Print for usize {
    fn print(&self) {
        print_digits(u64::try_from(*self).unwrap_or(u64::MAX), 1);
    }
}

impl Print for u32 {
    fn print(&self) {
        print_digits(u64::from(*self), 1);
    }
}

impl Print for i32 {
    fn print(&self) {
        if *self < 0 {
            sys_writec(b'-');
        }
        self.unsigned_abs().print();
    }
}

/// With six places after the point.
impl Print for f32 {
    fn print(&self) {
        if !self.is_finite() {
            return if self.is_nan() { "NaN" } else { "infinite" }.print();
        }
        // Converting a float to an integer saturates.
        let micros = (f64::from(self.abs()) * 1e6 + 0.5) as u64;
        sys_writec(if *self < 0.0 { b'-' } else { b' ' });
        print_digits(micros / 1_000_000, 1);
        sys_writec(b'.');
        print_digits(micros % 1_000_000, 6);
    }
}

/// The decimal digits of `number`, with zeros before them if there are fewer than `width`.
fn print_digits(mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut len = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        len += 1;
        if number == 0 {
            break;
        }
    }
    let start = digits.len().saturating_sub(len.max(width));
    digits.iter().skip(start).for_each(|&digit| sys_writec(digit));
}

/// Does nothing. Its address is where the instruction counter looks: what runs between two marks
/// is counted.
#[inline(never)]
pub fn mark() {
    core::hint::black_box(());
}

/// Result and cost of one run of a piece of code.
#[derive(Clone, Copy, Debug)]
pub struct Measured<R> {
    /// Its return value.
    pub result: R,
    /// Bytes of stack below the caller's.
    pub stack: usize,
}

/// Runs `work` between two [marks](mark), and measures its stack.
#[inline(never)]
pub fn measure<R>(work: impl FnOnce() -> R) -> Measured<R> {
    let painted = crate::stack::paint();
    mark();
    let result = work();
    mark();
    Measured { result, stack: painted.depth() }
}

/// Runs `work` with words at unaligned addresses trapped (CCR.UNALIGN_TRP): a trap is a fault.
#[cfg(target_arch = "arm")]
#[inline(never)]
#[allow(unsafe_code)] // A register of the processor.
pub fn with_unaligned_traps<R>(work: impl FnOnce() -> R) -> R {
    const UNALIGN_TRP: u32 = 1 << 3;
    let ccr = ptr::with_exposed_provenance_mut::<u32>(0xE000_ED14);
    // SAFETY: the register is there on every Cortex-M, and only this function changes it.
    let was = unsafe { ccr.read_volatile() };
    // SAFETY: as above. The barrier makes it count for what follows.
    unsafe { ccr.write_volatile(was | UNALIGN_TRP) };
    cortex_m::asm::isb();
    let result = work();
    // SAFETY: as above.
    unsafe { ccr.write_volatile(was) };
    cortex_m::asm::isb();
    result
}

/// Runs `work`.
#[cfg(not(target_arch = "arm"))]
pub fn with_unaligned_traps<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// A fault ends the program, as failed: without this it would hang.
#[cfg(target_arch = "arm")]
#[allow(unsafe_code)] // An exception's handler.
#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    crate::print!("FAILED: a fault\n");
    exit(false)
}
