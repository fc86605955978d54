//! The Lua scripts, each put together of what scripts share and its own part.

use redis::{Arg, Cmd};

use super::keys::Keys;

/// A script of one queue.
#[derive(Debug, Clone)]
pub(super) struct Script {
    text: String,
    /// Whether a call whose answer was lost may be made again: it changes nothing, or does the same once more.
    pub(super) repeatable: bool,
    /// `EVALSHA` with every key, to be completed by arguments.
    call: Cmd,
}

impl Script {
    fn new(keys: &[String], repeatable: bool, parts: &[&str]) -> Self {
        let text = parts.concat();
        let hash = redis::Script::new(&text).get_hash().to_owned();
        let mut call = redis::cmd("EVALSHA");
        call.arg(hash).arg(keys.len()).arg(keys);
        Self { text, repeatable, call }
    }

    /// A call by `origin`, to which arguments can be added.
    pub(super) fn call(&self, origin: &str) -> Cmd {
        let mut call = self.call.clone();
        call.arg(origin);
        call
    }

    /// The same call with the whole script in it, as `EVAL`.
    pub(super) fn with_text(&self, call: &Cmd) -> Cmd {
        let mut whole = redis::cmd("EVAL");
        whole.arg(&self.text);
        // After `EVALSHA` and the hash.
        for arg in call.args_iter().skip(2) {
            if let Arg::Simple(bytes) = arg {
                whole.arg(bytes);
            }
        }
        whole
    }
}

macro_rules! shared {
    ($name:literal) => {
        include_str!(concat!("scripts/shared/", $name, ".lua"))
    };
}

macro_rules! scripts {
    ($($repeatable:ident $name:ident: $($part:literal)*;)*) => {
        /// Every script of a queue.
        #[derive(Debug, Clone)]
        pub(super) struct Scripts {
            $(pub(super) $name: Script,)*
        }

        impl Scripts {
            pub(super) fn new(keys: &Keys) -> Self {
                let keys = keys.all();
                Self {
                    $($name: Script::new(&keys, stringify!($repeatable) == "again", &[
                        shared!("keys"),
                        $(shared!($part),)*
                        include_str!(concat!("scripts/", stringify!($name), ".lua")),
                    ]),)*
                }
            }
        }
    };
}

scripts! {
    once add: "fresh" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "feed" "histories" "commit" "unique";
    again known: ;
    again bind: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "binding" "feed" "histories" "commit";
    again begin_batch: "clock";
    again write_batch: "clock";
    again open_batch: "feed";
    again drop_batch: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "purge";
    again register: "full" "clock";
    again look: "clock";
    again overview: "clock" "hidden";
    again workers: "clock" "changes";
    again drain_worker: "full" "clock";
    again groups: "clock";
    again type_limits: "clock";
    again mint: "clock" "changes" "waits";
    again tokens: "clock" "changes" "waits";
    again dependents: ;
    again search: "clock" "changes" "hidden" "walk" "filter";
    once delete: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "purge";
    again renew: "full" "clock" "changes";
    again unregister: ;
    once claim: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "gate" "counting" "feed" "histories" "commit" "hidden" "promote" "pick" "fair" "rounds" "seats" "answers";
    again reply: "full" "clock" "changes";
    again types: ;
    again receive: "fresh" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit";
    again settle: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "errors" "stop" "release" "steps" "letters" "ends";
    again stray: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "stop" "release";
    again note: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "steps";
    again reclaim: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "errors" "stop" "letters" "take";
    again stuck: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "errors" "stop" "letters" "take" "walk";
    again get: ;
    again find: "clock" "changes" "hidden" "walk" "filter";
    again count: "hidden" "filter";
    once cancel: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit";
    once retry: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "binding" "feed" "histories" "commit";
    once edit: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit";
    again prune_kinds: "full" "clock";
    again end_terms: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "purge";
    again prune_jobs: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "walk" "purge";
    again prune_payloads: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "walk";
    again prune_events: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "walk";
    again events: ;
    again tail: "feed";
    again added: ;
    again watch: "full" "clock";
    once add_schedule: "clock" "schedules";
    again replace_schedule: "clock" "schedules";
    again remove_schedule: "schedules";
    again schedules: "schedules";
    again due_schedules: "clock" "schedules";
    again fire: "fresh" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "schedules";
    again create_token: "full" "clock" "changes" "waits" "token";
    again get_token: "clock" "changes" "waits" "token";
    once complete_token: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit" "token";
    again resume: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "feed" "histories" "commit";
    again tidy_waits: "full" "clock" "extras" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "dependents" "following" "binding" "feed" "histories" "commit" "token";
    again prune_tokens: "full" "clock" "changes";
    again set_limits: "full" "clock" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "feed" "histories" "commit" "recount";
    once pause: "full" "clock" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "feed" "histories" "commit" "recount";
    again paused: ;
    again hold: "full" "clock" "changes" "turns" "flow" "rates" "recount";
    again tend_limits: "full" "clock" "changes" "waits" "turns" "flow" "rates" "lines" "freeing" "feed" "histories" "commit" "recount";
    again index_turns: "full" "turns";
    again record_traffic: "full" "clock" "traffic";
    again traffic: "clock" "traffic";
    again prune_traffic: "full" "clock" "traffic";
    again set_up: ;
}
