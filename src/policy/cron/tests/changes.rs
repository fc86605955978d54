//! Changes of the clock: those of summer, those by half an hour, and those that took or gave a day.

use super::*;

/// Berlin's clocks went from 02:00 to 03:00 at 2026-03-29T01:00Z, and go from 03:00 to 02:00 at 2026-10-25T01:00Z.
const BERLIN: &str = "Europe/Berlin";

#[test]
fn a_fixed_time_in_the_gap_is_due_once_at_the_first_instant_after_it() {
    assert_eq!(
        ticks("30 2 * * *", BERLIN, "2026-03-28T00:00:00Z", 3),
        ["2026-03-28T01:30Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z"]
    );
    assert_eq!(ticks("0 2 * * *", BERLIN, "2026-03-28T12:00:00Z", 2), ["2026-03-29T01:00Z", "2026-03-30T00:00Z"]);
}

#[test]
fn several_fixed_times_in_the_gap_are_due_once_together() {
    assert_eq!(ticks("0,20,40 2 * * *", BERLIN, "2026-03-28T12:00:00Z", 2), ["2026-03-29T01:00Z", "2026-03-30T00:00Z"]);
    assert_eq!(
        ticks("0 1-4 * * *", BERLIN, "2026-03-28T12:00:00Z", 4),
        ["2026-03-29T00:00Z", "2026-03-29T01:00Z", "2026-03-29T02:00Z", "2026-03-29T23:00Z"]
    );
}

