//! What a store answers to a command of the caller's own.

use bytes::Bytes;

/// A value as Redis has them. What it tells apart and Python does not is one here: a status is bytes, a set is a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing.
    Nil,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Double(f64),
    /// A string or a status, as it was stored.
    Bytes(Bytes),
    /// An array or a set.
    List(Vec<Answer>),
    /// Keys and their values, in the server's order.
    Map(Vec<(Answer, Answer)>),
    /// An error inside a list: of one of several commands, where the others worked.
    Error(String),
}
