//! Reads one field: `*`, numbers, names, ranges, steps, and lists of these.

pub(super) struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    /// What the numbers from `low` on may be called.
    names: &'static [&'static str],
    /// How many different values there are, which for weekdays is less than there are numbers.
    values: u32,
    allowed: &'static str,
}

pub(super) struct Values {
    pub bits: u64,
    /// Whether the field begins with `*`, steps or not, which to Debian's cron means that it restricts nothing.
    pub star: bool,
}

pub(super) const MINUTE: Field = Field { name: "minute", low: 0, high: 59, names: &[], values: 60, allowed: "0 to 59" };
pub(super) const HOUR: Field = Field { name: "hour", low: 0, high: 23, names: &[], values: 24, allowed: "0 to 23" };
pub(super) const DAY: Field =
    Field { name: "day of month", low: 1, high: 31, names: &[], values: 31, allowed: "1 to 31" };
pub(super) const MONTH: Field = Field {
    name: "month",
    low: 1,
    high: 12,
    names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    values: 12,
    allowed: "1 to 12 and JAN to DEC",
};
pub(super) const WEEKDAY: Field = Field {
    name: "day of week",
    low: 0,
    high: 7,
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    values: 7,
    allowed: "0 to 7 and SUN to SAT, where both 0 and 7 are Sunday",
};

impl Field {
    /// The values that `text` stands for, or what is wrong with it.
    pub fn read(&self, text: &str) -> Result<Values, String> {
        let mut bits = 0;
        for item in text.split(',') {
            bits |= self.item(item).map_err(|why| {
                format!(
                    "in its {} field, {item:?} {why}; allowed are {}, *, ranges such as {2}-{3}, steps such as */2 and \
                     lists of these with commas",
                    self.name,
                    self.allowed,
                    self.low + 1,
                    self.low + 3,
                )
            })?;
        }
        Ok(Values { bits, star: text.starts_with('*') })
    }

    fn item(&self, item: &str) -> Result<u64, String> {
        let (span, step) = match item.split_once('/') {
            Some((span, step)) => (span, Some(self.step(step)?)),
            None => (item, None),
        };
        let (first, last) = match (span, span.split_once('-')) {
            ("*", _) => (self.low, self.high),
            (_, Some((first, last))) => self.range(first, last)?,
            // What `5/15` means is told in two ways elsewhere, and Debian's cron refuses it.
            (_, None) => match (self.value(span)?, step) {
                (value, None) => (value, value),
                (value, Some(step)) => {
                    return Err(format!("has a step after a single value (write {value}-{}/{step})", self.last()));
                }
            },
        };
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
        Ok((first..=last).step_by(step).fold(0, |bits, value| bits | 1 << value))
    }

    fn range(&self, first: &str, last: &str) -> Result<(u32, u32), String> {
        let (from, to) = (self.value(first)?, self.value(last)?);
        if from <= to {
            return Ok((from, to));
        }
        // Debian's cron takes such a range and then never runs the job.
        let instead = if self.high == WEEKDAY.high && to == 0 {
            format!("{from}-7")
        } else {
            format!("{from}-{},{}-{to}", self.last(), self.low)
        };
        Err(format!("is a range that ends before it begins (write {instead})"))
    }

    fn step(&self, text: &str) -> Result<u32, String> {
        let most = self.values;
        number(text)
            .filter(|step| (1..=most).contains(step))
            .ok_or_else(|| format!("has the step {text:?} (a step is a number from 1 to {most})"))
    }

    fn value(&self, text: &str) -> Result<u32, String> {
        let named = (self.low..).zip(self.names).find(|(_, name)| name.eq_ignore_ascii_case(text));
        if let Some((value, _)) = named {
            return Ok(value);
        }
        match number(text) {
            Some(value) if (self.low..=self.high).contains(&value) => Ok(value),
            Some(_) => Err("is out of range".into()),
            None if text.is_empty() => Err("has nothing where a value is wanted".into()),
            None => Err("is not understood".into()),
        }
    }

    /// The last value that is no second number of another.
    fn last(&self) -> u32 {
        self.low + self.values - 1
    }
}

/// The number that digits write; a sign is none of them.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