#[test]
fn a_fixed_time_in_the_overlap_is_due_in_the_first_pass_only() {
    assert_eq!(ticks("30 2 * * *", BERLIN, "2026-10-24T12:00:00Z", 2), ["2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
    assert_eq!(
        ticks("15,45 1-3 * * *", BERLIN, "2026-10-24T22:00:00Z", 7),
        [
            "2026-10-24T23:15Z",
            "2026-10-24T23:45Z",
            "2026-10-25T00:15Z",
            "2026-10-25T00:45Z",
            "2026-10-25T02:15Z",
            "2026-10-25T02:45Z",
            "2026-10-26T00:15Z"
        ]
    );
}

#[test]
fn asked_in_the_second_pass_a_fixed_time_of_the_first_is_past() {
    assert_eq!(ticks("45 2 * * *", BERLIN, "2026-10-25T01:10:00Z", 1), ["2026-10-26T01:45Z"]);
    assert_eq!(ticks("0-59 2 * * *", BERLIN, "2026-10-25T01:10:00Z", 1), ["2026-10-26T01:00Z"]);
    assert_eq!(ticks("0 2,3 * * *", BERLIN, "2026-10-25T01:10:00Z", 1), ["2026-10-25T02:00Z"]);
    assert_eq!(ticks("0,45 2,3 * * *", BERLIN, "2026-10-25T01:10:00Z", 1), ["2026-10-25T02:00Z"]);
}

#[test]
fn a_star_in_minute_or_hour_runs_through_real_time() {
    for expression in ["*/30 * * * *", "0,30 * * * *", "*/30 0-23 * * *", "0-59/30 */1 * * *"] {
        assert_eq!(
            ticks(expression, BERLIN, "2026-03-29T00:00:00Z", 4),
            ["2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z", "2026-03-29T02:00Z"],
            "{expression}"
        );
        assert_eq!(
            ticks(expression, BERLIN, "2026-10-24T23:45:00Z", 6),
            [
                "2026-10-25T00:00Z",
                "2026-10-25T00:30Z",
                "2026-10-25T01:00Z",
                "2026-10-25T01:30Z",
                "2026-10-25T02:00Z",
                "2026-10-25T02:30Z"
            ],
            "{expression}"
        );
    }
}

#[test]
fn a_rhythm_within_the_left_out_hour_has_no_tick_that_day() {
    assert_eq!(ticks("*/40 2 * * *", BERLIN, "2026-03-28T12:00:00Z", 2), ["2026-03-30T00:00Z", "2026-03-30T00:40Z"]);
}

#[test]
fn a_rhythm_within_the_repeated_hour_has_its_ticks_twice() {
    assert_eq!(
        ticks("*/40 2 * * *", BERLIN, "2026-10-24T12:00:00Z", 5),
        ["2026-10-25T00:00Z", "2026-10-25T00:40Z", "2026-10-25T01:00Z", "2026-10-25T01:40Z", "2026-10-26T01:00Z"]
    );
}

#[test]
fn a_rhythm_that_only_ever_meets_gaps_has_no_tick() {
    // The second Sunday of March at two, which New York's clocks leave out since 2007.
    let never = Schedule::parse("*/5 2 8-14 3 */7").unwrap();
    assert_eq!(never.next_after(at("2026-01-01T00:00:00Z"), &zone("America/New_York").unwrap()), None);
    assert!(never.next_after(at("2026-01-01T00:00:00Z"), &zone("UTC").unwrap()).is_some());
}

#[test]
fn lord_howe_changes_by_half_an_hour() {
    const HOWE: &str = "Australia/Lord_Howe";
    // From 02:00 (+10:30) to 02:30 (+11) at 2026-10-03T15:30Z.
    assert_eq!(ticks("15 2 * * *", HOWE, "2026-10-03T00:00:00Z", 2), ["2026-10-03T15:30Z", "2026-10-04T15:15Z"]);
    assert_eq!(ticks("45 2 * * *", HOWE, "2026-10-03T00:00:00Z", 1), ["2026-10-03T15:45Z"]);
    assert_eq!(
        ticks("*/15 * * * *", HOWE, "2026-10-03T15:10:00Z", 3),
        ["2026-10-03T15:15Z", "2026-10-03T15:30Z", "2026-10-03T15:45Z"]
    );
    assert_eq!(ticks("0 * * * *", HOWE, "2026-10-03T14:40:00Z", 2), ["2026-10-03T16:00Z", "2026-10-03T17:00Z"]);
    // From 02:00 (+11) to 01:30 (+10:30) at 2026-04-04T15:00Z.
    assert_eq!(ticks("45 1 * * *", HOWE, "2026-04-04T00:00:00Z", 2), ["2026-04-04T14:45Z", "2026-04-05T15:15Z"]);
    assert_eq!(
        ticks("45 * * * *", HOWE, "2026-04-04T14:00:00Z", 3),
        ["2026-04-04T14:45Z", "2026-04-04T15:15Z", "2026-04-04T16:15Z"]
    );
}

#[test]
fn a_gap_at_midnight_leaves_the_day_its_daily_tick() {
    // Santiago's clocks go from 00:00 (-4) to 01:00 (-3) on 2026-09-06, a Sunday.
    assert_eq!(
        ticks("@daily", "America/Santiago", "2026-09-05T12:00:00Z", 2),
        ["2026-09-06T04:00Z", "2026-09-07T03:00Z"]
    );
    assert_eq!(
        ticks("@weekly", "America/Santiago", "2026-09-05T12:00:00Z", 2),
        ["2026-09-06T04:00Z", "2026-09-13T03:00Z"]
    );
}

#[test]
fn the_day_that_apia_skipped_is_a_gap() {
    // Friday 2011-12-30 did not take place: from 24:00 (-10) on the 29th to 00:00 (+14) on the 31st.
    const APIA: &str = "Pacific/Apia";
    assert_eq!(
        ticks("30 12 * * *", APIA, "2011-12-29T00:00:00Z", 3),
        ["2011-12-29T22:30Z", "2011-12-30T10:00Z", "2011-12-30T22:30Z"]
    );
    assert_eq!(ticks("0 9 * * FRI", APIA, "2011-12-29T12:00:00Z", 2), ["2011-12-30T10:00Z", "2012-01-05T19:00Z"]);
    assert_eq!(ticks("0 9 30 * *", APIA, "2011-12-29T12:00:00Z", 2), ["2011-12-30T10:00Z", "2012-01-29T19:00Z"]);
    assert_eq!(
        ticks("0 */6 * * *", APIA, "2011-12-30T02:00:00Z", 3),
        ["2011-12-30T04:00Z", "2011-12-30T10:00Z", "2011-12-30T16:00Z"]
    );
    assert_eq!(ticks("*/30 9 * * FRI", APIA, "2011-12-29T12:00:00Z", 1), ["2012-01-05T19:00Z"]);
}

#[test]
fn the_day_that_kwajalein_repeated_is_an_overlap_and_the_one_it_skipped_a_gap() {
    const KWAJALEIN: &str = "Pacific/Kwajalein";
    // From +11 to -12 at 1969-09-30T13:00Z: the 30th began again at 01:00.
    assert_eq!(
        ticks("0 12 * * *", KWAJALEIN, "1969-09-29T12:00:00Z", 3),
        ["1969-09-30T01:00Z", "1969-10-02T00:00Z", "1969-10-03T00:00Z"]
    );
    assert_eq!(
        ticks("0 */12 * * *", KWAJALEIN, "1969-09-29T12:30:00Z", 4),
        ["1969-09-29T13:00Z", "1969-09-30T01:00Z", "1969-10-01T00:00Z", "1969-10-01T12:00Z"]
    );
    // From -12 to +12 at 1993-08-21T12:00Z: Saturday the 21st did not take place.
    assert_eq!(
        ticks("0 15 * * *", KWAJALEIN, "1993-08-20T12:00:00Z", 3),
        ["1993-08-21T03:00Z", "1993-08-21T12:00Z", "1993-08-22T03:00Z"]
    );
}
