//! URLs and settings of Redis.

use std::fs;
use std::time::Duration;

use super::{CERTIFICATE, KEY, StoreOptions, location, read, refused, refused_with};
use crate::storage::options::{RedisAddress, RedisOptions};

fn redis_with(url: &str, pairs: &[(&str, &str)]) -> RedisOptions {
    match read(Some(url), pairs).unwrap() {
        StoreOptions::Redis(options) => *options,
        other => panic!("not Redis: {other:?}"),
    }
}

pub(super) fn redis(url: &str) -> RedisOptions {
    redis_with(url, &[])
}

fn tcp(host: &str, port: u16) -> RedisAddress {
    RedisAddress::Tcp(host.to_owned(), port)
}

#[test]
fn a_full_url_is_read_part_by_part() {
    let options = redis("redis://app:p%40s%2Fs@cache.example:6380/3?key_prefix=shop:&response_timeout=2.5");
    assert_eq!(options.nodes, [tcp("cache.example", 6380)]);
    assert_eq!((options.username.as_deref(), options.password.as_deref()), (Some("app"), Some("p@s/s")));
    assert_eq!((options.db, options.key_prefix.as_str()), (3, "shop:"));
    assert_eq!(options.response_timeout, Duration::from_millis(2500));
    assert_eq!((options.tls, options.cluster), (None, false));
}

#[test]
fn an_empty_url_has_the_defaults() {
    for url in ["redis://", "redis:///", "valkey://localhost", "redis://localhost:6379/0"] {
        let options = redis(url);
        assert_eq!(options.nodes, [tcp("localhost", 6379)], "{url}");
        assert_eq!((options.username, options.password), (None, None));
        assert_eq!((options.db, options.key_prefix.as_str(), options.cluster), (0, "dq:", false));
        assert_eq!(options.connect_timeout, Duration::from_secs(10));
        assert_eq!(options.response_timeout, Duration::from_secs(30));
    }
}

#[test]
fn a_password_needs_no_user_and_a_user_needs_a_password() {
    let options = redis("redis://:secret@h");
    assert_eq!((options.username, options.password.as_deref()), (None, Some("secret")));
    let options = redis("redis://app:@h");
    assert_eq!((options.username.as_deref(), options.password.as_deref()), (Some("app"), Some("")));
    let options = redis_with("redis://app@h", &[("password", "secret")]);
    assert_eq!((options.username.as_deref(), options.password.as_deref()), (Some("app"), Some("secret")));
    let message = refused("redis://Zq9@h");
    assert!(message.contains("redis://:password@host") && !message.contains("Zq9"), "{message}");
}

#[test]
fn a_cluster_is_named_by_some_of_its_servers() {
    let options = redis("redis+cluster://h1:7000,h2,[::1]:7002");
    assert_eq!(options.nodes, [tcp("h1", 7000), tcp("h2", 6379), tcp("::1", 7002)]);
    assert!(options.cluster);
    assert!(redis_with("redis://h1,h2", &[("cluster", "true")]).cluster);
    let options = redis("rediss+cluster://h1/0?key_prefix={shop}:");
    assert!(options.cluster && options.tls.is_some());
    assert!(refused("redis+cluster://h1/1").contains("key_prefix"));
    assert!(refused("redis+cluster://h1?cluster=false").contains("contradict"));
    let message = refused("redis://h1,h2");
    assert!(message.contains("2 servers") && message.contains("redis+cluster://"), "{message}");
}

#[test]
fn sentinels_are_named_with_the_service_that_they_watch_over() {
    let options = redis("redis+sentinel://app:secret@s1,s2:7,[::1]/my%20master/3?sentinel_password=Zq9");
    assert_eq!(options.nodes, [tcp("s1", 26379), tcp("s2", 7), tcp("::1", 26379)]);
    assert_eq!(
        (options.username.as_deref(), options.password.as_deref(), options.db),
        (Some("app"), Some("secret"), 3)
    );
    let sentinel = options.sentinel.clone().unwrap();
    assert_eq!((sentinel.service.as_str(), sentinel.password.as_deref()), ("my master", Some("Zq9")));
    assert_eq!(sentinel.username, None);
    assert!(!format!("{options:?}").contains("Zq9"));
    for (url, pairs) in [
        ("valkeys+sentinel://s1/m", &[][..]),
        ("rediss://s1:26379?service_name=m", &[]),
        ("redis://", &[("host", "s1:26379"), ("service_name", "m"), ("tls", "true")]),
    ] {
        let options = redis_with(url, pairs);
        assert_eq!((options.nodes, options.db), (vec![tcp("s1", 26379)], 0), "{url}");
        assert!(options.tls.is_some() && options.sentinel.unwrap().service == "m", "{url}");
    }
    let options = redis("redis+sentinel://s1/m?sentinel_username=app&sentinel_password=");
    assert_eq!(options.sentinel.unwrap().password.as_deref(), Some(""));
}

