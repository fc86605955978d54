use super::*;

fn message(expression: &str) -> String {
    match Schedule::parse(expression) {
        Err(crate::Error::Invalid(message)) => message,
        other => panic!("{expression:?} gave {other:?}"),
    }
}

fn assert_says(expression: &str, parts: &[&str]) {
    let message = message(expression);
    assert!(parts.iter().all(|part| message.contains(part)), "{expression:?}: {message}");
}

#[test]
fn a_wrong_field_is_named_with_its_text_and_what_is_allowed() {
    assert_eq!(
        message("0 25 * * *"),
        r#"cron_expression is "0 25 * * *": in its hour field, "25" is out of range; allowed are 0 to 23, *, ranges such as 1-3, steps such as */2 and lists of these with commas"#
    );
    for (expression, field, text, allowed) in [
        ("60 * * * *", "minute", "\"60\"", "0 to 59"),
        ("99999999999 * * * *", "minute", "\"99999999999\"", "0 to 59"),
        ("-1 * * * *", "minute", "\"-1\"", "0 to 59"),
        ("+1 * * * *", "minute", "\"+1\"", "0 to 59"),
        ("1.5 * * * *", "minute", "\"1.5\"", "0 to 59"),
        ("* 1,24 * * *", "hour", "\"24\"", "0 to 23"),
        ("* 1,,2 * * *", "hour", "\"\"", "0 to 23"),
        ("* 1- * * *", "hour", "\"1-\"", "0 to 23"),
        ("* 1-2-3 * * *", "hour", "\"1-2-3\"", "0 to 23"),
        ("* 1-25/2 * * *", "hour", "\"1-25/2\"", "0 to 23"),
        ("* * 0 * *", "day of month", "\"0\"", "1 to 31"),
        ("* * 32 * *", "day of month", "\"32\"", "1 to 31"),
        ("* * L * *", "day of month", "\"L\"", "1 to 31"),
        ("* * ? * *", "day of month", "\"?\"", "1 to 31"),
        ("* * ** * *", "day of month", "\"**\"", "1 to 31"),
        ("* * *-5 * *", "day of month", "\"*-5\"", "1 to 31"),
        ("* * * 13 *", "month", "\"13\"", "JAN to DEC"),
        ("* * * MON *", "month", "\"MON\"", "JAN to DEC"),
        ("* * * JANUARY *", "month", "\"JANUARY\"", "JAN to DEC"),
        ("* * * * 8", "day of week", "\"8\"", "both 0 and 7 are Sunday"),
        ("* * * * JAN", "day of week", "\"JAN\"", "SUN to SAT"),
        ("* * * * MON#1", "day of week", "\"MON#1\"", "SUN to SAT"),
        ("* * * * mon\u{1}", "day of week", r#""mon\u{1}""#, "SUN to SAT"),
    ] {
        assert_says(expression, &[&format!("in its {field} field, {text}"), allowed]);
    }
}

#[test]
fn a_step_is_a_number_that_fits_the_field_and_follows_a_star_or_a_range() {
    assert_says("*/0 * * * *", &["minute field", "\"*/0\"", "from 1 to 60"]);
    assert_says("*/61 * * * *", &["minute field", "\"*/61\"", "from 1 to 60"]);
    assert_says("* */ * * *", &["hour field", "\"*/\"", "from 1 to 24"]);
    assert_says("* */2/3 * * *", &["hour field", "\"*/2/3\"", "from 1 to 24"]);
    assert_says("* * * */FEB *", &["month field", "\"*/FEB\"", "from 1 to 12"]);
    assert_says("* * * * */8", &["day of week field", "\"*/8\"", "from 1 to 7"]);
    assert_says("5/15 * * * *", &["minute field", "\"5/15\"", "write 5-59/15"]);
    assert_says("* * * * MON/2", &["day of week field", "\"MON/2\"", "write 1-6/2"]);
    assert!(Schedule::parse("*/60 */24 */31 */12 */7").is_ok());
}

#[test]
fn a_range_that_wraps_around_is_refused_with_what_to_write() {
    assert_says("* 22-5 * * *", &["hour field", "\"22-5\"", "write 22-23,0-5"]);
    assert_says("* * * NOV-FEB *", &["month field", "\"NOV-FEB\"", "write 11-12,1-2"]);
    assert_says("* * * * FRI-MON", &["day of week field", "\"FRI-MON\"", "write 5-6,0-1"]);
    assert_says("* * * * sat-sun", &["day of week field", "\"sat-sun\"", "write 6-7"]);
    for instead in ["* 22-23,0-5 * * *", "* * * 11-12,1-2 *", "* * * * 5-6,0-1", "* * * * 6-7"] {
        assert!(Schedule::parse(instead).is_ok(), "{instead}");
    }
}

#[test]
fn there_are_five_fields() {
    assert_says("", &["is empty", "minute, hour, day of month, month and day of week"]);
    assert_says(" \t ", &["is empty"]);
    assert_says("*", &["has 1 field;"]);
    assert_says("* * * *", &["has 4 fields;"]);
    assert_says("*/10 * * * * *", &["six fields", "seconds and years are not known", "leave five: minute, hour"]);
    assert_says("* * * * * * *", &["has 7 fields;"]);
}

#[test]
fn an_unknown_nickname_is_answered_with_those_there_are() {
    for expression in ["@reboot", "@every 5m", "@", "@daily @hourly"] {
        assert_says(expression, &[expression, "@yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly"]);
    }
}

#[test]
fn an_expression_that_is_never_due_is_refused() {
    for (expression, month, day) in [
        ("0 0 30 2 *", "\"2\"", "\"30\""),
        ("0 0 31 4,6 *", "\"4,6\"", "\"31\""),
        ("0 0 31 FEB-FEB */2", "\"FEB-FEB\"", "\"31\""),
        ("* * 30-31 2 *", "\"2\"", "\"30-31\""),
        ("0 0 31 4,6,9,11 *", "\"4,6,9,11\"", "\"31\""),
    ] {
        assert_says(expression, &["never due", month, day]);
    }
    for expression in ["0 0 29 2 *", "0 0 30 2 MON", "0 0 31 4-5 *", "0 0 29 2 */7", "0 0 */30 2 *"] {
        assert!(Schedule::parse(expression).is_ok(), "{expression}");
    }
}

#[test]
fn the_length_is_bounded() {
    let list = |count| format!("{} * * * *", vec!["1"; count].join(","));
    assert_eq!(list(124).len(), 255);
    assert!(Schedule::parse(&list(124)).is_ok());
    assert_eq!(message(&list(125)), "cron_expression has 257 characters: at most 255 are allowed");
}

#[test]
fn zones_are_known_by_name_in_any_case() {
    assert_eq!(zone("europe/berlin").unwrap().name(), "Europe/Berlin");
    assert_eq!(zone("UTC").unwrap().name(), "UTC");
    for name in Zone::names() {
        assert_eq!(zone(name).unwrap().name(), name);
    }
}

#[test]
fn an_unknown_zone_is_named_with_the_form_that_is_wanted() {
    let message = |name: &str| zone(name).unwrap_err().to_string();
    for name in ["Mars/Olympus", "", "+02:00", "CEST", "../../etc/passwd", "Europe/Berlin\0"] {
        let message = message(name);
        assert!(message.contains(&format!("timezone is {name:?}")) && message.contains("'Europe/Berlin'"), "{message}");
    }
    assert!(message("new york").ends_with("; perhaps 'America/New_York' was meant"), "{}", message("new york"));
    assert!(message(&"x".repeat(100_000)).len() < 200);
}
