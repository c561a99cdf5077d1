//! Expected results of the programs. With `BARENET_SPOIL` set one number is wrong by its lowest bit: then each
//! program must fail, which `scripts/firmware.sh` checks, for one that could not fail would show nothing.

use std::env;

/// Numbers with a lowest bit.
pub(super) trait Number: Copy {
    fn with_lowest_bit_changed(self) -> Self;
}

impl Number for f32 {
    fn with_lowest_bit_changed(self) -> Self {
        Self::from_bits(self.to_bits() ^ 1)
    }
}

impl Number for f64 {
    fn with_lowest_bit_changed(self) -> Self {
        Self::from_bits(self.to_bits() ^ 1)
    }
}

impl Number for i16 {
    fn with_lowest_bit_changed(self) -> Self {
        self ^ 1
    }
}

/// The numbers, the last one spoilt if that is asked for.
pub(super) fn expected<T: Number>(numbers: &[T]) -> Vec<T> {
    println!("cargo::rerun-if-env-changed=BARENET_SPOIL");
    let mut numbers = numbers.to_vec();
    if let (Some(last), Some(_)) = (numbers.last_mut(), env::var_os("BARENET_SPOIL")) {
        *last = last.with_lowest_bit_changed();
    }
    numbers
}
