//! A store that is opened anew. What is in memory cannot be.

use dataqueue::Error;

use crate::bench::{Bench, job};

super::tests![reopening:
    an_added_job_outlives_the_handle_that_added_it,
    a_newer_schema_is_refused,
];

pub async fn an_added_job_outlives_the_handle_that_added_it(bench: &Bench) {
    let other = bench.second();
    let id = other.add(vec![job("lasting")]).await.unwrap()[0].id;
    other.close().await;
    assert_eq!(bench.hand().await.take("lasting").await.job.id, id);
}

pub async fn a_newer_schema_is_refused(bench: &Bench) {
    bench.forget_history();
    bench.driver().make_newer().await;
    let late = bench.second();
    let refused = late.add(vec![job("a")]).await.unwrap_err();
    assert!(matches!(&refused, Error::MigrationRequired(why) if why.contains("upgrade")), "{refused:?}");
}
