use barenet::{Arch, FoldedNet, FullyConnectedNet, flash::crc32};
use barenet_blas::flash;

pub use barenet::{self, Error};

/// The layer sizes.
pub const ARCH: Arch<'static> = Arch::new(&@DIMS@)@WITH_LOCAL@;
/// The network, to train its last layers on the device.
pub const NET: FullyConnectedNet<'static, f32> = FullyConnectedNet::new(ARCH);
/// The weights and biases: W1 b1 W2 b2 …, in flash.
pub static PARAMS: [f32; ARCH.num_params()] = flash::f32_array(include_bytes!("weights.bin"));

/// The same network, for inference alone.
static FOLDED: FoldedNet<'static, f32> = FoldedNet::new(ARCH, &PARAMS);

/// The CRC-32 of all numbers of the network@AND_OF_FILE@.
pub const CHECKSUM: u32 = @CHECKSUM@;
/// Bytes of RAM: those of a [`Workspace`]. The stack comes on top.
pub const RAM_BYTES: usize = size_of::<Workspace>();
/// Bytes of flash: those of the weights. The code comes on top.
pub const FLASH_BYTES: usize = size_of_val(&PARAMS)@MORE_FLASH@;

@SAMPLE_TYPE@
@ANSWER_TYPE@/// @EACH_SCORE@.
pub type Scores = [f32];

@NAMES@
/// The memory of one inference. It may hold anything before.
#[derive(Clone, Debug)]
pub struct Workspace {
    numbers: [f32; @WORKSPACE@],
}

impl Workspace {
    /// A workspace, for a `static` or the stack.
    #[must_use]
    pub const fn new() -> Self {
        Self { numbers: [0.0; @WORKSPACE@] }
    }
}

impl Default for Workspace {
    fn default() -> Self {
        Self::new()
    }
}

/// Computes the scores of @A_SAMPLE@.
///
/// # Errors
///
/// [`Error::Shape`] if the @SAMPLE@ has not @INPUTS@ @NUMBERS@.
pub fn scores<'w>(@SAMPLE@: &@SAMPLE_NAME@, workspace: &'w mut Workspace) -> Result<&'w Scores, Error> {
    FOLDED.scores(@SAMPLE@, &mut workspace.numbers)
}

/// Whether the flash still holds the weights that were exported. Reads all of them.
#[must_use]
pub fn verify() -> bool {
    crc32(PARAMS.iter()@MORE_NUMBERS@.map(|number| number.to_bits())) == CHECKSUM
}
