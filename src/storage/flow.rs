//! The limits of groups as stores keep them.

use serde_json::{Value, json};

use crate::model::GroupLimits;

/// The limits as JSON text; nothing where there is none.
pub fn described(groups: &GroupLimits) -> Option<String> {
    (!groups.is_empty()).then(|| json!({"most": groups.most, "tiers": groups.tiers}).to_string())
}

/// What [`described`] wrote; entries of another kind are passed over.
pub fn read(text: &str) -> GroupLimits {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let tiers = value.get("tiers").and_then(Value::as_object);
    GroupLimits {
        most: value.get("most").and_then(number),
        tiers: tiers.into_iter().flatten().filter_map(|(tier, most)| Some((tier.clone(), number(most)?))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let groups = GroupLimits { most: Some(2), tiers: [("gold".to_owned(), 10)].into() };
        assert_eq!(read(&described(&groups).unwrap_or_default()), groups);
        assert_eq!(described(&GroupLimits::default()), None);
        assert_eq!(read("{}"), GroupLimits::default());
    }
}
