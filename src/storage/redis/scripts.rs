//! The Lua scripts, each put together of what scripts share and its own part.

use redis::Cmd;

use super::keys::Keys;

/// A script of one queue.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) text: String,
    /// `EVALSHA` with every key, to be completed by arguments.
    call: Cmd,
}

impl Script {
    fn new(keys: &[String], parts: &[&str]) -> Self {
        let text = parts.concat();
        let hash = redis::Script::new(&text).get_hash().to_owned();
        let mut call = redis::cmd("EVALSHA");
        call.arg(hash).arg(keys.len()).arg(keys);
        Self { text, call }
    }

    /// A call by `origin`, to which arguments can be added.
    pub(super) fn call(&self, origin: &str) -> Cmd {
        let mut call = self.call.clone();
        call.arg(origin);
        call
    }
}

macro_rules! shared {
    ($name:literal) => {
        include_str!(concat!("scripts/shared/", $name, ".lua"))
    };
}

macro_rules! scripts {
    ($($name:ident: $($part:literal)*;)*) => {
        /// Every script of a queue.
        #[derive(Debug, Clone)]
        pub(super) struct Scripts {
            $(pub(super) $name: Script,)*
        }

        impl Scripts {
            pub(super) fn new(keys: &Keys) -> Self {
                let keys = keys.all();
                Self {
                    $($name: Script::new(&keys, &[
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
    add: "clock";
    begin_batch: "clock";
    open_batch: ;
    drop_batch: "full" "clock" "changes" "commit" "purge";
    register: "full" "clock";
    renew: "full" "clock";
    unregister: ;
    claim: "full" "clock" "changes" "commit" "hidden" "pick";
    reply: "clock" "changes";
    types: ;
    receive: "clock" "changes" "commit";
    settle: "full" "clock" "changes" "commit" "errors";
    note: "full" "clock" "changes" "commit";
    reclaim: "full" "clock" "changes" "commit" "errors" "take";
    stuck: "full" "clock" "changes" "commit" "errors" "take" "walk";
    get: ;
    find: "clock" "changes" "hidden" "walk" "filter";
    count: "hidden" "filter";
    cancel: "full" "clock" "changes" "commit";
    retry: "full" "clock" "changes" "commit";
    edit: "full" "clock" "changes" "commit";
    prune_jobs: "full" "clock" "changes" "commit" "walk" "purge";
    prune_events: "full" "clock" "walk";
    watch: "clock";
    set_up: ;
}
