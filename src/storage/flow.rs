//! The limits and rates of groups as stores keep them.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::model::{GroupLimits, GroupRates, Limits, Pace};

/// What is kept when these limits are set over what was kept, as JSON text; nothing where no group has any.
pub fn merged(kept: Option<&str>, limits: &Limits) -> Option<String> {
    let (mut groups, mut rates) = kept.map(read).unwrap_or_default();
    groups = limits.groups.clone().unwrap_or(groups);
    rates = limits.group_rates.clone().unwrap_or(rates);
    if groups.is_empty() && rates.is_empty() {
        return None;
    }
    let mut value = json!({"most": groups.most, "tiers": groups.tiers});
    if let Some(fields) = value.as_object_mut().filter(|_| !rates.is_empty()) {
        let tiers: Map<_, _> = rates.tiers.iter().map(|(tier, pace)| (tier.clone(), pace_of(pace))).collect();
        let mut of_rates = json!({"tiers": tiers});
        if let (Some(fields), Some(pace)) = (of_rates.as_object_mut(), &rates.others) {
            fields.insert("others".to_owned(), pace_of(pace));
        }
        fields.insert("rates".to_owned(), of_rates);
    }
    Some(value.to_string())
}

/// What [`merged`] wrote; entries of another kind are passed over.
pub fn read(text: &str) -> (GroupLimits, GroupRates) {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let tiers = |value: &Value| value.get("tiers").and_then(Value::as_object).cloned().into_iter().flatten();
    let groups = GroupLimits {
        most: value.get("most").and_then(number),
        tiers: tiers(&value).filter_map(|(tier, most)| Some((tier, number(&most)?))).collect(),
    };
    let rates = value.get("rates").cloned().unwrap_or_default();
    let rates = GroupRates {
        others: rates.get("others").and_then(read_pace),
        tiers: tiers(&rates).filter_map(|(tier, pace)| Some((tier, read_pace(&pace)?))).collect(),
    };
    (groups, rates)
}

/// How many, and in how many seconds.
fn pace_of(pace: &Pace) -> Value {
    json!([pace.most, pace.per.as_secs_f64()])
}

fn read_pace(value: &Value) -> Option<Pace> {
    let per = Duration::try_from_secs_f64(value.get(1)?.as_f64()?).ok()?;
    Some(Pace { most: number(value.get(0)?)?, per })
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_not_set_stays() {
        let groups = GroupLimits { most: Some(2), tiers: [("gold".to_owned(), 10)].into() };
        let pace = |most, millis| Pace { most, per: Duration::from_millis(millis) };
        let rates = GroupRates { others: Some(pace(1, 500)), tiers: [("gold".to_owned(), pace(9, 60_000))].into() };
        let of_groups = Limits { groups: Some(groups.clone()), ..Limits::default() };
        let of_rates = Limits { group_rates: Some(rates.clone()), ..Limits::default() };
        let first = merged(None, &of_groups).unwrap();
        assert_eq!(read(&first), (groups.clone(), GroupRates::default()));
        let both = merged(Some(&first), &of_rates).unwrap();
        assert_eq!(read(&both), (groups, rates.clone()));
        assert_eq!(merged(Some(&both), &Limits::default()).as_ref(), Some(&both));
        let no_groups = Limits { groups: Some(GroupLimits::default()), ..Limits::default() };
        let second = merged(Some(&both), &no_groups).unwrap();
        assert_eq!(read(&second), (GroupLimits::default(), rates));
        let no_rates = Limits { group_rates: Some(GroupRates::default()), ..Limits::default() };
        assert_eq!(merged(Some(&second), &no_rates), None);
        assert_eq!(read("{}"), (GroupLimits::default(), GroupRates::default()));
    }
}
