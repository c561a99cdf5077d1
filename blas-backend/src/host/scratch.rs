//! Memory for copies, kept by each thread from product to product: after the first ones nothing is allocated.

use barenet::Float;
use core::cell::RefCell;
use core::marker::PhantomData;

/// Numbers that begin at a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Use of the memory.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// Rows that were read.
    Rows,
    /// A block of A.
    A,
    /// A block of B.
    B,
    /// Columns of B that are multiplied by themselves.
    FewColumns,
    /// A block of A in bf16.
    #[cfg(target_arch = "x86_64")]
    SplitA,
    /// A block of B in bf16.
    #[cfg(target_arch = "x86_64")]
    SplitB,
    /// What is left of its sums when A is packed.
    #[cfg(target_arch = "x86_64")]
    Rests,
}

thread_local! {
    static LINES: RefCell<[Vec<Line>; 7]> = const { RefCell::new([const { Vec::new() }; 7]) };
}

/// Memory of this thread, until it is dropped.
pub(crate) struct Scratch<T> {
    lines: Vec<Line>,
    place: Place,
    element: PhantomData<T>,
}

impl<T: Float> Scratch<T> {
    pub(crate) fn take(place: Place) -> Self {
        let lines = LINES.with_borrow_mut(|lines| core::mem::take(&mut lines[place as usize]));
        Self { lines, place, element: PhantomData }
    }

    /// So many numbers. They hold something, never uninitialised memory.
    pub(crate) fn numbers(&mut self, len: usize) -> &mut [T] {
        let needed = (len * size_of::<T>()).div_ceil(size_of::<Line>());
        if self.lines.len() < needed {
            self.lines.resize(needed, Line([0; 64]));
        }
        // SAFETY: the lines hold as many numbers, are aligned for them, and any bytes are a number: `Float` is `f32`
        // or `f64`, and nothing else.
        unsafe { core::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), len) }
    }
}

impl<T> Drop for Scratch<T> {
    fn drop(&mut self) {
        let lines = core::mem::take(&mut self.lines);
        // A thread that ends has no use for it.
        let _kept = LINES.try_with(|all| all.borrow_mut()[self.place as usize] = lines);
    }
}
