//! Writes the engine's events into the ring.

use std::fmt::{self, Write};

use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::ring::{self, About, Record};
use super::{is_recorded, number};

/// The longest text of a record, in bytes.
const LONGEST: usize = 8 * 1024;

pub(super) struct RingLayer;

impl<S: Subscriber> Layer<S> for RingLayer {
    // The level may change later, so no answer about it may be kept.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_ours(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        is_ours(metadata) && is_recorded(*metadata.level())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if !is_ours(metadata) || !is_recorded(*metadata.level()) {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let (message, about) = text.finish();
        ring::push(Record { level: number(*metadata.level()), message, about });
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && metadata.target().split("::").next() == Some("dataqueue")
}

/// The message first, then the fields as `name=value`, but for those that tell what it is about.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
    about: About,
}

impl Text {
    fn finish(mut self) -> (String, About) {
        self.message.push_str(&self.fields);
        if self.message.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|end| self.message.is_char_boundary(*end)).unwrap_or(0);
            self.message.truncate(end);
            self.message.push('…');
        }
        (self.message, self.about)
    }

    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // Writing to a string fails only if a value's own formatting does; what it wrote until then is kept.
        let _ = if field.name() == "message" {
            self.message.write_fmt(value)
        } else {
            write!(self.fields, " {}={value}", field.name())
        };
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        match field.name() {
            "job_id" => self.about.job_id = Some(value),
            _ => self.add(field, format_args!("{value}")),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "job_type" => self.about.job_type = Some(value.to_owned()),
            "worker" => self.about.worker = Some(value.to_owned()),
            _ => self.add(field, format_args!("{value}")),
        }
    }
}
