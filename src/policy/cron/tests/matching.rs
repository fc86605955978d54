use super::*;

/// The first ticks in UTC from the beginning of 2026, a Thursday.
fn in_2026<const N: usize>(expression: &str) -> [String; N] {
    ticks(expression, "UTC", "2025-12-31T23:59:59.999999Z", N).try_into().unwrap()
}

#[test]
fn a_tick_is_after_the_time_that_is_asked_about_and_never_at_it() {
    assert_eq!(ticks("0 9 * * *", "UTC", "2026-03-01T08:59:59.999999Z", 1), ["2026-03-01T09:00Z"]);
    assert_eq!(ticks("0 9 * * *", "UTC", "2026-03-01T09:00:00Z", 1), ["2026-03-02T09:00Z"]);
    assert_eq!(ticks("* * * * *", "UTC", "2026-03-01T09:00:00Z", 1), ["2026-03-01T09:01Z"]);
    assert_eq!(ticks("* * * * *", "UTC", "2026-03-01T09:00:00.000001Z", 1), ["2026-03-01T09:01Z"]);
    assert_eq!(ticks("* * * * *", "UTC", "1969-12-31T23:58:59.5Z", 2), ["1969-12-31T23:59Z", "1970-01-01T00:00Z"]);
}

#[test]
fn numbers_ranges_lists_and_steps_name_their_values() {
    assert_eq!(in_2026("5 * * * *"), ["2026-01-01T00:05Z", "2026-01-01T01:05Z"]);
    assert_eq!(in_2026("058-59 23 * * *"), ["2026-01-01T23:58Z", "2026-01-01T23:59Z", "2026-01-02T23:58Z"]);
    assert_eq!(in_2026("40,20,20 0 * * *"), ["2026-01-01T00:20Z", "2026-01-01T00:40Z", "2026-01-02T00:20Z"]);
    assert_eq!(
        in_2026("*/25 * * * *"),
        ["2026-01-01T00:00Z", "2026-01-01T00:25Z", "2026-01-01T00:50Z", "2026-01-01T01:00Z"]
    );
    assert_eq!(
        in_2026("0 9-17/4 * * *"),
        ["2026-01-01T09:00Z", "2026-01-01T13:00Z", "2026-01-01T17:00Z", "2026-01-02T09:00Z"]
    );
    assert_eq!(
        in_2026("0 1-2,4-10/6,23 * * *"),
        ["2026-01-01T01:00Z", "2026-01-01T02:00Z", "2026-01-01T04:00Z", "2026-01-01T10:00Z", "2026-01-01T23:00Z"]
    );
    assert_eq!(
        in_2026("0 0 */15 * *"),
        ["2026-01-01T00:00Z", "2026-01-16T00:00Z", "2026-01-31T00:00Z", "2026-02-01T00:00Z"]
    );
    assert_eq!(
        in_2026("0 0 1 */5 *"),
        ["2026-01-01T00:00Z", "2026-06-01T00:00Z", "2026-11-01T00:00Z", "2027-01-01T00:00Z"]
    );
}

#[test]
fn spaces_around_and_between_the_fields_do_not_matter() {
    assert_eq!(Schedule::parse(" \t0  9\t* *   MON-FRI\n").unwrap(), Schedule::parse("0 9 * * 1-5").unwrap());
}

#[test]
fn names_stand_for_numbers_in_any_case() {
    for (names, numbers) in [
        ("0 0 1 JAN,feb,Mar *", "0 0 1 1,2,3 *"),
        ("0 0 1 apr-DEC/2 *", "0 0 1 4-12/2 *"),
        ("0 0 * * sun", "0 0 * * 0"),
        ("0 0 * * Mon-fRI", "0 0 * * 1-5"),
        ("0 0 * * TUE,THU,SAT", "0 0 * * 2,4,6"),
    ] {
        assert_eq!(Schedule::parse(names).unwrap(), Schedule::parse(numbers).unwrap(), "{names}");
    }
}

#[test]
fn both_zero_and_seven_are_sunday() {
    for sunday in ["0 0 * * 0", "0 0 * * 7", "0 0 * * 0,7", "0 0 * * SUN", "@weekly"] {
        assert_eq!(in_2026(sunday), ["2026-01-04T00:00Z", "2026-01-11T00:00Z"], "{sunday}");
    }
    assert_eq!(
        in_2026("0 0 * * 5-7"),
        ["2026-01-02T00:00Z", "2026-01-03T00:00Z", "2026-01-04T00:00Z", "2026-01-09T00:00Z"]
    );
    assert_eq!(Schedule::parse("0 0 * * 0-6").unwrap().pattern, Schedule::parse("0 0 * * 1-7").unwrap().pattern);
}

