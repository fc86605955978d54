//! The engine alone: how fast a processor drains jobs whose handlers, in Rust, do nothing.
//!
//! In the same run, turn by turn, the same number of jobs is claimed and completed with the same batch by a loop over the
//! store's own calls, and by hand on a bare table. A machine's speed drifts: the ratios are what counts.

#![allow(clippy::print_stdout, reason = "a bench speaks to whoever runs it")]

mod support;

use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use dataqueue::model::Limits;
use dataqueue::processor::{Config, End, Finished, HandlerSpec, LaneKind, Processor};
use support::{Bed, TYPE, by_hand, completed};

const JOBS: usize = 10_000;
const BATCH: usize = 500;

/// Drains with a processor; its start and its end are part of it.
fn engine(bed: &Bed, lane: LaneKind) -> Duration {
    let handler = HandlerSpec { lane, index: 0, decides_retry: false };
    let config = Config {
        worker_name: "bench".to_owned(),
        handlers: HashMap::from([(TYPE.to_owned(), handler)]),
        job_types: vec![TYPE.to_owned()],
        any_type: false,
        batch_size: BATCH as u32,
        concurrency: 100,
        poll_interval: Duration::from_secs(5),
        default_timeout: None,
        schedules: Vec::new(),
        limits: Limits::default(),
        turns: None,
        upkeep: None,
        lease: Duration::from_secs(30),
        unready_after: None,
    };
    let processor = Processor::new(bed.store.clone(), config).unwrap();
    let staff = match lane {
        LaneKind::Loop => event_loop(&processor),
        LaneKind::Thread | LaneKind::Process => one_thread(&processor, lane),
    };
    let began = Instant::now();
    processor.start().unwrap();
    bed.wait(async {
        while processor.counts().completed < JOBS as u64 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(processor.drain(Duration::from_secs(60)).await.complete);
    });
    let took = began.elapsed();
    staff.join().unwrap();
    took
}

/// As an event loop drives its lane: woken by a bell, runs and ends in bursts.
fn event_loop(processor: &Processor) -> thread::JoinHandle<()> {
    let lanes = processor.lanes();
    let (bell, rung) = mpsc::channel();
    lanes.set_loop_waker(Some(Box::new(move || {
        let _gone_home = bell.send(());
    })));
    thread::spawn(move || {
        let mut finished = Vec::new();
        while !lanes.is_closed() {
            let (starts, _) = lanes.exchange(std::mem::take(&mut finished), 100);
            finished.extend(starts.iter().map(|start| Finished { run: start.run, end: End::Completed(None) }));
            if finished.is_empty() {
                let _rung = rung.recv_timeout(Duration::from_secs(1));
            }
        }
    })
}

/// As a thread runs handlers: one after another.
fn one_thread(processor: &Processor, lane: LaneKind) -> thread::JoinHandle<()> {
    use dataqueue::processor::Next;
    let lanes = processor.lanes();
    thread::spawn(move || {
        let mut finished = None;
        loop {
            match lanes.next(lane, finished.take(), Duration::from_secs(1)) {
                Next::Start { start, .. } => finished = Some(Finished { run: start.run, end: End::Completed(None) }),
                Next::Nothing => {}
                Next::Closed => return,
            }
        }
    })
}

/// Drains by a loop over the calls that the processor makes too, one after another.
fn calls(bed: &Bed) -> Duration {
    bed.wait(async {
        let worker = bed.worker().await;
        let began = Instant::now();
        let mut done = 0;
        while done < JOBS {
            let claimed = bed.claim(&worker, BATCH).await;
            assert!(!claimed.is_empty(), "the jobs have run out");
            done += claimed.len();
            bed.settle(&claimed, &completed()).await;
        }
        began.elapsed()
    })
}

/// What the turns took, of each contender.
#[derive(Default)]
struct Turns {
    engine: Vec<Duration>,
    calls: Vec<Duration>,
    by_hand: Vec<Duration>,
}

impl Turns {
    fn take(&mut self, bed: &Bed, lane: LaneKind) -> Duration {
        bed.wait(bed.fill(JOBS));
        let took = engine(bed, lane);
        self.engine.push(took);
        bed.wait(bed.fill(JOBS));
        self.calls.push(calls(bed));
        self.by_hand.push(by_hand::drain(bed, JOBS, BATCH));
        took
    }

    fn tell(mut self, name: &str) {
        let [engine, calls, by_hand] = [&mut self.engine, &mut self.calls, &mut self.by_hand].map(|turns| {
            turns.sort_unstable();
            turns.get(turns.len() / 2).map_or(f64::NAN, |median| JOBS as f64 / median.as_secs_f64())
        });
        println!("{name}: medians of {} turns of {JOBS} jobs, batch {BATCH}, in jobs per second:", self.engine.len());
        println!("  engine {engine:.0}, loop over its store's calls {calls:.0}, by hand on a bare table {by_hand:.0}");
        println!("  engine / loop {:.2}, engine / by hand {:.2}", engine / calls, engine / by_hand);
    }
}

fn drain(criterion: &mut Criterion) {
    for bed in Bed::all() {
        for (lane, name) in [(LaneKind::Loop, "event_loop"), (LaneKind::Thread, "one_thread")] {
            let mut turns = Turns::default();
            let mut group = criterion.benchmark_group(format!("processor/{}", bed.name));
            group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(JOBS as u64));
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|times| (0..times).map(|_| turns.take(&bed, lane)).sum());
            });
            group.finish();
            if !turns.engine.is_empty() {
                turns.tell(&format!("processor/{}/{name}", bed.name));
            }
        }
    }
}

fn few_turns() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_secs(2))
        .without_plots()
}

criterion_group! { name = benches; config = few_turns(); targets = drain }
criterion_main!(benches);
