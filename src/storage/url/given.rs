//! The options that were given, whichever way, by their one name.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::address::Pair;
use super::refuse;
use crate::error::Result;

/// The longest duration of an option: PostgreSQL counts milliseconds in 32 bits.
const LONGEST_SECONDS: f64 = 2_147_483.0;

/// The options of one backend: `(name, name of the option it is another spelling of)`.
pub(super) struct Known {
    pub backend: &'static str,
    pub names: &'static [(&'static str, &'static str)],
    /// Names that another client library understands and that cannot be honoured here.
    pub refused: &'static [&'static str],
    /// That other library.
    pub elsewhere: &'static str,
}

/// A value and the spelling it came with.
pub(super) struct Value {
    pub spelled: &'static str,
    pub text: String,
}

/// What was given, after later layers replaced earlier ones.
#[derive(Default)]
pub(super) struct Given(BTreeMap<&'static str, Value>);

impl Given {
    /// Puts one layer over those before it.
    pub fn over(&mut self, known: &Known, layer: impl IntoIterator<Item = Pair>) -> Result<()> {
        let mut fresh: BTreeMap<&'static str, Value> = BTreeMap::new();
        for (name, text) in layer {
            let &(spelled, option) = known.find(&name)?;
            if text.contains('\0') {
                return Err(refuse(format!("`{spelled}` holds a NUL character: remove it")));
            }
            if let Some(earlier) = fresh.get(option)
                && (earlier.text != text || earlier.spelled != spelled)
            {
                return Err(refuse(format!(
                    "`{spelled}` was given twice ({} and {spelled}): remove one of them",
                    earlier.spelled
                )));
            }
            fresh.insert(option, Value { spelled, text });
        }
        self.0.extend(fresh);
        Ok(())
    }

    /// The value of an option; an empty one counts as absent.
    pub fn value(&self, option: &str) -> Option<&Value> {
        self.0.get(option).filter(|value| !value.text.is_empty())
    }

    /// Whether an option was given, and is empty.
    pub fn is_empty(&self, option: &str) -> bool {
        self.0.get(option).is_some_and(|value| value.text.is_empty())
    }

    /// The text of an option; an empty one counts as absent.
    pub fn text(&self, option: &str) -> Option<&str> {
        self.value(option).map(|value| value.text.as_str())
    }

    /// A whole number.
    pub fn whole(&self, option: &str, default: u32, allowed: RangeInclusive<u32>) -> Result<u32> {
        let Some(text) = self.text(option) else { return Ok(default) };
        text.trim().parse().ok().filter(|number| allowed.contains(number)).ok_or_else(|| {
            let (least, most) = allowed.into_inner();
            refuse(format!("`{option}` is {}: it must be a whole number from {least} to {most}", shown(text)))
        })
    }

    /// A duration in seconds; `zero` tells whether there may be none.
    pub fn seconds(&self, option: &str, default: u64, zero: bool) -> Result<Duration> {
        let Some(text) = self.text(option) else { return Ok(Duration::from_secs(default)) };
        let allowed = |seconds: &f64| (*seconds >= 0.001 || (zero && *seconds == 0.0)) && *seconds <= LONGEST_SECONDS;
        let seconds: Option<f64> = text.trim().parse().ok().filter(allowed);
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| {
            let least = if zero { "0" } else { "0.001" };
            refuse(format!(
                "`{option}` is {}: it must be a number of seconds from {least} to {LONGEST_SECONDS}",
                shown(text)
            ))
        })
    }

    /// A truth value, if given.
    pub fn truth(&self, option: &str) -> Result<Option<bool>> {
        let Some(text) = self.text(option) else { return Ok(None) };
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Some(true)),
            "false" | "0" | "no" | "off" => Ok(Some(false)),
            _ => Err(refuse(format!("`{option}` is {}: it must be true or false", shown(text)))),
        }
    }
}

impl Known {
    fn find(&self, name: &str) -> Result<&'static (&'static str, &'static str)> {
        if let Some(found) = self.names.iter().find(|(spelled, _)| *spelled == name) {
            return Ok(found);
        }
        let what = if self.refused.contains(&name) {
            format!("is an option of {} that this library cannot honour: remove it", self.elsewhere)
        } else {
            "is no option".to_owned()
        };
        let allowed: Vec<_> = self.names.iter().map(|(spelled, _)| *spelled).collect();
        Err(refuse(format!("{} {what}; the options of {} are {}", shown(name), self.backend, allowed.join(", "))))
    }
}

/// A text for an error: quoted, without control characters, bounded.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    format!("`{}`", short.escape_debug())
}
