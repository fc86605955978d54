//! Everything that can happen, in every order.

use stateright::{Model, Property};

use crate::flaw::Flaw;
use crate::store::{Lease, MAX_CRASHES, Outcome, Store, Wrong};
use crate::worker::{Ending, Process, Request};

/// How large the world is, and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Leases {
    pub jobs: usize,
    pub attempts: u8,
    pub processes: usize,
    /// The most requests on their way at once.
    pub requests: usize,
    pub flaw: Option<Flaw>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub store: Store,
    pub processes: Vec<Process>,
    /// In order, so that two states that differ only in it are one.
    pub requests: Vec<Request>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Register(usize),
    SendRenewal(usize),
    SendClaim(usize),
    /// Asks what an unanswered claim leased.
    Ask(usize),
    End(usize, Outcome),
    SendSettlement(usize),
    /// A request reaches the store, and its reply the process.
    Answer(Request),
    /// A request reaches the store, and its reply is lost.
    Do(Request),
    /// A request is lost.
    Lose(Request),
    /// A client that reconnects sends a claim once more.
    Repeat(Request),
    Sweep(usize),
    Tick,
    /// A process ends, and another begins in its place.
    Crash(usize),
}

impl State {
    /// The smallest registration that nothing names any more: identity is all that counts of one.
    fn fresh_worker(&self) -> u8 {
        let named = |worker: u8| self.store.workers.contains_key(&worker) || self.leases().any(|(id, _)| id == worker);
        (0..u8::MAX).find(|worker| !named(*worker)).unwrap_or(u8::MAX)
    }

    fn fresh_lease(&self, worker: u8) -> Lease {
        let last = self.store.workers.get(&worker).and_then(|row| row.token);
        let named = |token: u8| last == Some(token) || self.leases().any(|one| one == (worker, Some(token)));
        Lease { worker, token: (0..u8::MAX).find(|token| !named(*token)).unwrap_or(u8::MAX) }
    }

    /// Every registration and lease that anything names.
    fn leases(&self) -> impl Iterator<Item = (u8, Option<u8>)> + '_ {
        let jobs = self.store.jobs.iter().flat_map(|job| [job.held, job.last, job.owner, job.applied]);
        jobs.flatten().map(|lease| (lease.worker, Some(lease.token))).chain(self.expected())
    }

    /// Every registration and lease that a process or a request names.
    fn expected(&self) -> impl Iterator<Item = (u8, Option<u8>)> + '_ {
        let of = |lease: Lease| (lease.worker, Some(lease.token));
        let processes = self.processes.iter().flat_map(move |process| {
            let leases =
                [process.claiming, process.running.map(|(_, lease)| lease), process.ending.map(|end| end.lease)];
            leases.into_iter().flatten().map(of).chain(process.worker.map(|worker| (worker, None)))
        });
        processes.chain(self.requests.iter().map(|request| request.names()))
    }

    fn forget(&mut self) {
        let expected: Vec<_> = self.expected().collect();
        let is_worker_named = |worker| expected.iter().any(|(one, _)| *one == worker);
        let is_lease_named = |lease: Lease| expected.contains(&(lease.worker, Some(lease.token)));
        self.store.forget(is_worker_named, is_lease_named);
    }

    fn send(&mut self, request: Request) {
        let at = self.requests.partition_point(|one| *one <= request);
        self.requests.insert(at, request);
    }

    fn take(&mut self, request: Request) {
        if let Some(at) = self.requests.iter().position(|one| *one == request) {
            self.requests.remove(at);
        }
    }

    /// How many requests like this are on their way.
    fn copies(&self, request: Request) -> usize {
        self.requests.iter().filter(|one| **one == request).count()
    }

    fn settlement(&self, process: usize) -> Option<Request> {
        let Ending { job, lease, outcome } = self.processes[process].ending?;
        Some(Request::Settle { process, job, lease, outcome })
    }

    pub fn is_over(&self) -> bool {
        self.store.jobs.iter().all(crate::store::Job::is_over)
    }

    /// Whether the lease of a process that lives runs out with the next tick.
    pub fn is_pressed(&self) -> bool {
        let registered = self.processes.iter().filter_map(|process| process.worker);
        registered.filter_map(|worker| self.store.workers.get(&worker)).any(|row| row.left <= 1)
    }
}

impl Leases {
    fn carry_out(&self, state: &mut State, request: Request, answered: bool) {
        state.take(request);
        let flaw = self.flaw;
        match request {
            Request::Claim { process, lease } => {
                let reply = state.store.claim(lease, flaw);
                if answered {
                    self.close_claim(state, lease);
                    match reply {
                        Some(job) => state.processes[process].claimed(lease, job),
                        None => state.processes[process].lose(lease.worker),
                    }
                }
            }
            Request::Renew { process, worker } => {
                let renewed = state.store.renew(worker, flaw);
                if !answered {
                } else if renewed {
                    let running = state.processes[process].running.filter(|(_, lease)| lease.worker == worker);
                    if running.is_some_and(|(job, lease)| state.store.jobs[job].owner != Some(lease)) {
                        state.store.blame(Wrong::RenewedAfterLoss);
                    }
                } else {
                    state.processes[process].lose(worker);
                }
            }
            Request::Settle { process, job, lease, outcome } => {
                state.store.settle(job, lease, outcome, flaw);
                if answered {
                    state.processes[process].settled(Ending { job, lease, outcome });
                }
            }
        }
    }

    /// A process goes on after a claim, of which nothing is carried out any more.
    fn close_claim(&self, state: &mut State, lease: Lease) {
        if self.flaw != Some(Flaw::LateClaim) {
            state.requests.retain(|one| !matches!(one, Request::Claim { lease: late, .. } if *late == lease));
        }
    }

