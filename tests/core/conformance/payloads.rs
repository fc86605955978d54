//! Payloads and outputs: any JSON, with the same meaning on every store, and the same refusals.
//!
//! What holds: values mean the same, numbers to their last digit. What does not: the order of an object's keys, the
//! way a number is written, white space, and a negative zero. Of a key that comes twice the last value counts.

use dataqueue::Error;
use dataqueue::model::{Change, JobEdit, NewJob, Note, NoteKind, Outcome, Settled};
use dataqueue::policy::limits::check_job;

use crate::bench::{Bench, end, job, meaning};

super::tests![payloads:
    any_json_is_read_back_with_the_same_meaning,
    numbers_are_kept_to_their_last_digit,
    text_is_kept_to_its_last_letter,
    a_payload_of_a_megabyte_is_kept,
    a_payload_nested_to_the_limit_is_kept,
    of_a_key_that_comes_twice_the_last_value_counts,
    outputs_and_edited_payloads_are_kept_as_added_ones_are,
    a_batch_keeps_each_payload_apart,
    what_a_store_could_not_keep_is_refused_before,
    what_is_not_refused_is_kept,
];

const VALUES: [&str; 26] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "\"\"",
    "\"text\"",
    "\"null\"",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "{\"a\":[]}",
    "{\"a\":{}}",
    "{\"\":\"\"}",
    "[null]",
    "{\"a\":null}",
    "[1,\"1\",1.0,true,null,[],{}]",
    "{\"b\":1,\"a\":2,\"c\":{\"z\":1,\"y\":[2,1]}}",
    "{\"a b\":1,\"a.b\":2,\"$\":3,\"ключ\":4,\"{schema}\":5,\"'\":6}",
    "  {\t\"a\" :\n[ 1 , 2 ]\r}  ",
    "18446744073709551616",
    "1e308",
    "[0.1,0.2]",
    "\"\\u00fc\\ud83e\\udd80\\\"\\\\\\/\\n\"",
    "\"'; drop table job_queue; --\"",
];

const NUMBERS: [&str; 22] = [
    "1180591620717411303424",
    "-1180591620717411303424",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "9007199254740993",
    "123456789012345678901234567890.123456789012345678901234567890",
    "0.1",
    "0.30000000000000004",
    "1e308",
    "-1.7976931348623157e308",
    "2.2250738585072014e-308",
    "5e-324",
    "1E5",
    "1e+2",
    "1.50",
    "100",
    "0.000001",
    "1e-7",
    "0",
    "-0",
    "-0.0e5",
];

async fn stored(bench: &Bench, payload: &str) -> Vec<u8> {
    let new = NewJob::new("a", payload.to_owned());
    check_job(&new).unwrap_or_else(|error| panic!("{payload:.60}: {error}"));
    let id = bench.add_one(new).await;
    bench.job(id).await.payload.to_vec()
}

async fn is_kept(bench: &Bench, payload: &str) {
    let read = stored(bench, payload).await;
    let same = meaning(&read) == meaning(payload.as_bytes());
    assert!(same, "{payload:.200} came back as {:.200}", String::from_utf8_lossy(&read));
}

pub async fn any_json_is_read_back_with_the_same_meaning(bench: &Bench) {
    for payload in VALUES {
        is_kept(bench, payload).await;
    }
    let claimed = bench.hand().await.claim(&["a"], 100).await;
    for (claimed, payload) in claimed.iter().zip(VALUES) {
        assert_eq!(meaning(&claimed.job.payload), meaning(payload.as_bytes()), "a claim read {payload}");
    }
}

pub async fn numbers_are_kept_to_their_last_digit(bench: &Bench) {
    for number in NUMBERS {
        is_kept(bench, number).await;
        is_kept(bench, &format!("{{\"n\":[{number},{number}]}}")).await;
    }
    is_kept(bench, &"7".repeat(4_000)).await;
    is_kept(bench, &format!("0.{}7", "0".repeat(1_000))).await;
}

pub async fn text_is_kept_to_its_last_letter(bench: &Bench) {
    let every: String = (1..0x3000).chain(0xFFF0..0x1_0010).filter_map(char::from_u32).collect();
    let quoted = serde_json::to_string(&every).unwrap();
    is_kept(bench, &quoted).await;
    is_kept(bench, &format!("{{{quoted}:{quoted}}}")).await;
    for text in ["\u{feff}", "\u{10ffff}", "e\u{301} \u{e9}", "\u{202e}abc", "\\u0000", "\\\\u0000"] {
        is_kept(bench, &serde_json::to_string(text).unwrap()).await;
    }
}

