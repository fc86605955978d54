//! The pure rules on the way of each job: checks before it is stored, its retry delay, and when schedules add it.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dataqueue::clock::Timestamp;
use dataqueue::model::{NewJob, Retry};
use dataqueue::policy::cron::{Schedule, zone};
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

fn ticks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("policy/cron");
    // 2026-03-01T12:00:17Z: Berlin's clocks change within the month.
    let after = Timestamp::from_micros(1_772_366_417_000_000);
    let berlin = zone("Europe/Berlin").unwrap();
    for expression in
        ["* * * * *", "*/5 9-17 * * MON-FRI", "30 9 * * *", "0 0 1 1 *", "0 * 1 1 *", "0 0 29 2 *", "0 * 29 2 *"]
    {
        let schedule = Schedule::parse(expression).unwrap();
        group.bench_function(format!("next_after {expression}"), |bencher| {
            bencher.iter(|| schedule.next_after(black_box(after), &berlin));
        });
    }
    let never = Schedule::parse("*/5 2 8-14 3 */7").unwrap();
    let york = zone("America/New_York").unwrap();
    group.bench_function("next_after, nothing in 50 years", |bencher| {
        bencher.iter(|| never.next_after(black_box(after), &york));
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| Schedule::parse(black_box("*/5 9-17 * JAN-JUN MON-FRI")));
    });
    group.bench_function("zone", |bencher| bencher.iter(|| zone(black_box("Europe/Berlin"))));
}

fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .without_plots()
}

criterion_group! { name = benches; config = short(); targets = checks, delays, ticks }
criterion_main!(benches);
