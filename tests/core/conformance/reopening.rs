//! A store that is opened anew. What is in memory cannot be.

use dataqueue::Error;

use crate::bench::{Bench, job};

super::tests![reopening:
    an_added_job_outlives_the_handle_that_added_it,
    a_newer_schema_is_worked_with,
    a_newer_schema_that_says_it_is_not_for_earlier_libraries_is_refused,
];

pub async fn an_added_job_outlives_the_handle_that_added_it(bench: &Bench) {
    let other = bench.second();
    let id = other.add(vec![job("lasting")]).await.unwrap()[0].id;
    other.close().await;
    assert_eq!(bench.hand().await.take("lasting").await.job.id, id);
}

pub async fn a_newer_schema_is_worked_with(bench: &Bench) {
    bench.driver().make_newer(false).await;
    let late = bench.second();
    let id = late.add(vec![job("a")]).await.unwrap()[0].id;
    assert_eq!(bench.hand().await.take("a").await.job.id, id);
    assert_eq!(late.migrate(None).await.unwrap(), [], "there is nothing that this library could do");
    let refused = late.migrate(Some(1)).await.unwrap_err();
    assert!(matches!(&refused, Error::MigrationRequired(why) if why.contains("cannot take it back")), "{refused:?}");
    assert!(late.migration_state().await.unwrap().applied.contains(&99));
    late.close().await;
    let again = bench.second();
    assert_eq!(again.get(&[id]).await.unwrap().len(), 1, "it was left as it is");
}

pub async fn a_newer_schema_that_says_it_is_not_for_earlier_libraries_is_refused(bench: &Bench) {
    bench.forget_history();
    bench.driver().make_newer(true).await;
    let late = bench.second();
    assert!(matches!(late.migrate(None).await.unwrap_err(), Error::MigrationRequired(_)));
    let refused = late.add(vec![job("a")]).await.unwrap_err();
    assert!(matches!(&refused, Error::MigrationRequired(why) if why.contains("upgrade")), "{refused:?}");
}
