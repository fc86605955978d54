//! Plain data: what a job, a lease, an outcome, a filter and an event are. No behaviour beyond names and conversions.

mod answer;
mod durability;
mod event;
mod extras;
mod file_state;
mod filter;
mod flow;
mod happening;
mod inspection;
mod job;
mod lease;
mod outcome;
mod schedule;
mod stream;
mod token;
mod traffic;
mod transfer;
mod unique;
mod update;

pub use answer::Answer;
pub use durability::Durability;
pub use event::{Event, EventKind};
pub use extras::{DependsOn, Extras, Group};
pub use file_state::FileState;
pub use filter::{Filter, Page, RunAtFilter, TagFilter, TagMode};
pub use flow::{GroupLimits, GroupRates, Limits, Pace, Rate, Scope, Turns, TypeLimits};
pub use happening::{Happening, What, bits};
pub use inspection::{
    Count, CountKind, Fleet, GroupRecord, Overview, Profile, RateState, Renewed, Search, Searched, TokenQuery,
    TypeDepth, TypeLimit, WorkerRecord,
};
pub use job::{Added, FailureReason, Job, JobId, NewJob, Retry, Status, distinct};
pub use lease::{Claim, ClaimRequest, Claimed, Lease, Outstanding, Worker, WorkerId};
pub use outcome::{Failure, Note, NoteKind, Outcome, Reclaimed, Settled, Settlement, Wait};
pub use schedule::{
    DueSchedule, DueSchedules, Fired, Firing, Missed, NewSchedule, Schedule, ScheduleEdit, ScheduleId, ScheduleQuery,
    ScheduleStatus,
};
pub use stream::{After, Placed, Tail, Wanted};
pub use token::{Awaited, NewToken, Token, TokenStatus};
pub use traffic::{BOUNDS_MS, BUCKETS, NUMBERS, Spread, Step, Tally, Traffic, TrafficQuery, TrafficRows, bucket};
pub use transfer::Transfer;
pub use unique::{Holder, Unique};
pub use update::{Change, Chunk, JobEdit, Prune, Spacing, Termed};
