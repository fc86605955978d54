//! Short words for schedules, of which each test begins with some that are due.

use std::time::Duration;

use dataqueue::clock::Timestamp;
use dataqueue::model::{Extras, Missed, NewJob, NewSchedule, Retry, Schedule, ScheduleId, ScheduleQuery};
use dataqueue::storage::{add_schedule, find_schedule, fire_due};

use super::{Bench, every_extra, job};

pub const MINUTE: Duration = Duration::from_secs(60);

/// A schedule with the default options, due each minute.
pub fn schedule(name: &str) -> NewSchedule {
    NewSchedule {
        name: name.to_owned(),
        expression: "* * * * *".to_owned(),
        timezone: "UTC".to_owned(),
        allow_overlap: false,
        missed: Missed::Coalesce,
        job: job("cron"),
    }
}

/// A schedule with nothing left at its default.
pub fn full_schedule(name: &str) -> NewSchedule {
    NewSchedule {
        name: name.to_owned(),
        expression: "0 9 * * mon-fri".to_owned(),
        timezone: "Europe/Paris".to_owned(),
        allow_overlap: true,
        missed: Missed::All,
        job: NewJob {
            priority: -7,
            max_attempts: 9,
            timeout_ms: Some(1_500),
            tags: vec!["ü".to_owned(), "b".to_owned()],
            retry: Retry {
                delay: Some(Duration::from_millis(1_500)),
                backoff: Some(false),
                delay_max: Some(Duration::from_secs(60)),
            },
            extras: Extras { traceparent: None, ..every_extra() }.boxed(),
            ..NewJob::new("a job type", r#"{"a": [1, null, "\u00e4"]}"#)
        },
    }
}

impl Bench {
    /// The minute that the store's clock is in.
    pub async fn this_minute(&self) -> Timestamp {
        let now = self.now().await.as_micros();
        Timestamp::from_micros(now - now.rem_euclid(60_000_000))
    }

    /// A schedule that exists.
    pub async fn schedule(&self, id: ScheduleId) -> Schedule {
        find_schedule(&**self, &ScheduleQuery::Id(id)).await.unwrap().unwrap()
    }

    /// Adds a schedule.
    pub async fn scheduled(&self, schedule: &NewSchedule) -> ScheduleId {
        add_schedule(&**self, schedule).await.unwrap()
    }

    /// Adds a schedule whose first tick was so many minutes ago.
    pub async fn missed(&self, schedule: &NewSchedule, minutes: u32) -> ScheduleId {
        let first = self.this_minute().await.minus(MINUTE * minutes);
        self.add_schedule(schedule, first).await.unwrap().unwrap()
    }

    /// Makes a schedule due once more.
    pub async fn make_due(&self, id: ScheduleId) {
        let due = Schedule { next_run_at: Some(self.this_minute().await), ..self.schedule(id).await };
        assert!(self.replace_schedule(&due).await.unwrap());
    }

    /// Fires what is due, each of which can be fired; how many jobs were added.
    pub async fn fired(&self) -> u64 {
        let round = fire_due(&**self).await.unwrap();
        assert!(round.faults.is_empty(), "{:?}", round.faults);
        round.added
    }

    /// The ids of all jobs, newest first.
    pub async fn all_ids(&self) -> Vec<i64> {
        self.found(&dataqueue::model::Filter::default()).await
    }
}
