use proptest::prelude::*;

use super::*;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9*/,-]{1,6}",
        2 => r"\*(/[0-9]{1,2})?",
        2 => "[0-9]{1,2}(-[0-9]{1,2})?(/[0-9]{1,2})?",
        1 => "(?i)(jan|feb|dec|sun|mon|sat)(-(mar|sat|7))?",
    ]
}

fn any_zone() -> impl Strategy<Value = Zone> {
    prop::sample::select(Zone::names().collect::<Vec<_>>()).prop_map(|name| zone(name).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_text(text in any::<String>()) {
        let _ = Schedule::parse(&text);
        let _ = zone(&text);
    }

    #[test]
    fn whatever_the_expression_and_time(
        words in prop::collection::vec(word(), 5), micros in any::<i64>(), zone in any_zone(),
    ) {
        if let Ok(schedule) = Schedule::parse(&words.join(" ")) {
            for at in [micros, micros / 10_000, i64::MIN, i64::MAX] {
                let at = Timestamp::from_micros(at);
                prop_assert!(schedule.next_after(at, &zone).is_none_or(|next| next > at));
            }
        }
    }
}
