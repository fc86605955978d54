//! What few jobs have, and so is no member of their records: a map from names to values, in a hash of its own.

use std::time::Duration;

use rmpv::{Value as Packed, ValueRef};

use super::faults::damaged;
use super::find::pack;
use super::record::{Members, letter};
use super::upkeep::micros;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model;

/// The extras of one job.
pub(super) struct Extras<'a>(Vec<(ValueRef<'a>, ValueRef<'a>)>);

/// What scripts keep of a new job's options; empty where it has none. How long until it expires is a number of microseconds, which
/// they add to the time when it falls due.
pub(super) fn encode(options: Option<&model::Extras>) -> Vec<u8> {
    let Some(options) = options else { return Vec::new() };
    let mut map: Vec<(Packed, Packed)> = Vec::new();
    let mut put = |name: &str, value: Option<Packed>| map.extend(value.map(|value| (name.into(), value)));
    let text = |value: &Option<String>| value.as_deref().map(Packed::from);
    put("group_id", options.group.as_ref().map(|group| group.id.as_str().into()));
    put("group_tier", options.group.as_ref().and_then(|group| text(&group.tier)));
    put("dead_letter_job_type", text(&options.dead_letter_job_type));
    put("expires_in", options.expires_in.map(|span| i64::try_from(span.as_micros()).unwrap_or(i64::MAX).into()));
    put("keep_result_for", options.keep_result_for.map(|span| span.as_secs_f64().into()));
    put("traceparent", text(&options.traceparent));
    put("dead_letter_of", options.dead_letter_of.map(Packed::from));
    put("unique", options.unique.as_ref().map(rule));
    // For what it waits another script is told, when the whole batch is stored.
    put("blocked", options.depends_on.as_ref().map(|_| true.into()));
    pack(Packed::Map(map))
}

/// A rule as scripts read it: its key, the letters of the states or an empty text, and two spans in microseconds or false.
fn rule(unique: &model::Unique) -> Packed {
    let letters: String = unique.states.iter().copied().map(letter).collect();
    let span = |span: Option<Duration>| span.map_or_else(|| Packed::from(false), |span| micros(span).into());
    Packed::Array(vec![unique.key.as_str().into(), letters.into(), span(unique.within), span(unique.debounce)])
}

impl<'a> Extras<'a> {
    /// What scripts keep; nothing where a job has none.
    pub(super) fn read(kept: Option<&'a [u8]>) -> Result<Self> {
        let Some(mut kept) = kept else { return Ok(Self(Vec::new())) };
        match rmpv::decode::read_value_ref(&mut kept).map_err(|error| damaged(&error.to_string()))? {
            ValueRef::Map(entries) => Ok(Self(entries)),
            _ => Err(damaged("extras that are not a map")),
        }
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        self.take(name).text()
    }

    /// A number.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<i64>> {
        self.take(name).number()
    }

    /// A time, in microseconds.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<Timestamp>> {
        self.take(name).time()
    }

    /// A number of seconds.
    pub(super) fn seconds(&mut self, name: &str) -> Result<Option<Duration>> {
        self.take(name).seconds()
    }

    /// Texts.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>> {
        self.take(name).texts()
    }

    /// Numbers.
    pub(super) fn numbers(&mut self, name: &str) -> Result<Vec<i64>> {
        self.take(name).numbers()
    }

    fn take(&mut self, name: &str) -> Members<'a> {
        let found =
            self.0.iter().position(|(key, _)| matches!(key, ValueRef::String(key) if key.as_str() == Some(name)));
        Members(found.map(|at| self.0.swap_remove(at).1).into_iter().collect::<Vec<_>>().into_iter())
    }
}
