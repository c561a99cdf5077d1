use barenet::quant::@QUANT@;
use barenet::{Arch, flash::crc32};
use barenet_blas::{CortexMDsp, flash};

mod channels;
@MOD_MAPS@
pub use barenet::{self, Error};

/// The layer sizes.
pub const ARCH: Arch<'static> = Arch::new(&@DIMS@)@WITH_LOCAL@;
@BITS_OF_LAYERS@/// The network.
pub static NET: @NET@<'static> = @NET@::new(ARCH, @OF_BITS@&WEIGHTS, &channels::CHANNELS);
/// The weights, packed, in flash.
static WEIGHTS: [u32; ARCH.@WEIGHTS_LEN@] = flash::u32_array(include_bytes!("weights.bin"));

/// The CRC-32 of all numbers of the network.
pub const CHECKSUM: u32 = @CHECKSUM@;
/// Bytes of RAM: those of a [`Workspace`]. The stack comes on top.
pub const RAM_BYTES: usize = size_of::<Workspace>();
/// Bytes of flash: those of weights, biases and scales. The code comes on top.
pub const FLASH_BYTES: usize = size_of_val(&WEIGHTS) + size_of_val(&channels::CHANNELS)@MORE_FLASH@;

@SAMPLE_TYPE@
@ANSWER_TYPE@/// @EACH_SCORE@@IN_STEPS@.
pub type Scores = [@SCORE@];

@SCALES@
@NAMES@
/// The memory of one inference. It may hold anything before.
#[derive(Clone, Debug)]
#[repr(C, align(4))]
pub struct Workspace {
    bytes: [u8; ARCH.quant_workspace_len()],
    scores: [i16; ARCH.num_classes()],
@INPUT_FIELD@@OUTPUT_FIELD@}

impl Workspace {
    /// A workspace, for a `static` or the stack.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; ARCH.quant_workspace_len()], scores: [0; ARCH.num_classes()]@INPUT_NEW@@OUTPUT_NEW@ }
    }
}

impl Default for Workspace {
    fn default() -> Self {
        Self::new()
    }
}

/// Computes the scores of @A_SAMPLE@, with integers alone@BUT_FOR@.
///
/// # Errors
///
/// [`Error::Shape`] if the @SAMPLE@ has not @INPUTS@ @NUMBERS@.
pub fn scores<'w>(@SAMPLE@: &@SAMPLE_NAME@, workspace: &'w mut Workspace) -> Result<&'w Scores, Error> {
@TO_BYTES@    // Where there are no DSP instructions, this is the portable kernel. The bits are the same.
    NET.scores(&CortexMDsp, @BYTES@, &mut workspace.bytes, &mut workspace.scores)?;
@TO_SIGNED@    Ok(&workspace.@RESULT@)
}
@OF_REALS@
/// Whether the flash still holds the numbers that were exported. Reads all of them.
#[must_use]
pub fn verify() -> bool {
    let channels = channels::CHANNELS.iter().@WORDS_OF_CHANNELS@;
    crc32(WEIGHTS.iter().copied().chain(channels)@MORE_NUMBERS@) == CHECKSUM
}