#[test]
fn what_sentinels_cannot_be_is_refused_with_the_remedy() {
    for (url, why) in [
        ("redis+sentinel://s1,s2", "redis+sentinel://host1:26379,host2:26379/service_name"),
        ("redis+sentinel://s1/", "sentinel monitor"),
        ("redis+sentinel://s1//0", "sentinel monitor"),
        ("redis+sentinel://s1/m/x", "`db` is `x`"),
        ("redis+sentinel://s1/m/0/1", "`db` is `0/1`"),
        ("redis+sentinel://s1/m?cluster=true", "a cluster has no sentinels"),
        ("redis+cluster://h1?service_name=m", "a cluster has no sentinels"),
        ("redis+unix:///run/redis.sock?service_name=m", "host:port"),
        ("redis+sentinel://app@s1/m", "without a password"),
        ("redis+sentinel://s1/m?sentinel_username=app", "without `sentinel_password`"),
        ("redis://h?sentinel_password=Zq9", "`sentinel_password` is for sentinels"),
        ("redis://h?sentinel_username=a", "`sentinel_username` is for sentinels"),
        ("redis://h1,h2", "redis+sentinel://"),
    ] {
        let message = refused(url);
        assert!(message.contains(why) && !message.contains("Zq9"), "{url}: {message}");
    }
}

#[test]
fn a_unix_socket_is_named_by_its_file() {
    for url in [
        "redis+unix:///run/redis%20a.sock?db=1",
        "unix:///run/redis%20a.sock?db=1",
        "valkey+unix:///run/redis%20a.sock?db=1",
    ] {
        let options = redis(url);
        assert_eq!(options.nodes, [RedisAddress::Unix("/run/redis a.sock".into())]);
        assert_eq!(options.db, 1);
    }
    let options = redis("redis+unix://app:secret@/run/redis.sock");
    assert_eq!((options.username.as_deref(), options.password.as_deref()), (Some("app"), Some("secret")));
    assert_eq!(
        redis_with("redis://", &[("host", "/run/a,b.sock")]).nodes,
        [RedisAddress::Unix("/run/a,b.sock".into())]
    );
    for url in ["redis+unix://run/redis.sock", "unix://", "unix:///"] {
        assert!(refused(url).contains("redis+unix:///run/redis.sock"), "{url}");
    }
    assert!(refused("unix:///run/redis.sock?port=1").contains("`port`"));
    assert!(refused("unix:///run/redis.sock?cluster=true").contains("cluster"));
    assert!(refused("unix:///run/redis.sock?tls=true").contains("`tls`"));
}

#[test]
fn settings_win_over_the_query_and_the_query_over_the_url() {
    let options = redis_with("redis://a:b@h:1/2?db=3&user=c", &[("port", "9"), ("db", "4"), ("password", "d")]);
    assert_eq!(options.nodes, [tcp("h", 9)]);
    assert_eq!((options.db, options.username.as_deref(), options.password.as_deref()), (4, Some("c"), Some("d")));
}

#[test]
fn tls_verifies_unless_told_not_to() {
    for (url, pairs) in [("rediss://h", &[][..]), ("redis://h?tls=true", &[]), ("redis://h", &[("tls", "on")])] {
        let tls = redis_with(url, pairs).tls.unwrap();
        assert_eq!((tls.verify, tls.ca, tls.cert, tls.key), (true, None, None, None));
    }
    assert!(!redis("rediss://h?ssl_reject_unauthorized=false").tls.unwrap().verify);
    assert!(redis("redis://h?tls=false").tls.is_none());
}

