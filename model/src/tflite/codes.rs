//! Operators, as the schema counts them.

/// Operators that are read, and those that people ask about, as the schema counts them.
const OPERATORS: [(i32, &str); 24] = [
    (0, "ADD"),
    (1, "AVERAGE_POOL_2D"),
    (2, "CONCATENATION"),
    (3, "CONV_2D"),
    (4, "DEPTHWISE_CONV_2D"),
    (DEQUANTIZE, "DEQUANTIZE"),
    (FULLY_CONNECTED, "FULLY_CONNECTED"),
    (LOGISTIC, "LOGISTIC"),
    (16, "LSTM"),
    (17, "MAX_POOL_2D"),
    (18, "MUL"),
    (RELU, "RELU"),
    (21, "RELU6"),
    (RESHAPE, "RESHAPE"),
    (24, "RNN"),
    (SOFTMAX, "SOFTMAX"),
    (28, "TANH"),
    (32, "CUSTOM"),
    (40, "MEAN"),
    (41, "SUB"),
    (42, "DIV"),
    (44, "UNIDIRECTIONAL_SEQUENCE_LSTM"),
    (QUANTIZE, "QUANTIZE"),
    (126, "BATCH_MATMUL"),
];

pub(super) const DEQUANTIZE: i32 = 6;
pub(super) const FULLY_CONNECTED: i32 = 9;
pub(super) const LOGISTIC: i32 = 14;
pub(super) const RELU: i32 = 19;
pub(super) const RESHAPE: i32 = 22;
pub(super) const SOFTMAX: i32 = 25;
pub(super) const QUANTIZE: i32 = 114;

/// The name of an operator.
pub(super) fn name_of(code: i32) -> Option<&'static str> {
    OPERATORS.iter().find(|(found, _)| *found == code).map(|(_, name)| *name)
}
