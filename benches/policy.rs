//! The pure rules on the way of each job: checks before it is stored, and its retry delay.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dataqueue::model::{NewJob, Retry};
use dataqueue::policy::{limits, retry};

fn checks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("policy/check_job");
    for size in [100, 10_000] {
        let payload = format!(r#"{{"text": "{}"}}"#, "word ".repeat(size / 5));
        let job = NewJob { tags: vec!["a".to_owned(), "b".to_owned()], ..NewJob::new("send_email", payload) };
        group.throughput(Throughput::Bytes(job.payload.len() as u64));
        group.bench_function(format!("{size} bytes"), |bencher| {
            bencher.iter(|| limits::check_job(black_box(&job)));
        });
    }
}

fn delays(criterion: &mut Criterion) {
    let retry = Retry { delay: Some(Duration::from_secs(2)), backoff: Some(true), delay_max: None };
    criterion.bench_function("policy/retry_delay", |bencher| {
        bencher.iter(|| retry::delay(black_box(&retry), black_box(3), 9, 0.5));
    });
}

fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
}

criterion_group! { name = benches; config = short(); targets = checks, delays }
criterion_main!(benches);
