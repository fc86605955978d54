//! Reads a whole expression.

use crate::error::{Error, Result};

use super::field::{DAY, Field, HOUR, MINUTE, MONTH, Values, WEEKDAY};
use super::pattern::Pattern;
use super::{MAX_EXPRESSION, Schedule};

const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

const FIELDS: &str = "minute, hour, day of month, month and day of week, such as 0 9 * * MON-FRI";

pub(super) fn parse(expression: &str) -> Result<Schedule> {
    let length = expression.chars().count();
    if length > MAX_EXPRESSION {
        return Err(Error::Invalid(format!(
            "cron_expression has {length} characters: at most {MAX_EXPRESSION} are allowed"
        )));
    }
    let wrong = |why: String| Error::Invalid(format!("cron_expression is {expression:?}: {why}"));
    let words: Vec<&str> = full_form(expression.trim()).map_err(&wrong)?.split_ascii_whitespace().collect();
    let [minute, hour, day, month, weekday] = words[..] else {
        return Err(wrong(miscounted(words.len())));
    };
    let read = |field: &Field, text| field.read(text).map_err(&wrong);
    let minutes = read(&MINUTE, minute)?;
    let hours = read(&HOUR, hour)?;
    let days = read(&DAY, day)?;
    let months = read(&MONTH, month)?;
    let weekdays = read(&WEEKDAY, weekday)?;
    let schedule =
        Schedule { fixed: !minutes.star && !hours.star, pattern: pattern(minutes, hours, days, months, weekdays) };
    if !schedule.pattern.has_days() {
        return Err(wrong(format!(
            "it is never due, for no month of {month:?} has a day of {day:?}; change the day of month or the month"
        )));
    }
    Ok(schedule)
}

fn pattern(minutes: Values, hours: Values, days: Values, months: Values, weekdays: Values) -> Pattern {
    /// Sunday's second number.
    const SEVEN: u64 = 1 << 7;
    Pattern {
        minutes: minutes.bits,
        hours: hours.bits,
        days: days.bits,
        months: months.bits,
        weekdays: (weekdays.bits | (weekdays.bits >> 7)) & !SEVEN,
        either_day: !days.star && !weekdays.star,
    }
}

/// The five fields that a nickname stands for, or the text itself where it is none.
fn full_form(text: &str) -> std::result::Result<&str, String> {
    if !text.starts_with('@') {
        return Ok(text);
    }
    let found = NICKNAMES.iter().find(|(nickname, _)| nickname.eq_ignore_ascii_case(text));
    found.map(|(_, fields)| *fields).ok_or_else(|| {
        let known = NICKNAMES.map(|(nickname, _)| nickname).join(", ");
        format!("the nicknames are {known}; or write five fields: {FIELDS}")
    })
}

fn miscounted(count: usize) -> String {
    match count {
        0 => format!("it is empty; write five fields: {FIELDS}"),
        6 => format!("it has six fields, and seconds and years are not known here; leave five: {FIELDS}"),
        _ => format!("it has {count} field{}; write five: {FIELDS}", if count == 1 { "" } else { "s" }),
    }
}
