//! A run of `Solver` on the device: epochs, batch norm, Adam, accuracies.
//!
//! Exits with status 1 unless it learns, and the weights end, bit for bit, where the host's did.

#![no_std]
#![no_main]

use barenet::Compact;
use barenet_firmware::board::{entry, exit, measure};
use barenet_firmware::solving::{Memory, run};
use barenet_firmware::{HOST_SOLVED, print, same_bits};
use panic_never as _;
use static_cell::ConstStaticCell;

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

#[entry]
fn main() -> ! {
    let Some(memory) = MEMORY.try_take() else { exit(false) };
    let measured = measure(|| run(&Compact, memory));
    let Ok(accuracy) = measured.result else { exit(false) };
    let [params, ..] = &memory.params;
    let same_bits = same_bits(params, &HOST_SOLVED);
    print!("best validation accuracy: ", accuracy);
    print!(", same bits as the host: ", if same_bits { "yes" } else { "no" }, "\n");
    print!("RAM: ", size_of::<Memory>(), " bytes, stack: ", measured.stack, " bytes\n");
    exit(same_bits && accuracy > 0.9)
}
