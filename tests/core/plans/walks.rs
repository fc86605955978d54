//! The walks through jobs that readers and changers ask for.

use dataqueue::clock::Timestamp;
use dataqueue::model::{Change, Filter, JobEdit, Page, RunAtFilter, Search, Status, TagFilter, TagMode};
use dataqueue::storage::plans::Walk;

/// A filter, and whether counting what it matches must look at every job, as no index knows.
pub struct Case {
    pub name: String,
    pub filter: Filter,
    pub counts_all: bool,
}

/// The name of a case in which a walk by id would look at every job.
pub const UNKNOWN_TAG: &str = "a tag that no job has";

/// Every kind of filter.
pub fn cases() -> Vec<Case> {
    let mut cases = vec![case("everything", true, |_| {})];
    for status in Status::ALL {
        let all = status == Status::Completed;
        cases.push(case(status.as_str(), all, |filter| filter.statuses = vec![status]));
        cases.push(case(&format!("{} by type", status.as_str()), false, |filter| {
            filter.statuses = vec![status];
            filter.job_types = vec!["rare".to_owned()];
        }));
        cases.push(case(&format!("{} by tag", status.as_str()), false, |filter| {
            filter.statuses = vec![status];
            filter.tags = Some(tags(TagMode::All));
        }));
    }
    for pair in Status::ALL.windows(2) {
        let all = pair.contains(&Status::Completed);
        cases.push(case(&format!("{pair:?}"), all, |filter| filter.statuses = pair.to_vec()));
    }
    cases.push(case("a type", false, |filter| filter.job_types = vec!["rare".to_owned()]));
    cases.push(case("two types", false, |filter| filter.job_types = vec!["rare".to_owned(), "type_3".to_owned()]));
    for (mode, all) in [(TagMode::All, false), (TagMode::Any, false), (TagMode::Exact, false), (TagMode::None, true)] {
        cases.push(case(&format!("tags, {mode:?}"), all, |filter| filter.tags = Some(tags(mode))));
    }
    cases.push(case(UNKNOWN_TAG, false, |filter| {
        filter.tags = Some(TagFilter { values: vec!["nowhere".to_owned()], mode: TagMode::Any });
    }));
    let at = Some(Timestamp::from_micros(1_800_000_000_000_000));
    cases.push(case("due from", true, |filter| filter.run_at = RunAtFilter { gte: at, ..RunAtFilter::default() }));
    cases.push(case("due at", true, |filter| filter.run_at = RunAtFilter { eq: at, ..RunAtFilter::default() }));
    cases.push(case("ids", false, |filter| filter.ids = Some(vec![30, 31, 37, 9_999, 39_999])));
    cases.push(case("a priority", true, |filter| filter.priority = Some(3)));
    cases
}

/// Reads, counts and changes.
pub fn walks() -> Vec<Walk> {
    let page = |before| Walk::Page(Page { limit: 100, offset: 0, before });
    let edit = Change::Edit(JobEdit { priority: Some(1), ..JobEdit::default() });
    vec![page(None), page(Some(20_000)), Walk::Count]
        .into_iter()
        .chain([Change::Cancel, Change::Retry, edit, Change::Delete].map(Walk::Change))
        .chain([None, Some(20_000)].map(|before| Walk::Search(Box::new(Search { before, ..search() }))))
        .chain(Status::ALL.map(|status| Walk::Tally(status, 100)))
        .collect()
}

fn search() -> Search {
    let text = Some("a".to_owned());
    Search { text: text.clone(), error: text.clone(), group: text, limit: 20, looks: 500, ..Search::default() }
}

fn case(name: &str, counts_all: bool, set: impl FnOnce(&mut Filter)) -> Case {
    let mut filter = Filter::default();
    set(&mut filter);
    Case { name: name.to_owned(), filter, counts_all }
}

fn tags(mode: TagMode) -> TagFilter {
    TagFilter { values: vec!["tag_3".to_owned(), "all".to_owned()], mode }
}
