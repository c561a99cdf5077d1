//! Bits of weights, as the flag has them.

use barenet::quant::Bits;
use barenet_run::export::WantedBits;

/// Bits of weights.
#[derive(Clone, Debug)]
pub(crate) struct BitsFlag {
    /// As they were written.
    pub(super) text: String,
    /// The same.
    pub(super) wanted: WantedBits,
}

impl BitsFlag {
    /// Whether no layer may get other bits than 8.
    pub(super) fn is_eight(&self) -> bool {
        match &self.wanted {
            WantedBits::AsTrained | WantedBits::All(Bits::Eight) => true,
            WantedBits::All(Bits::Four) | WantedBits::Auto => false,
            WantedBits::Each(bits) => !bits.contains(&Bits::Four),
        }
    }
}

/// Reads `8`, `4`, those of each layer with commas between them, or `auto`.
pub(super) fn parse_bits(text: &str) -> Result<BitsFlag, String> {
    let of_layer = |text: &str| match text {
        "4" => Ok(Bits::Four),
        "8" => Ok(Bits::Eight),
        _ => Err("4, 8, those of each layer such as 8,4,4, or auto is needed".to_owned()),
    };
    let wanted = if text == "auto" {
        WantedBits::Auto
    } else if text.contains(',') {
        WantedBits::Each(text.split(',').map(of_layer).collect::<Result<_, _>>()?)
    } else {
        WantedBits::All(of_layer(text)?)
    };
    Ok(BitsFlag { text: text.to_owned(), wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_of_all_layers_of_each_or_chosen() {
        let parsed = |text| parse_bits(text).map(|flag| (flag.is_eight(), flag.wanted));
        let (four, eight) = (Bits::Four, Bits::Eight);
        assert_eq!(parsed("4"), Ok((false, WantedBits::All(four))));
        assert_eq!(parsed("8"), Ok((true, WantedBits::All(eight))));
        assert_eq!(parsed("auto"), Ok((false, WantedBits::Auto)));
        assert_eq!(parsed("8,4,8"), Ok((false, WantedBits::Each(vec![eight, four, eight]))));
        assert_eq!(parsed("8,8"), Ok((true, WantedBits::Each(vec![eight, eight]))));
        for bad in ["", "5", "4,", ",4", "4, 8", "8;4", "AUTO", "4,auto", "-4", "04"] {
            assert!(parsed(bad).is_err(), "{bad}");
        }
    }
}
