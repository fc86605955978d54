//! One telling of the story: jobs of all kinds are added, a processor runs them while a client completes what they wait for, and
//! drains. Something may go wrong at one call; where the processor dies of it, another one comes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dataqueue::model::{Filter, Job, Missed, NewSchedule, Page, TokenStatus};
use dataqueue::policy::status::is_final;
use dataqueue::processor::{HandlerSpec, LaneKind};
use dataqueue::storage::Storage;
use tokio::runtime::Handle;

use super::cast::{Handler, Memory, Names, ROLES, persist};
use super::facts;
use crate::bench::{Bench, Fault, Gate, MINUTE, PATIENCE, eventually};
use crate::processor::station::{Staff, Station};

/// What is told, and what goes wrong.
pub struct Plan {
    pub number: u32,
    pub lease: Duration,
    pub failpoint: Option<(&'static str, u64, Fault)>,
}

impl Plan {
    pub fn is_deadly(&self) -> bool {
        matches!(self.failpoint, Some((_, _, Fault::Death | Fault::DeathAfter)))
    }
}

/// What was told.
pub struct Told {
    /// The calls of each method.
    pub made: Vec<(&'static str, u64)>,
    /// Whether the call that was to go wrong was made.
    pub failed: bool,
}

/// A processor with its threads, on a handle of its own.
struct Process {
    gate: Arc<Gate>,
    station: Station,
    staff: Staff,
}

impl Process {
    fn started(gate: Arc<Gate>, names: &Names, lease: Duration, memory: &Arc<Memory>) -> Self {
        let spec = |lane, index| HandlerSpec { lane, index, decides_retry: false };
        let station = Station::started(gate.clone(), |config| {
            config.handlers = HashMap::from([
                (names.looped.clone(), spec(LaneKind::Loop, 0)),
                (names.threaded.clone(), spec(LaneKind::Thread, 1)),
            ]);
            config.job_types = vec![names.looped.clone(), names.threaded.clone()];
            config.lease = lease;
        });
        let handler = Handler {
            store: gate.clone(),
            lanes: station.lanes.clone(),
            names: names.clone(),
            runtime: Handle::current(),
            memory: memory.clone(),
        };
        let staff = station.staff(2, move |start| handler.run(start));
        Self { gate, station, staff }
    }

    async fn end(self, time: Duration) -> bool {
        let drained = self.station.drain(time).await;
        tokio::task::spawn_blocking(|| self.staff.dismiss()).await.unwrap();
        drained.complete
    }

    async fn die(&self) {
        self.gate.bury();
        // One that was not registered has nothing to tell.
        let _told = self.station.processor.die().await;
    }
}

/// Tells the story once, and checks how it ends.
pub async fn tell(bench: &Bench, plan: &Plan) -> Told {
    let what = format!("{:?} in story {} with leases of {:?}", plan.failpoint, plan.number, plan.lease);
    let names = Names::of(plan.number);
    let memory = Arc::new(Memory::default());
    let gate = Gate::before(bench.store());
    if let Some((method, number, fault)) = plan.failpoint {
        gate.fail_at(method, number, fault);
    }
    add(bench, &gate, &names).await;
    let process = Process::started(gate.clone(), &names, plan.lease, &memory);
    let mut heir = None;
    let mut completed = false;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if gate.is_dead() && heir.is_none() {
            process.die().await;
            heir = Some(Process::started(Gate::before(bench.store()), &names, plan.lease, &memory));
        }
        completed = completed || complete(bench, &gate, &names).await;
        let jobs = found(bench, &names).await;
        let over = |job: &Job| is_final(job.status, job.next_attempt_at.is_some());
        if completed && jobs.len() >= ROLES.len() + 2 && jobs.iter().all(over) {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what}: not over within {PATIENCE:?}: {jobs:#?}");
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    let waits_for_renewal = matches!(plan.failpoint, Some(("renew", ..))) && heir.is_none();
    if waits_for_renewal {
        eventually("a renewal", async || gate.has_failed()).await;
    }
    let drained = process.end(PATIENCE).await;
    assert!(drained, "{what}: it did not drain");
    if gate.is_dead() && heir.is_none() {
        heir = Some(Process::started(Gate::before(bench.store()), &names, plan.lease, &memory));
    }
    if let Some(heir) = heir {
        assert!(heir.end(PATIENCE).await, "{what}: the heir did not drain");
    }
    let jobs = found(bench, &names).await;
    facts::check(bench, &what, plan, &names, &memory, &jobs).await;
    Told { made: gate.made(), failed: gate.has_failed() }
}

async fn add(bench: &Bench, gate: &Arc<Gate>, names: &Names) {
    let jobs: Vec<_> = ROLES.iter().map(|role| names.job(role)).collect();
    let schedule = NewSchedule {
        name: names.looped.clone(),
        // Once a year: its next tick does not come in this test.
        expression: "0 0 29 2 *".to_owned(),
        timezone: "UTC".to_owned(),
        allow_overlap: true,
        missed: Missed::Coalesce,
        job: dataqueue::model::NewJob { idempotency_key: None, ..names.job("tick") },
    };
    let first = bench.this_minute().await.minus(MINUTE);
    // A process that ends here is the client's: another client adds the same.
    if persist(async || gate.add(jobs.clone()).await).await.is_err() {
        bench.add(jobs).await.unwrap();
    }
    if persist(async || gate.add_schedule(&schedule, first).await).await.is_err() {
        bench.add_schedule(&schedule, first).await.unwrap();
    }
}

/// Completes the token if it is there; whether it is completed.
async fn complete(bench: &Bench, gate: &Arc<Gate>, names: &Names) -> bool {
    let id = names.token();
    match bench.get_token(&id).await.unwrap() {
        None => false,
        Some(token) if token.status == TokenStatus::Completed => true,
        Some(_) => match persist(async || gate.complete_token(&id, None).await).await {
            Ok(answer) => answer.is_some(),
            Err(_) => bench.complete_token(&id, None).await.unwrap().is_some(),
        },
    }
}

async fn found(bench: &Bench, names: &Names) -> Vec<Job> {
    let filter = Filter { job_types: vec![names.looped.clone(), names.threaded.clone()], ..Filter::default() };
    bench.find(&filter, Page { limit: 100, offset: 0, before: None }).await.unwrap()
}