#[test]
fn nicknames_stand_for_what_debian_says() {
    for (nickname, fields) in [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
        (" @Daily ", "0 0 * * *"),
    ] {
        assert_eq!(Schedule::parse(nickname).unwrap(), Schedule::parse(fields).unwrap(), "{nickname}");
    }
}

#[test]
fn where_both_day_fields_are_restricted_either_is_enough() {
    assert_eq!(
        in_2026("0 0 13 * FRI"),
        ["2026-01-02T00:00Z", "2026-01-09T00:00Z", "2026-01-13T00:00Z", "2026-01-16T00:00Z"]
    );
    assert_eq!(in_2026("0 0 31 2 MON"), ["2026-02-02T00:00Z", "2026-02-09T00:00Z"]);
}

#[test]
fn where_one_day_field_begins_with_a_star_both_must_match() {
    assert_eq!(in_2026("0 0 13 * *"), ["2026-01-13T00:00Z", "2026-02-13T00:00Z"]);
    assert_eq!(in_2026("0 0 * * FRI"), ["2026-01-02T00:00Z", "2026-01-09T00:00Z"]);
    assert_eq!(in_2026("0 0 */2 * FRI"), ["2026-01-09T00:00Z", "2026-01-23T00:00Z", "2026-02-13T00:00Z"]);
    assert_eq!(in_2026("0 0 13 * */5"), ["2026-02-13T00:00Z", "2026-03-13T00:00Z", "2026-09-13T00:00Z"]);
    assert_eq!(in_2026("0 0 *,3 * FRI"), ["2026-01-02T00:00Z", "2026-01-09T00:00Z"]);
}

#[test]
fn months_that_are_too_short_are_passed_over() {
    assert_eq!(in_2026("0 0 31 * *"), ["2026-01-31T00:00Z", "2026-03-31T00:00Z", "2026-05-31T00:00Z"]);
    assert_eq!(in_2026("0 0 30 1-3 *"), ["2026-01-30T00:00Z", "2026-03-30T00:00Z", "2027-01-30T00:00Z"]);
}

#[test]
fn leap_days_are_found_across_a_century_without_one() {
    assert_eq!(in_2026("0 0 29 2 *"), ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]);
    assert_eq!(ticks("0 0 29 2 *", "UTC", "2096-02-29T00:00:00Z", 2), ["2104-02-29T00:00Z", "2108-02-29T00:00Z"]);
    assert_eq!(ticks("0 0 29 2 *", "Europe/Berlin", "2096-02-29T00:00:00Z", 1), ["2104-02-28T23:00Z"]);
    assert_eq!(ticks("0 * 29 2 *", "Europe/Berlin", "2096-03-01T00:00:00Z", 1), ["2104-02-28T23:00Z"]);
}

#[test]
fn leap_days_of_one_weekday_are_found_forty_years_ahead() {
    // A Sunday, by the rule for a day of week that begins with a star.
    assert_eq!(ticks("0 0 29 2 */7", "UTC", "2060-02-29T00:00:00Z", 2), ["2088-02-29T00:00Z", "2128-02-29T00:00Z"]);
}

#[test]
fn ticks_end_at_the_last_moment_asked_for_and_at_the_most() {
    let schedule = Schedule::parse("0 * * * *").unwrap();
    let utc = zone("UTC").unwrap();
    let hours = |until, most| schedule.ticks(at("2026-01-01T00:00:00Z"), at(until), most, &utc).len();
    assert_eq!(hours("2026-01-01T03:00:00Z", 100), 3);
    assert_eq!(hours("2026-01-01T02:59:59.999999Z", 100), 2);
    assert_eq!(hours("2027-01-01T00:00:00Z", 5), 5);
    assert_eq!(hours("2027-01-01T00:00:00Z", 0), 0);
    assert_eq!(hours("2025-01-01T00:00:00Z", 5), 0);
}

#[test]
fn at_the_end_of_the_calendar_there_are_no_more_ticks() {
    let schedule = Schedule::parse("0 0 * * *").unwrap();
    for name in ["UTC", "America/New_York", "Asia/Tokyo"] {
        let zone = zone(name).unwrap();
        assert_eq!(schedule.next_after(at("9999-12-30T22:00:00Z"), &zone), None);
        assert_eq!(schedule.next_after(Timestamp::from_micros(i64::MAX), &zone), None);
        assert!(schedule.next_after(Timestamp::from_micros(i64::MIN), &zone).is_some());
    }
}