    fn ask(&self, state: &mut State, at: usize) {
        let Some(lease) = state.processes[at].claiming else { return };
        self.close_claim(state, lease);
        let job = state.store.leased(lease).filter(|_| self.flaw != Some(Flaw::ForgottenClaim));
        state.processes[at].claimed(lease, job);
    }

    fn actions_of(&self, state: &State, at: usize, actions: &mut Vec<Action>) {
        let process = &state.processes[at];
        let room = state.requests.len() < self.requests;
        match process.worker {
            None => actions.push(Action::Register(at)),
            Some(worker) => {
                if room && state.copies(Request::Renew { process: at, worker }) == 0 {
                    actions.push(Action::SendRenewal(at));
                }
                let claimable = state.store.jobs.iter().any(|job| !job.is_over() && job.held.is_none());
                if room && process.is_idle() && (claimable || self.flaw == Some(Flaw::GreedyClaim)) {
                    actions.push(Action::SendClaim(at));
                }
            }
        }
        if process.claiming.is_some() {
            actions.push(Action::Ask(at));
        }
        if process.running.is_some() {
            let all = [Outcome::Completed, Outcome::Failed, Outcome::Released];
            actions.extend(all.map(|outcome| Action::End(at, outcome)));
        }
        if let Some(request) = state.settlement(at)
            && room
            && state.copies(request) < 2
        {
            actions.push(Action::SendSettlement(at));
        }
        actions.push(Action::Crash(at));
    }
}

impl Model for Leases {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let processes = vec![Process::default(); self.processes];
        vec![State { store: Store::new(self.jobs, self.attempts), processes, requests: Vec::new() }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.store.wrong.is_some() {
            return;
        }
        (0..self.processes).for_each(|at| self.actions_of(state, at, actions));
        let mut before = None;
        for &request in state.requests.iter().filter(|request| before.replace(**request) != Some(**request)) {
            actions.extend([Action::Answer(request), Action::Do(request), Action::Lose(request)]);
            let is_awaited = matches!(request, Request::Claim { process, lease } if state.processes[process].claiming == Some(lease));
            if is_awaited && state.copies(request) < 2 && state.requests.len() < self.requests {
                actions.push(Action::Repeat(request));
            }
        }
        let orphans = (0..self.jobs).filter(|at| state.store.is_orphan(*at, self.flaw));
        actions.extend(orphans.map(Action::Sweep));
        if state.store.workers.values().any(|row| row.left > 0) {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Register(at) => {
                let worker = state.fresh_worker();
                state.store.register(worker);
                state.processes[at].worker = Some(worker);
            }
            Action::SendRenewal(at) => {
                let worker = state.processes[at].worker?;
                state.send(Request::Renew { process: at, worker });
            }
            Action::SendClaim(at) => {
                let lease = state.fresh_lease(state.processes[at].worker?);
                state.processes[at].claiming = Some(lease);
                state.send(Request::Claim { process: at, lease });
            }
            Action::Ask(at) => self.ask(&mut state, at),
            Action::End(at, outcome) => {
                let (job, lease) = state.processes[at].running.take()?;
                state.processes[at].ending = Some(Ending { job, lease, outcome });
            }
            Action::SendSettlement(at) => {
                let request = state.settlement(at)?;
                state.send(request);
            }
            Action::Answer(request) => self.carry_out(&mut state, request, true),
            Action::Do(request) => self.carry_out(&mut state, request, false),
            Action::Lose(request) => state.take(request),
            Action::Repeat(request) => state.send(request),
            Action::Sweep(at) => state.store.sweep(at, self.flaw),
            Action::Tick => state.store.tick(),
            Action::Crash(at) => state.processes[at] = Process::default(),
        }
        state.forget();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("only the newest lease of a job changes it", |_, state: &State| {
                state.store.wrong != Some(Wrong::StaleChange)
            }),
            Property::always("a job has one lease at a time", |_, state: &State| {
                state.store.wrong != Some(Wrong::LeasedTwice)
            }),
            Property::always("a claim is carried out once", |_, state: &State| {
                state.store.wrong != Some(Wrong::ClaimedTwice)
            }),
            Property::always("a job is taken only from a worker whose lease ran out", |_, state: &State| {
                state.store.wrong != Some(Wrong::TakenFromLiving)
            }),
            Property::always("a worker that lost a job is not renewed", |_, state: &State| {
                state.store.wrong != Some(Wrong::RenewedAfterLoss)
            }),
            Property::always("a settlement that was applied is not refused when it is repeated", |_, state: &State| {
                state.store.wrong != Some(Wrong::AppliedButRefused)
            }),
            Property::always(
                "an attempt is counted once for each claim that was not given back",
                |_, state: &State| state.store.jobs.iter().all(|job| job.attempts == job.claims),
            ),
            Property::always("attempts and crashes are bounded", |_, state: &State| {
                state.store.jobs.iter().all(|job| job.claims <= job.max_attempts && job.deaths <= MAX_CRASHES)
            }),
            Property::always("a job that is over is nobody's", |_, state: &State| {
                state.store.jobs.iter().all(|job| !job.is_over() || job.held.is_none() && job.owner.is_none())
            }),
            Property::sometimes("a job completes after its worker died", |_, state: &State| {
                state.store.jobs.iter().any(|job| job.deaths > 0 && job.status == crate::store::Status::Completed)
            }),
            Property::sometimes("all jobs end", |_, state: &State| state.is_over()),
        ]
    }
}
