//! The calls that a sequence is made of. Jobs, leases and workers are named by numbers that wrap around.

use dataqueue::model::Status;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// When a job is due.
#[derive(Debug, Clone, Copy)]
pub enum Due {
    Now,
    /// So many seconds ago.
    Past(u8),
    /// Later than the test runs.
    Later,
}

/// How a run ends.
#[derive(Debug, Clone, Copy)]
pub enum End {
    Complete(Option<u8>),
    Fail(Option<Due>),
    Release,
    Stop,
    Wait(Due),
    /// It waits for one of three tokens, or for a job, at most until a time.
    Await(u16, Option<Due>),
}

/// What is reported of a run.
#[derive(Debug, Clone, Copy)]
pub enum Report {
    Progress(u8),
    Output(u8),
    Prolonged,
    /// The step of this name has this result.
    Step(u8, u8),
}

/// A change, of one job or of many.
#[derive(Debug, Clone)]
pub enum Alter {
    Cancel,
    /// Also where it runs.
    Stop,
    Retry,
    Edit {
        priority: Option<i8>,
        max_attempts: Option<u8>,
        due: Option<Due>,
        tags: Option<u8>,
    },
}

/// Which jobs: of these kinds, statuses, priority and with all of these tags.
#[derive(Debug, Clone)]
pub struct Which {
    pub kinds: u8,
    pub statuses: Vec<Status>,
    pub priority: Option<i8>,
    pub tags: u8,
}

/// One call.
#[derive(Debug, Clone)]
pub enum Step {
    Add {
        kind: u8,
        priority: i8,
        max_attempts: u8,
        due: Due,
        key: Option<u8>,
        tags: u8,
    },
    Claim {
        worker: u8,
        kinds: u8,
        limit: u8,
    },
    Settle(Vec<(u16, End)>),
    Note(Vec<(u16, Report)>),
    One(u16, Alter),
    Many(Which, Alter),
    Find(Which),
    /// One of three tokens is made, if it is not there, or completed.
    Token {
        number: u8,
        complete: bool,
    },
    /// The worker dies and its jobs are swept, or taken back by a caller.
    Lose {
        worker: u8,
        by_caller: bool,
    },
    Prune(u8),
}

fn due() -> impl Strategy<Value = Due> {
    prop_oneof![4 => Just(Due::Now), 2 => (0..4_u8).prop_map(Due::Past), 1 => Just(Due::Later)]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => option::of(any::<u8>()).prop_map(End::Complete),
        4 => option::of(due()).prop_map(End::Fail),
        2 => Just(End::Release),
        1 => Just(End::Stop),
        3 => due().prop_map(End::Wait),
        3 => (any::<u16>(), option::of(due())).prop_map(|(what, due)| End::Await(what, due)),
    ]
}

fn report() -> impl Strategy<Value = Report> {
    prop_oneof![
        (0..=100_u8).prop_map(Report::Progress),
        any::<u8>().prop_map(Report::Output),
        Just(Report::Prolonged),
        (0..3_u8, any::<u8>()).prop_map(|(name, result)| Report::Step(name, result)),
    ]
}

fn alter() -> impl Strategy<Value = Alter> {
    let edit = (option::of(-2..3_i8), option::of(1..5_u8), option::of(due()), option::of(0..8_u8));
    prop_oneof![
        2 => Just(Alter::Cancel),
        2 => Just(Alter::Stop),
        3 => Just(Alter::Retry),
        3 => edit.prop_map(|(priority, max_attempts, due, tags)| Alter::Edit { priority, max_attempts, due, tags }),
    ]
}

fn which() -> impl Strategy<Value = Which> {
    let statuses = vec(proptest::sample::select(Status::ALL.to_vec()), 0..3);
    (1..8_u8, statuses, option::weighted(0.3, -2..3_i8), prop_oneof![3 => Just(0), 1 => 0..8_u8])
        .prop_map(|(kinds, statuses, priority, tags)| Which { kinds, statuses, priority, tags })
}

/// Any call.
pub fn step() -> impl Strategy<Value = Step> {
    let add = (0..3_u8, -2..3_i8, 1..4_u8, due(), option::weighted(0.2, 0..4_u8), 0..8_u8);
    let claim = (0..3_u8, 1..8_u8, 1..5_u8);
    prop_oneof![
        8 => add.prop_map(|(kind, priority, max_attempts, due, key, tags)| {
            Step::Add { kind, priority, max_attempts, due, key, tags }
        }),
        8 => claim.prop_map(|(worker, kinds, limit)| Step::Claim { worker, kinds, limit }),
        8 => vec((any::<u16>(), end()), 1..5).prop_map(Step::Settle),
        2 => vec((any::<u16>(), report()), 1..4).prop_map(Step::Note),
        4 => (any::<u16>(), alter()).prop_map(|(job, alter)| Step::One(job, alter)),
        1 => (which(), alter()).prop_map(|(which, alter)| Step::Many(which, alter)),
        1 => which().prop_map(Step::Find),
        2 => (0..3_u8, any::<bool>()).prop_map(|(number, complete)| Step::Token { number, complete }),
        1 => (0..3_u8, any::<bool>()).prop_map(|(worker, by_caller)| Step::Lose { worker, by_caller }),
        1 => (0..8_u8).prop_map(Step::Prune),
    ]
}
