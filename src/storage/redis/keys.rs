//! The keys of a queue: a fixed set, in one slot of a cluster, so that every script can name them all.

/// The keys in the order in which every script takes them.
const NAMES: [&str; 48] = [
    "meta",
    "jobs",
    "payloads",
    "outputs",
    "errors",
    "steps",
    "events",
    "holders",
    "pending",
    "processing",
    "completed",
    "failed",
    "cancelled",
    "waiting",
    "types",
    "tags",
    "ready",
    "later",
    "workers",
    "expiry",
    "orphans",
    "watchers",
    "batches",
    "tokens",
    "expiring",
    "waits",
    "schedules",
    "schedule_ids",
    "schedule_names",
    "schedules_due",
    "extras",
    "settings",
    "kinds",
    "rates",
    "groups",
    "slots",
    "line",
    "terms",
    "unique",
    "feed",
    "blocked",
    "turns",
    "in_turn",
    "openings",
    "profiles",
    "minted",
    "traffic",
    "traffic_at",
];

/// How many of them there were before each version of the layout after the first.
const BEFORE: [(i32, usize); 11] =
    [(2, 23), (3, 26), (4, 30), (5, 31), (6, 37), (7, 39), (8, 40), (9, 41), (10, 43), (11, 44), (12, 46)];

/// The names of a queue's keys and channels.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    base: String,
}

impl Keys {
    /// The keys under a prefix. Its name becomes their hash tag, unless it has one of its own: `dq:` gives `{dq}:jobs`.
    pub(super) fn new(prefix: &str) -> Self {
        let name = prefix.trim_end_matches(':');
        let base = if prefix.contains('{') || name.is_empty() {
            prefix.to_owned()
        } else {
            format!("{{{name}}}{}", prefix.get(name.len()..).unwrap_or_default())
        };
        Self { base: if base.contains('{') { base } else { format!("{{{base}}}") } }
    }

    /// All keys, in order.
    pub(super) fn all(&self) -> Vec<String> {
        NAMES.iter().map(|name| format!("{}{name}", self.base)).collect()
    }

    /// The keys that a version of the layout added.
    pub(super) fn since(&self, version: i32) -> Vec<String> {
        let start = BEFORE.iter().find(|(at, _)| *at == version).map_or(NAMES.len(), |(_, before)| *before);
        let end = BEFORE.iter().find(|(at, _)| *at == version + 1).map_or(NAMES.len(), |(_, before)| *before);
        NAMES.get(start..end).into_iter().flatten().map(|name| self.named(name)).collect()
    }

    /// One of them.
    pub(super) fn named(&self, name: &str) -> String {
        format!("{}{name}", self.base)
    }

    /// Where it is told that there is work.
    pub(super) fn wake_channel(&self) -> String {
        self.named("meta:wake")
    }

    /// Where it is told that watched jobs ended.
    pub(super) fn ended_channel(&self) -> String {
        self.named("meta:ended")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_queue_has_the_same_hash_tag() {
        for (prefix, key) in [
            ("dq:", "{dq}:jobs"),
            ("app", "{app}jobs"),
            ("a:b:", "{a:b}:jobs"),
            ("x{tag}y:", "x{tag}y:jobs"),
            ("::", "{::}jobs"),
        ] {
            assert_eq!(Keys::new(prefix).named("jobs"), key);
        }
    }

    #[test]
    fn the_script_that_sets_a_queue_up_knows_the_type_of_each_key() {
        let script = include_str!("scripts/set_up.lua");
        let types = script.split_once("SORTS = {").unwrap().1.split_once('}').unwrap().0;
        assert_eq!(types.split(',').filter(|word| word.contains('\'')).count(), NAMES.len());
    }

    #[test]
    fn each_key_is_named_once() {
        let mut all = Keys::new("dq:").all();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), NAMES.len());
    }
}
