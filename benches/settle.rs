//! Recording how jobs ended, by the size of the batch. They are claimed outside the measurement.

mod support;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dataqueue::model::{Failure, FailureReason, Outcome};
use support::{Bed, completed, short};

fn settle(criterion: &mut Criterion) {
    let failed = Outcome::Failed(Failure {
        reason: FailureReason::HandlerError,
        message: "it broke".to_owned(),
        kind: Some("ValueError".to_owned()),
        traceback: Some("Traceback (most recent call last):\n".repeat(20)),
        retry_in: Some(Duration::from_secs(3_600)),
    });
    let with_output = Outcome::Completed { output: Some(support::PAYLOAD.into()) };
    let cases = [
        ("completed", 1, completed()),
        ("completed", 10, completed()),
        ("completed", 100, completed()),
        ("completed", 1_000, completed()),
        ("completed_with_output", 100, with_output),
        ("failed_to_be_retried", 100, failed),
    ];
    for bed in Bed::all() {
        let worker = bed.wait(bed.worker());
        let mut group = criterion.benchmark_group(format!("settle/{}", bed.name));
        for (how, batch, outcome) in &cases {
            let batch = *batch;
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_function(BenchmarkId::new(*how, batch), |bencher| {
                bencher.to_async(&bed.runtime).iter_custom(|times| {
                    let (bed, worker) = (&bed, &worker);
                    async move {
                        bed.fill(batch * times as usize).await;
                        let mut took = Duration::ZERO;
                        for _ in 0..times {
                            let claimed = bed.claim(worker, batch).await;
                            assert_eq!(claimed.len(), batch);
                            let began = Instant::now();
                            bed.settle(&claimed, outcome).await;
                            took += began.elapsed();
                        }
                        took
                    }
                });
            });
        }
    }
}

criterion_group! { name = benches; config = short(); targets = settle }
criterion_main!(benches);
