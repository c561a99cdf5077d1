//! The messages of an event file, as far as scalars need them.
//!
//! Fields and numbers are those of `event.proto` and `summary.proto`. What is not declared here is skipped when a file is
//! read.
//!
//! Source: <https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto>

use prost::{Message, Oneof};

/// What a record of a file holds.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub(super) wall_time: f64,
    /// Steps done.
    #[prost(int64, tag = "2")]
    pub(super) step: i64,
    #[prost(oneof = "What", tags = "3, 5, 7")]
    pub(super) what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum What {
    /// The version of the file, in its first record.
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    SessionLog(SessionLog),
}

/// Values of a step.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub(super) value: Vec<Value>,
}

/// A number with a name.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(string, tag = "1")]
    pub(super) tag: String,
    /// Of a value that is no scalar there is none.
    #[prost(float, optional, tag = "2")]
    pub(super) simple_value: Option<f32>,
}

/// What became of a session.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct SessionLog {
    #[prost(int32, tag = "1")]
    pub(super) status: i32,
}

/// The version of files whose readers drop, at [`START`], all events from its step on.
pub(super) const VERSION: &str = "brain.Event:2";
/// The status of a session that starts.
pub(super) const START: i32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_has_the_bytes_of_tensorflow() {
        // from tensorboard.compat.proto.event_pb2 import Event
        // from tensorboard.compat.proto.summary_pb2 import Summary
        // Event(wall_time=1.5, step=300, summary=Summary(value=[Summary.Value(tag="loss", simple_value=0.25)]))
        //   .SerializeToString().hex()
        let value = Value { tag: "loss".to_owned(), simple_value: Some(0.25) };
        let what = Some(What::Summary(Summary { value: vec![value] }));
        let event = Event { wall_time: 1.5, step: 300, what };
        let hex: String = event.encode_to_vec().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "09000000000000f83f10ac022a0d0a0b0a046c6f7373150000803e");
    }
}
