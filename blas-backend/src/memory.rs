//! Hints about memory. None changes a result, and where there is nothing to hint to, none does a thing.

/// Asks the CPU to bring `data` into its second-level cache, and does not wait for it.
///
/// For data that will be read soon and lie where the CPU's own prediction does not look: the rows of
/// a batch that was drawn at random. Nothing happens on a CPU without such an instruction.
#[inline]
pub(crate) fn prefetch(data: &[u8]) {
    const LINE: usize = 64;
    for line in data.chunks(LINE) {
        let address = line.as_ptr();
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the instruction is part of x86-64, reads nothing and faults on no address.
        unsafe {
            use core::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T1>(address.cast());
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: as above, of aarch64.
        unsafe {
            use core::arch::asm;
            asm!("prfm pldl2keep, [{}]", in(reg) address.addr(), options(nomem, nostack, preserves_flags));
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let _ignored = address;
    }
}

/// Asks the system to back memory that was reserved but not yet used with huge pages.
///
/// A batch and the weights are read in rows of kilobytes, each on pages of its own: with pages of
/// 4 KiB there are more than the CPU keeps the addresses of.
///
/// ```
/// let mut numbers: Vec<f32> = Vec::with_capacity(1 << 20);
/// barenet_blas::prefer_huge_pages(numbers.spare_capacity_mut());
/// numbers.resize(1 << 20, 0.0);
/// ```
pub fn prefer_huge_pages<T>(memory: &mut [core::mem::MaybeUninit<T>]) {
    #[cfg(target_os = "linux")]
    {
        /// Huge pages of the usual CPUs, in bytes.
        const HUGE: usize = 2 << 20;
        let (start, len) = (memory.as_mut_ptr().addr(), size_of_val(memory));
        let inner = start.next_multiple_of(HUGE);
        let end = (start + len) / HUGE * HUGE;
        if let Some(len) = end.checked_sub(inner).filter(|&len| len > 0) {
            let address = memory.as_mut_ptr().cast::<u8>().wrapping_add(inner - start);
            // SAFETY: whole pages within `memory`, which is borrowed. The advice changes neither what
            // they hold nor who may use them; a system without huge pages refuses it, which is no loss.
            unsafe { libc::madvise(address.cast(), len, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ignored = memory;
}