pub async fn a_payload_of_a_megabyte_is_kept(bench: &Bench) {
    let text = format!("\"{}\"", "mégabyte ".repeat(110_000));
    assert!(text.len() > 1 << 20);
    is_kept(bench, &text).await;
    let list: Vec<_> = (0..100_000).map(|at| format!("{{\"at\":{at}}}")).collect();
    is_kept(bench, &format!("[{}]", list.join(","))).await;
}

/// Lists in lists, and objects in objects, this deep.
fn nested(depth: usize) -> [String; 2] {
    let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    [lists, objects]
}

pub async fn a_payload_nested_to_the_limit_is_kept(bench: &Bench) {
    for payload in nested(100) {
        is_kept(bench, &payload).await;
    }
    for payload in nested(500) {
        let mut read = stored(bench, &payload).await;
        read.retain(|byte| *byte != b' ');
        assert!(read == payload.as_bytes(), "{}", String::from_utf8_lossy(&read));
    }
}

pub async fn of_a_key_that_comes_twice_the_last_value_counts(bench: &Bench) {
    let read = stored(bench, "{\"a\":1,\"b\":2,\"a\":[3]}").await;
    assert_eq!(meaning(&read), meaning(b"{\"b\":2,\"a\":[3]}"));
}

pub async fn outputs_and_edited_payloads_are_kept_as_added_ones_are(bench: &Bench) {
    let hand = bench.hand().await;
    for text in VALUES.into_iter().chain(NUMBERS) {
        let id = bench.add_one(job("a")).await;
        let edit = JobEdit { payload: Some(text.to_owned().into()), ..JobEdit::default() };
        assert!(bench.changed(id, Change::Edit(edit)).await);
        let claimed = hand.take("a").await;
        assert_eq!(meaning(&claimed.job.payload), meaning(text.as_bytes()), "edited in");
        let note = Note { lease: claimed.lease, kind: NoteKind::Output(text.to_owned().into()) };
        assert_eq!(bench.note(&[note]).await.unwrap(), [Settled::Applied]);
        let noted = bench.job(id).await.output.unwrap();
        assert_eq!(meaning(&noted), meaning(text.as_bytes()), "noted");
        let output = Some(format!("[{text}]").into());
        assert_eq!(hand.settle(end(&claimed, Outcome::Completed { output })).await, Settled::Applied);
        let output = bench.job(id).await.output.unwrap();
        assert_eq!(meaning(&output), meaning(format!("[{text}]").as_bytes()), "returned");
    }
}

pub async fn a_batch_keeps_each_payload_apart(bench: &Bench) {
    let long = format!("[\"{}\"]", "x".repeat(100_000));
    let payloads: Vec<_> = VALUES.into_iter().chain([long.as_str()]).collect();
    let ids = bench.add_all(payloads.iter().map(|text| NewJob::new("a", (*text).to_owned())).collect()).await;
    for (id, text) in ids.into_iter().zip(payloads) {
        assert_eq!(meaning(&bench.job(id).await.payload), meaning(text.as_bytes()));
    }
}

pub async fn what_a_store_could_not_keep_is_refused_before(bench: &Bench) {
    let [lists, objects] = nested(501);
    let refused: [&[u8]; 30] = [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{\"a\"}",
        b"{'a':1}",
        b"{a:1}",
        b"1 2",
        b"nul",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"0x10",
        b"\"tab\there\"",
        b"\"open",
        b"\"\\x41\"",
        b"\"\\u00g0\"",
        b"\"\xff\"",
        b"\"\\u0000\"",
        b"{\"a\\u0000\":1}",
        b"\"\\ud800\"",
        b"\"\\udc00\\ud800\"",
        b"{\"\\udfff\":1}",
        b"1e200000",
        lists.as_bytes(),
        objects.as_bytes(),
    ];
    for text in refused {
        let checked = check_job(&NewJob::new("a", text.to_vec()));
        let told = format!("{checked:?}");
        let shown = String::from_utf8_lossy(&text[..text.len().min(40)]);
        assert!(matches!(checked, Err(Error::Invalid(_))) && told.contains("the payload"), "{shown}: {told}");
    }
    assert_eq!(bench.count(&dataqueue::model::Filter::default()).await.unwrap(), 0);
}

pub async fn what_is_not_refused_is_kept(bench: &Bench) {
    let edges = [
        "1e400".to_owned(),
        "-1e1000".to_owned(),
        "1e-400".to_owned(),
        "1e-1000".to_owned(),
        format!("{}.{}", "9".repeat(2_000), "9".repeat(2_000)),
        "\"\\ud83e\\udd80\\ud83e\\udd80\"".to_owned(),
        "\"\\\\ud800 \\\\u0000\"".to_owned(),
        "\"\\u0001\\u001f\\u007f\\ufffe\\uffff\"".to_owned(),
        "\u{20}[\u{9}]\u{a}".to_owned(),
    ];
    for text in edges {
        is_kept(bench, &text).await;
    }
}
