//! The model as it is holds. Broken, it fails: each flaw by the property that it was expected to break.

use lease_model::flaw::Flaw;
use lease_model::model::Leases;
use lease_model::outlook::outlook;
use stateright::{Checker, Model};

/// One job, and a worker whose requests overtake each other: what is late is two claims late.
const LATE: Leases = Leases { jobs: 1, attempts: 2, processes: 1, requests: 2, flaw: None };
/// One job that two workers want.
const CONTENDED: Leases = Leases { jobs: 1, attempts: 2, processes: 2, requests: 1, flaw: None };
/// A claim that takes one of two jobs.
const TWO_JOBS: Leases = Leases { jobs: 2, attempts: 2, processes: 1, requests: 1, flaw: None };

fn holds(model: &Leases) {
    let checker = model.clone().checker().spawn_bfs().join();
    checker.assert_properties();
    let outlook = outlook(model);
    assert_eq!(outlook.states, checker.unique_state_count());
    println!("{model:?}: {} states, {} steps", outlook.states, checker.state_count());
    if let Some((way, state)) = outlook.dead_end {
        panic!("no end from here: {way:?}\n{state:#?}");
    }
}

/// What is found first where the flaw is: the property that does not hold, with the shortest way to it.
fn breaks(world: &Leases, flaw: Flaw, property: &str) {
    let model = Leases { flaw: Some(flaw), ..world.clone() };
    let found = model.shortest_wrong().or_else(|| {
        let (way, _) = outlook(&model).dead_end?;
        Some(("every job can still end", way))
    });
    let Some((broken, way)) = found else { panic!("{flaw:?} was not found out") };
    println!("{flaw:?}: {broken}: {way:?}");
    assert_eq!(broken, property, "{flaw:?}: {way:?}");
}

#[test]
fn what_is_late_or_comes_twice_changes_nothing() {
    holds(&LATE);
}

#[test]
fn two_workers_share_a_job() {
    holds(&CONTENDED);
}

#[test]
fn a_claim_takes_one_of_two_jobs() {
    holds(&TWO_JOBS);
}

#[test]
#[ignore = "it takes a minute and some gigabytes: `make models` runs it"]
fn two_workers_share_a_job_of_three_attempts() {
    holds(&Leases { attempts: 3, ..CONTENDED });
}

#[test]
fn each_flaw_is_found_out() {
    breaks(&CONTENDED, Flaw::UnfencedSettle, "only the newest lease of a job changes it");
    breaks(&LATE, Flaw::ForgetfulSettle, "a settlement that was applied is not refused when it is repeated");
    breaks(&CONTENDED, Flaw::RenewalRevives, "a worker that lost a job is not renewed");
    breaks(&CONTENDED, Flaw::SweepSparesWorker, "a worker that lost a job is not renewed");
    breaks(&CONTENDED, Flaw::HastySweep, "a job is taken only from a worker whose lease ran out");
    breaks(&CONTENDED, Flaw::UncountedSweep, "an attempt is counted once for each claim that was not given back");
    breaks(&CONTENDED, Flaw::EndlessSweep, "attempts and crashes are bounded");
    breaks(&Leases { jobs: 2, ..LATE }, Flaw::RepeatedClaim, "a claim is carried out once");
    breaks(&LATE, Flaw::LateClaim, "every job can still end");
    breaks(&LATE, Flaw::ForgottenClaim, "every job can still end");
    breaks(&CONTENDED, Flaw::GreedyClaim, "a job has one lease at a time");
    breaks(&LATE, Flaw::CountedRelease, "an attempt is counted once for each claim that was not given back");
}
