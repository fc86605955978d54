//! Claiming jobs, by the size of the batch. What is claimed is completed outside the measurement.

mod support;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::{Bed, completed, short};

fn claim(criterion: &mut Criterion) {
    for bed in Bed::all() {
        let worker = bed.wait(bed.worker());
        let mut group = criterion.benchmark_group(format!("claim/{}", bed.name));
        for batch in [1, 10, 100, 1_000] {
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_with_input(BenchmarkId::new("batch", batch), &batch, |bencher, &batch| {
                bencher.to_async(&bed.runtime).iter_custom(|times| {
                    let (bed, worker) = (&bed, &worker);
                    async move {
                        bed.fill(batch * times as usize).await;
                        let mut took = Duration::ZERO;
                        for _ in 0..times {
                            let began = Instant::now();
                            let claimed = bed.claim(worker, batch).await;
                            took += began.elapsed();
                            assert_eq!(claimed.len(), batch);
                            bed.settle(&claimed, &completed()).await;
                        }
                        took
                    }
                });
            });
        }
    }
}

criterion_group! { name = benches; config = short(); targets = claim }
criterion_main!(benches);
