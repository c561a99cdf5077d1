//! The layers as calls, and the workspace that they go through.

use crate::export::contents::Contents;
use crate::export::model::Numbers;
use barenet::quant::Bits;

/// Numbers of four that lengths are rounded up to in int8.
const GROUP: usize = 4;

impl Contents<'_> {
    /// Fan-in and fan-out of each layer.
    fn widths(&self) -> impl Iterator<Item = (usize, usize)> {
        self.model.dims.iter().copied().zip(self.model.dims.iter().copied().skip(1))
    }

    /// Bits of the weights of a layer of integers.
    pub(super) fn bits_of(&self, layer: usize) -> Bits {
        self.model.bits().and_then(|bits| bits.get(layer).copied()).unwrap_or_default()
    }

    /// The type of the inputs, in C.
    pub(super) fn input_type(&self) -> &'static str {
        match self.input() {
            "f32" => "float",
            "i16" => "int16_t",
            "i8" => "int8_t",
            _ => "uint8_t",
        }
    }

    /// Lengths of the two blocks that layers write to in turn, in numbers of f32 or groups of four bytes; together what
    /// `Model::ram_bytes` counts.
    fn blocks(&self) -> (usize, usize) {
        let (mut even, mut odd) = (0, 0);
        let last = self.model.dims.len().saturating_sub(2);
        if self.is_int8() && !self.model.arch().input_dim().is_multiple_of(GROUP) {
            odd = self.model.arch().input_dim().div_ceil(GROUP);
        }
        for (number, (_, outputs)) in self.widths().enumerate() {
            let len = match self.model.numbers {
                Numbers::F32(_) => outputs,
                Numbers::Int8 { .. } if number == last => 0,
                Numbers::Int8 { .. } => outputs.div_ceil(GROUP),
            };
            let block = if number % 2 == 0 { &mut even } else { &mut odd };
            *block = len.max(*block);
        }
        (even, odd)
    }

    /// Whether the workspace has bytes that the inputs become.
    const fn is_copied(&self) -> bool {
        self.inputs().is_some() || self.is_signed()
    }

    /// The fields of the workspace.
    pub(super) fn fields(&self) -> String {
        let (even, odd) = self.blocks();
        if !self.is_int8() {
            return format!("    float numbers[{}];\n", even + odd);
        }
        let inputs = self.model.arch().input_dim();
        let mut fields = String::new();
        if even + odd > 0 {
            // As words, so that they lie where words can be loaded.
            fields += &format!("    uint32_t groups[{}];\n", even + odd);
        }
        let is_whole = inputs.is_multiple_of(GROUP);
        let is_copied = self.is_copied();
        if is_copied && is_whole {
            fields += &format!("    uint32_t input[{}];\n", inputs / GROUP);
        }
        fields += "    int16_t scores[MODEL_OUTPUTS];\n";
        if is_copied && !is_whole {
            fields += "    uint8_t input[MODEL_INPUTS];\n";
        }
        if self.is_signed() {
            fields += "    int8_t outputs[MODEL_OUTPUTS];\n";
        }
        fields
    }

    /// The definition of `model_scores`.
    pub(super) fn scores_c(&self) -> String {
        if self.is_signed() {
            return self.scores_of_bytes();
        }
        let body = if self.is_int8() { self.calls_int8() } else { self.calls_f32() };
        format!(
            "const model_score *model_scores(const model_input x[MODEL_INPUTS], model_workspace *workspace)\n\
             {{\n{body}}}\n"
        )
    }

    /// The same of signed bytes, and of real numbers.
    fn scores_of_bytes(&self) -> String {
        let body = self.calls_int8();
        let input = if self.model.arch().input_dim().is_multiple_of(GROUP) {
            "(uint8_t *)(void *)&workspace->input[0]"
        } else {
            "&workspace->input[0]"
        };
        format!(
            "/* From the bytes of the inputs to those of the scores. */\n\
             static const model_score *run(model_workspace *workspace)\n{{\n{body}}}\n\n\
             const model_score *model_scores(const model_input x[MODEL_INPUTS], model_workspace *workspace)\n{{\n    \
             to_bytes(x, {input});\n    return run(workspace);\n}}\n\n\
             const model_score *model_scores_of_reals(const float x[MODEL_INPUTS], model_workspace *workspace)\n{{\n    \
             uint8_t *const input = {input};\n    size_t i;\n\n    \
             for (i = 0u; i < (size_t)MODEL_INPUTS; i++) {{\n        input[i] = quantize(x[i]);\n    }}\n    \
             return run(workspace);\n}}\n"
        )
    }

    fn calls_f32(&self) -> String {
        let (even, odd) = self.blocks();
        let mut text = "    float *const even = &workspace->numbers[0];\n".to_owned();
        if odd > 0 {
            text += &format!("    float *const odd = &workspace->numbers[{even}];\n");
        }
        text.push('\n');
        let last = self.model.dims.len().saturating_sub(2);
        let (mut read, mut at) = ("x", 0);
        for (number, (inputs, outputs)) in self.widths().enumerate() {
            let write = if number % 2 == 0 { "even" } else { "odd" };
            let of = if number == 0 && self.input_type() != "float" { "_of_integers" } else { "" };
            let relu = number < last;
            text += &format!(
                "    affine{of}({read}, {inputs}u, &PARAMS[{at}], {outputs}u, {relu}, {write});\n"
            );
            at += (inputs + 1) * outputs;
            read = write;
        }
        text + &format!("    return {read};\n")
    }

    fn calls_int8(&self) -> String {
        let (even, odd) = self.blocks();
        let inputs = self.model.arch().input_dim();
        let is_whole = inputs.is_multiple_of(GROUP);
        let last = self.model.dims.len().saturating_sub(2);
        let mut text = String::new();
        if even > 0 {
            text += "    uint8_t *const even = (uint8_t *)(void *)&workspace->groups[0];\n";
        }
        if odd > 0 {
            text += &format!(
                "    uint8_t *const odd = (uint8_t *)(void *)&workspace->groups[{even}];\n"
            );
        }
        let mut bytes = "x";
        let mut steps = String::new();
        if self.is_copied() {
            bytes = "input";
            let constant = if self.is_signed() { "const " } else { "" };
            let cast =
                if is_whole { format!("({constant}uint8_t *)(void *)&") } else { "&".to_owned() };
            text += &format!("    {constant}uint8_t *const input = {cast}workspace->input[0];\n");
            if !self.is_signed() {
                steps += "    to_bytes(x, input);\n";
            }
        }
        if self.is_signed() || !is_whole {
            text += "    size_t i;\n";
        }
        if !is_whole {
            steps += &format!(
                "    for (i = 0u; i < {}u; i++) {{\n        \
                 odd[i] = (uint8_t)((i < {inputs}u) ? {bytes}[i] : 0u);\n    }}\n",
                inputs.next_multiple_of(GROUP)
            );
            bytes = "odd";
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text += &steps;
        let (mut w, mut channel) = (0, 0);
        for (number, (inputs, outputs)) in self.widths().enumerate() {
            let (groups, blocks) = (inputs.div_ceil(GROUP), outputs.div_ceil(GROUP));
            let write = if number % 2 == 0 { "even" } else { "odd" };
            let out = if number == last {
                format!("{outputs}u, NULL, workspace->scores")
            } else {
                format!("{}u, {write}, NULL", GROUP * blocks)
            };
            let bits = self.bits_of(number);
            let of = match bits {
                Bits::Four => "_int4",
                Bits::Eight => "",
            };
            text += &format!(
                "    layer{of}({bytes}, {groups}u, &WEIGHTS[{w}], &CHANNELS[{channel}], {out});\n"
            );
            w += bits.words() * groups * blocks;
            channel += GROUP * blocks;
            bytes = write;
        }
        if !self.is_signed() {
            return text + "    return workspace->scores;\n";
        }
        text + &self.signed_outputs() + "    return workspace->outputs;\n"
    }

    /// From scores to signed bytes: four a turn, which shares what a turn costs.
    fn signed_outputs(&self) -> String {
        let outputs = self.model.dims.last().copied().unwrap_or(0);
        let whole = outputs / GROUP * GROUP;
        let one = |at: &str| {
            format!(
                "        workspace->outputs[{at}] = (int8_t)saturate_signed(workspace->scores[{at}] + MODEL_OUTPUT_ZERO_POINT);\n"
            )
        };
        let mut text = String::new();
        if whole > 0 {
            let four: String = ["i", "i + 1u", "i + 2u", "i + 3u"].map(one).concat();
            text += &format!("    for (i = 0u; i < {whole}u; i += {GROUP}u) {{\n{four}    }}\n");
        }
        if whole < outputs {
            let one = one("i");
            text += &format!("    for (i = {whole}u; i < {outputs}u; i++) {{\n{one}    }}\n");
        }
        text
    }
}
