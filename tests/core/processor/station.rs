//! A processor whose handlers are the test: it takes runs from the lanes and says how they ended.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use dataqueue::lock::Mutex;
use dataqueue::model::Limits;
use dataqueue::processor::{
    AbortReason, Config, Control, Counts, Drained, End, Finished, HandlerError, HandlerSpec, LaneKind, Lanes, Next,
    Processor, RetryChoice, RunId, Start,
};
use dataqueue::storage::Storage;

use crate::bench::eventually;

/// A type whose handlers run on the loop's lane.
pub const LOOPED: &str = "looped";
/// A type whose handlers run on threads.
pub const THREADED: &str = "threaded";

/// Long enough that only hints, due times and sweeps wake a processor.
pub const NEVER: Duration = Duration::from_secs(3_600);

/// Threads at work.
pub struct Staff(Vec<thread::JoinHandle<()>>);

impl Staff {
    /// Waits until all have gone home; a handler's panic is the caller's.
    pub fn dismiss(self) {
        for hand in self.0 {
            hand.join().unwrap();
        }
    }
}

#[derive(Clone)]
pub struct Station {
    pub processor: Arc<Processor>,
    pub lanes: Arc<Lanes>,
    told: Arc<Mutex<Vec<Control>>>,
}

impl Station {
    /// A processor with three slots and a lease that no test outlives, changed by `set`. It is not started.
    pub fn new(store: Arc<dyn Storage>, set: impl FnOnce(&mut Config)) -> Self {
        let handler = |lane, index| HandlerSpec { lane, index, decides_retry: false };
        let mut config = Config {
            worker_name: "station".to_owned(),
            handlers: HashMap::from([
                (LOOPED.to_owned(), handler(LaneKind::Loop, 0)),
                (THREADED.to_owned(), handler(LaneKind::Thread, 1)),
            ]),
            job_types: vec![LOOPED.to_owned(), THREADED.to_owned()],
            any_type: false,
            batch_size: 10,
            concurrency: 3,
            poll_interval: NEVER,
            default_timeout: None,
            schedules: Vec::new(),
            limits: Limits::default(),
            turns: None,
            upkeep: None,
            lease: Duration::from_secs(600),
            unready_after: None,
        };
        set(&mut config);
        let processor = Processor::new(store, config).unwrap();
        let lanes = processor.lanes();
        Self { processor: Arc::new(processor), lanes, told: Arc::default() }
    }

    /// As `new`, and started.
    pub fn started(store: Arc<dyn Storage>, set: impl FnOnce(&mut Config)) -> Self {
        let station = Self::new(store, set);
        station.processor.start().unwrap();
        station
    }

    /// The next run of the loop's lane, if there is one now.
    pub fn try_next(&self) -> Option<Start> {
        let (mut starts, controls) = self.lanes.exchange(Vec::new(), 1);
        self.told.lock().extend(controls);
        starts.pop()
    }

    /// The next run of a thread, if there is one now.
    pub fn try_next_thread(&self) -> Option<Start> {
        match self.lanes.next(LaneKind::Thread, None, Duration::ZERO) {
            Next::Start { start, .. } => Some(start),
            Next::Nothing | Next::Closed => None,
        }
    }

    /// The next run of the loop's lane.
    pub async fn next(&self) -> Start {
        let mut next = None;
        eventually("a run of the loop's lane", async || {
            next = self.try_next();
            next.is_some()
        })
        .await;
        next.unwrap()
    }

    /// The next run, of whichever lane.
    pub async fn next_of_any(&self) -> Start {
        let mut next = None;
        eventually("a run of some lane", async || {
            next = self.try_next().or_else(|| self.try_next_thread());
            next.is_some()
        })
        .await;
        next.unwrap()
    }

    /// Says how a run ended. Whichever lane it is of: the lane of an end is told by its run.
    pub fn end(&self, run: RunId, end: End) {
        let (_, controls) = self.lanes.exchange(vec![Finished { run, end }], 0);
        self.told.lock().extend(controls);
    }

    pub fn complete(&self, start: &Start) {
        self.end(start.run, End::Completed(None));
    }

    pub fn complete_all(&self, starts: &[Start]) {
        for start in starts {
            self.complete(start);
        }
    }

    pub fn fail(&self, start: &Start, retry: RetryChoice) {
        let error = HandlerError { message: "it broke".to_owned(), kind: None, traceback: None, retry };
        self.end(start.run, End::Failed(error));
    }

    /// Puts `threads` threads and a loop to work, which run `handler` until the processor has ended.
    pub fn staff(&self, threads: usize, handler: impl Fn(&Start) -> End + Send + Sync + 'static) -> Staff {
        let handler = Arc::new(handler);
        let mut hands = Vec::new();
        for _ in 0..threads {
            let (lanes, handler) = (self.lanes.clone(), handler.clone());
            hands.push(thread::spawn(move || {
                let mut finished = None;
                loop {
                    match lanes.next(LaneKind::Thread, finished.take(), Duration::from_secs(1)) {
                        Next::Start { start, .. } => finished = Some(Finished { run: start.run, end: handler(&start) }),
                        Next::Nothing => {}
                        Next::Closed => return,
                    }
                }
            }));
        }
        let (bell, rung) = mpsc::channel();
        self.lanes.set_loop_waker(Some(Box::new(move || {
            let _gone_home = bell.send(());
        })));
        let lanes = self.lanes.clone();
        hands.push(thread::spawn(move || {
            let mut finished = Vec::new();
            while !lanes.is_closed() {
                let (starts, _) = lanes.exchange(finished, 16);
                finished = starts.iter().map(|start| Finished { run: start.run, end: handler(start) }).collect();
                if finished.is_empty() {
                    let _rung = rung.recv_timeout(Duration::from_secs(1));
                }
            }
        }));
        Staff(hands)
    }

    /// The messages about runs so far.
    pub fn told(&self) -> Vec<Control> {
        let (_, of_loop) = self.lanes.exchange(Vec::new(), 0);
        let (of_threads, _) = self.lanes.attend(Duration::ZERO);
        let mut told = self.told.lock();
        told.extend(of_loop.into_iter().chain(of_threads));
        told.clone()
    }

    /// Waits until a run was told something.
    pub async fn until_told(&self, control: Control) {
        eventually(&format!("{control:?}"), async || self.told().contains(&control)).await;
    }

    /// Waits until a run was told to stop.
    pub async fn until_aborted(&self, start: &Start, reason: AbortReason) {
        self.until_told(Control::Abort { run: start.run, reason }).await;
    }

    pub async fn drain(&self, timeout: Duration) -> Drained {
        self.processor.drain(timeout).await
    }

    pub fn counts(&self) -> Counts {
        self.processor.counts()
    }

    /// Waits until its counts are as they should be.
    pub async fn until_counts(&self, what: &str, condition: impl Fn(Counts) -> bool) {
        eventually(what, async || condition(self.counts())).await;
    }
}
