//! Adding jobs: one by one, in batches, and under keys.

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dataqueue::model::NewJob;
use support::{Bed, PAYLOAD, TYPE, jobs, short};

fn plain(criterion: &mut Criterion) {
    for bed in Bed::all() {
        let mut group = criterion.benchmark_group(format!("add/{}", bed.name));
        for batch in [1, 10, 100, 1_000] {
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_with_input(BenchmarkId::new("batch", batch), &batch, |bencher, &batch| {
                bencher.to_async(&bed.runtime).iter(|| async {
                    bed.store.add(jobs(batch)).await.unwrap();
                });
            });
        }
    }
}

fn keyed(criterion: &mut Criterion) {
    for bed in Bed::all() {
        let mut group = criterion.benchmark_group(format!("add_keyed/{}", bed.name));
        for batch in [1, 100] {
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_with_input(BenchmarkId::new("batch", batch), &batch, |bencher, &batch| {
                bencher.to_async(&bed.runtime).iter(|| async {
                    let keyed = |_| NewJob {
                        idempotency_key: Some(format!("{:032x}", rand::random::<u128>())),
                        ..NewJob::new(TYPE, PAYLOAD)
                    };
                    bed.store.add((0..batch).map(keyed).collect()).await.unwrap();
                });
            });
        }
    }
}

criterion_group! { name = benches; config = short(); targets = plain, keyed }
criterion_main!(benches);