#[test]
fn certificates_are_text_or_files() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, CERTIFICATE).unwrap();
    let by_url = format!("file://{}", ca.display());
    let options = redis_with("rediss://h", &[("ssl_ca", &by_url), ("ssl_cert", CERTIFICATE), ("ssl_key", KEY)]);
    let tls = options.tls.clone().unwrap();
    assert_eq!((tls.ca.as_deref(), tls.cert.as_deref()), (Some(CERTIFICATE), Some(CERTIFICATE.trim())));
    assert_eq!((tls.key.as_deref(), tls.verify), (Some(KEY.trim()), true));
    assert!(!format!("{options:?}").contains("MIIE"));
    let missing = refused_with("rediss://h", &[("ssl_ca", "file:///no/such/ca.crt")]);
    assert!(missing.contains("`/no/such/ca.crt`") && missing.contains("ssl_ca"), "{missing}");
    let not_pem = refused_with("rediss://h", &[("ssl_cert", CERTIFICATE), ("ssl_key", "Zq9-secret")]);
    assert!(not_pem.contains("ssl_key") && !not_pem.contains("Zq9"), "{not_pem}");
}

#[test]
fn contradictions_about_tls_name_what_to_mend() {
    assert!(refused("rediss://h?tls=false").contains("contradict"));
    for option in ["ssl_ca", "ssl_cert", "ssl_key", "ssl_reject_unauthorized"] {
        let message = refused_with("redis://h", &[(option, "true")]);
        assert!(message.contains(option) && message.contains("rediss://"), "{message}");
    }
    assert!(
        refused_with("rediss://h", &[("ssl_ca", CERTIFICATE), ("ssl_reject_unauthorized", "no")])
            .contains("remove one")
    );
    assert!(refused_with("rediss://h", &[("ssl_cert", CERTIFICATE)]).contains("ssl_key"));
}

#[test]
fn a_key_prefix_has_a_shape() {
    for prefix in ["a", "my app:", "{shop}:", "eu:{shop}:jobs:", "größe:", &"x".repeat(200)] {
        assert_eq!(redis_with("redis://h", &[("key_prefix", prefix)]).key_prefix, prefix);
    }
    for (prefix, why) in [
        ("", "empty"),
        (":", "more than colons"),
        ("a\nb:", "control characters"),
        (&"x".repeat(201), "200 bytes"),
        ("{}:", "hash tag"),
        ("a{b:", "hash tag"),
        ("a}b:", "hash tag"),
        ("{a}{b}", "hash tag"),
        ("{{a}}", "hash tag"),
    ] {
        let message = refused_with("redis://h", &[("key_prefix", prefix)]);
        assert!(message.contains("key_prefix") && message.contains(why), "{message}");
    }
    assert!(refused("redis://h?key_prefix=").contains("empty"));
}

#[test]
fn unknown_options_are_named_with_those_allowed() {
    let message = refused("redis://h?colour=red");
    assert!(message.contains("`colour`") && message.contains("key_prefix"), "{message}");
    assert!(refused("redis://h?pool_max=3").contains("`pool_max`"));
    for option in ["ssl_cert_reqs", "socket_timeout", "decode_responses"] {
        let message = refused(&format!("redis://h?{option}=1"));
        assert!(message.contains(option) && message.contains("redis-py"), "{message}");
    }
    assert!(refused("postgresql://h?key_prefix=a").contains("`key_prefix`"));
}

#[test]
fn numbers_are_refused_with_their_name_and_value() {
    for (key, value) in [
        ("db", "-1"),
        ("db", "one"),
        ("db", "2147483648"),
        ("port", "0"),
        ("port", "65536"),
        ("connect_timeout", "0"),
        ("response_timeout", "inf"),
        ("tls", "maybe"),
        ("cluster", "2"),
    ] {
        let message = refused_with("redis://h", &[(key, value)]);
        assert!(message.contains(key) && message.contains(value) && message.contains("must be"), "{message}");
    }
    assert!(refused("redis://h/jobs").contains("`db` is `jobs`"));
}

#[test]
fn a_location_holds_no_password() {
    for (url, place) in [
        ("redis://app:Zq9@h/1", "redis://app@h:6379/1"),
        ("rediss://:Zq9@h?key_prefix=a:", "rediss://h:6379/0?key_prefix=a:"),
        ("redis+cluster://app:Zq9@h1,h2", "redis+cluster://app@h1:6379,h2:6379"),
        ("unix:///run/redis.sock?password=Zq9", "redis+unix:///run/redis.sock"),
    ] {
        assert_eq!(location(&read(Some(url), &[]).unwrap()), place);
    }
}
