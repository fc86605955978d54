mod redis;
mod secrets;

use std::fs;
use std::time::Duration;

use super::*;
use crate::storage::options::{PostgresOptions, SqliteOptions, TlsMode};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n";

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn read(url: Option<&str>, pairs: &[(&str, &str)]) -> Result<StoreOptions> {
    parse_in(url, &settings(pairs), &|name| (name == "PGUSER").then(|| "os".to_owned()))
}

fn postgres_with(url: &str, pairs: &[(&str, &str)]) -> PostgresOptions {
    match read(Some(url), pairs).unwrap() {
        StoreOptions::Postgres(options) => *options,
        other => panic!("not PostgreSQL: {other:?}"),
    }
}

fn postgres(url: &str) -> PostgresOptions {
    postgres_with(url, &[])
}

fn sqlite(url: &str) -> SqliteOptions {
    match read(Some(url), &[]).unwrap() {
        StoreOptions::Sqlite(options) => options,
        other => panic!("not SQLite: {other:?}"),
    }
}

fn refused(url: &str) -> String {
    refused_with(url, &[])
}

fn refused_with(url: &str, pairs: &[(&str, &str)]) -> String {
    read(Some(url), pairs).unwrap_err().to_string()
}

fn mode(pairs: &[(&str, &str)]) -> TlsMode {
    postgres_with("postgresql://h", pairs).tls.mode
}

#[test]
fn a_full_url_is_read_part_by_part() {
    let options = postgres("postgresql://app:p%40s%2Fs@db.example:6432/jobs?application_name=web&pool_max=3");
    assert_eq!(options.hosts, [("db.example".to_owned(), 6432)]);
    assert_eq!((options.user.as_str(), options.database.as_str()), ("app", "jobs"));
    assert_eq!(options.password.as_deref(), Some("p@s/s"));
    assert_eq!((options.application_name.as_str(), options.pool_max, options.pool_min), ("web", 3, 0));
    assert_eq!(options.tls.mode, TlsMode::Prefer);
}

#[test]
fn an_empty_url_has_the_defaults() {
    let options = postgres("postgres://");
    assert_eq!(options.hosts, [("localhost".to_owned(), 5432)]);
    assert_eq!((options.user.as_str(), options.database.as_str(), options.schema.as_str()), ("os", "os", "public"));
    assert_eq!((options.pool_max, options.connect_timeout), (10, Duration::from_secs(10)));
    assert_eq!((options.statement_timeout, options.pgbouncer), (Duration::from_secs(30), false));
    assert_eq!((options.password, options.options), (None, None));
}

#[test]
fn without_a_database_it_is_named_as_the_user() {
    assert_eq!(postgres("postgresql://app@h").database, "app");
    assert_eq!(postgres("postgresql://app@h/").database, "app");
}

#[test]
fn several_hosts_keep_their_ports_and_their_order() {
    let options = postgres("postgresql://a@h1:1,h2,[::1]:3/d");
    assert_eq!(options.hosts, [("h1".to_owned(), 1), ("h2".to_owned(), 5432), ("::1".to_owned(), 3)]);
    let options = postgres_with("postgresql://", &[("host", "h1:1,h2"), ("user", "a")]);
    assert_eq!(options.hosts, [("h1".to_owned(), 1), ("h2".to_owned(), 5432)]);
    let options = postgres_with("postgresql://", &[("host", "h1,::1"), ("port", "7")]);
    assert_eq!(options.hosts, [("h1".to_owned(), 7), ("::1".to_owned(), 7)]);
    assert!(refused_with("postgresql://", &[("host", "a,b,c"), ("port", "1,2")]).contains("2 ports for 3 hosts"));
}

#[test]
fn a_socket_directory_stands_where_a_host_does() {
    assert_eq!(postgres("postgresql://app@%2Fvar%2Frun:5433/d").hosts, [("/var/run".to_owned(), 5433)]);
    assert_eq!(postgres("postgresql:///d?host=/var/run").hosts, [("/var/run".to_owned(), 5432)]);
}

#[test]
fn settings_win_over_the_query_and_the_query_over_the_url() {
    let options = postgres_with("postgresql://a@h:1/d?user=b&dbname=e&pool_max=4", &[("user", "c"), ("port", "9")]);
    assert_eq!((options.user.as_str(), options.database.as_str(), options.pool_max), ("c", "e", 4));
    assert_eq!(options.hosts, [("h".to_owned(), 9)]);
}

#[test]
fn settings_alone_tell_the_backend() {
    assert!(matches!(read(None, &[("host", "db")]), Ok(StoreOptions::Postgres(_))));
    assert!(matches!(read(None, &[("path", "a.db")]), Ok(StoreOptions::Sqlite(_))));
    assert!(matches!(read(None, &[("url", "sqlite:///a.db")]), Ok(StoreOptions::Sqlite(_))));
    assert!(read(None, &[]).unwrap_err().to_string().contains("sqlite:///"));
    assert!(refused_with("sqlite:///a", &[("url", "sqlite:///b")]).contains("twice"));
    assert!(matches!(read(None, &[("key_prefix", "a:")]), Ok(StoreOptions::Redis(_))));
    assert!(matches!(read(None, &[("db", "1"), ("host", "h")]), Ok(StoreOptions::Redis(_))));
    assert!(matches!(read(None, &[("url", "redis://h")]), Ok(StoreOptions::Redis(_))));
    assert!(read(None, &[("path", "a.db"), ("host", "db")]).unwrap_err().to_string().contains("`host`"));
}

#[test]
fn the_schema_is_named_or_the_first_of_the_search_path() {
    for (query, schema) in [
        ("schema=Own&search_path=other", "Own"),
        ("search_path=first,second", "first"),
        ("search_path=%20First%20,second", "first"),
        ("search_path=%22Quoted%22%22Name%22,second", "Quoted\"Name"),
        ("search_path=%22%24user%22,mine", "mine"),
        ("search_path=$user", "public"),
        ("options=-csearch_path%3Dx", "x"),
        ("options=-c%20search_path%3Dx,public", "x"),
        ("options=-c%20jit%3Doff%20--search-path%3Dy", "y"),
        ("options=-csearch_path%3D%22a%5C%20b%22", "a b"),
        ("options=-cjit%3Doff", "public"),
    ] {
        assert_eq!(postgres(&format!("postgresql://h?{query}")).schema, schema, "{query}");
    }
    assert_eq!(
        postgres("postgresql://h?options=-csearch_path%3Dx").options.as_deref(),
        Some("-csearch_path=x"),
        "the server gets them as they are"
    );
    assert!(refused("postgresql://h?schema=pg_mine").contains("pg_"));
    assert!(refused(&format!("postgresql://h?schema={}", "x".repeat(64))).contains("64 bytes"));
}

#[test]
fn through_pgbouncer_only_a_search_path_may_stand_in_options() {
    let options = postgres("postgresql://h?pgbouncer=true&options=-c%20search_path%3Dx");
    assert_eq!((options.schema.as_str(), options.options, options.pgbouncer), ("x", None, true));
    assert!(refused("postgresql://h?pgbouncer=true&options=-cjit%3Doff").contains("PgBouncer"));
}

#[test]
fn every_sslmode_has_its_meaning() {
    for (name, meaning) in [
        ("disable", TlsMode::Disable),
        ("allow", TlsMode::Prefer),
        ("prefer", TlsMode::Prefer),
        ("require", TlsMode::Require),
        ("verify-ca", TlsMode::VerifyCa),
        ("verify-full", TlsMode::VerifyFull),
    ] {
        assert_eq!(mode(&[("sslmode", name)]), meaning, "{name}");
    }
    assert!(refused("postgresql://h?sslmode=yes").contains("`yes`"));
}

#[test]
fn an_authority_means_verification() {
    assert_eq!(mode(&[("ssl_ca", CERTIFICATE)]), TlsMode::VerifyFull);
    assert_eq!(mode(&[("ssl_ca", CERTIFICATE), ("sslmode", "require")]), TlsMode::VerifyCa);
    assert_eq!(mode(&[("ssl_ca", CERTIFICATE), ("sslmode", "verify-ca")]), TlsMode::VerifyCa);
    assert_eq!(mode(&[("ssl_reject_unauthorized", "true")]), TlsMode::VerifyFull);
    assert_eq!(mode(&[("ssl_reject_unauthorized", "true"), ("sslmode", "require")]), TlsMode::VerifyFull);
    assert_eq!(mode(&[("ssl_reject_unauthorized", "false")]), TlsMode::Require);
    let system = postgres("postgresql://h?sslrootcert=system").tls;
    assert_eq!((system.mode, system.ca), (TlsMode::VerifyFull, None));
}

#[test]
fn contradictions_about_tls_name_what_to_remove() {
    for pairs in [
        &[("sslmode", "disable"), ("ssl_ca", CERTIFICATE)][..],
        &[("sslmode", "disable"), ("ssl_reject_unauthorized", "true")],
        &[("sslmode", "disable"), ("ssl_cert", CERTIFICATE), ("ssl_key", KEY)],
        &[("sslmode", "verify-full"), ("ssl_reject_unauthorized", "false")],
        &[("sslmode", "prefer"), ("ssl_ca", CERTIFICATE)],
        &[("ssl_ca", CERTIFICATE), ("ssl_reject_unauthorized", "false")],
        &[("sslrootcert", "system"), ("sslmode", "require")],
    ] {
        let message = refused_with("postgresql://h", pairs);
        assert!(message.contains("remove one"), "{pairs:?}: {message}");
    }
    assert!(refused_with("postgresql://h", &[("ssl_cert", CERTIFICATE)]).contains("ssl_key"));
    assert!(refused_with("postgresql://h", &[("ssl_key", KEY)]).contains("ssl_cert"));
}

#[test]
fn certificates_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, key) = (folder.path().join("ca.crt"), folder.path().join("client key.pem"));
    fs::write(&ca, CERTIFICATE).unwrap();
    fs::write(&key, KEY).unwrap();
    let (ca, key) = (ca.to_str().unwrap(), key.to_str().unwrap());
    let by_url = format!("file://{ca}");
    let options = postgres_with("postgresql://h", &[("ssl_ca", &by_url), ("ssl_cert", CERTIFICATE), ("sslkey", key)]);
    assert_eq!(options.tls.ca.as_deref(), Some(CERTIFICATE));
    assert_eq!(options.tls.key.as_deref(), Some(KEY));
    assert_eq!(postgres_with("postgresql://h", &[("sslrootcert", ca)]).tls.mode, TlsMode::VerifyFull);

    let missing = refused_with("postgresql://h", &[("ssl_ca", "file:///no/such/ca.crt")]);
    assert!(missing.contains("`/no/such/ca.crt`") && missing.contains("ssl_ca"), "{missing}");
    let swapped = refused_with("postgresql://h", &[("ssl_cert", CERTIFICATE), ("ssl_key", &by_url)]);
    assert!(swapped.contains("private key"), "{swapped}");
    let not_pem = refused_with("postgresql://h", &[("ssl_cert", CERTIFICATE), ("ssl_key", "Zq9-secret")]);
    assert!(!not_pem.contains("Zq9"), "{not_pem}");
    assert!(!format!("{options:?}").contains("MIIE"));
}

#[test]
fn unknown_options_are_named_with_those_allowed() {
    let message = refused("postgresql://h?colour=red");
    assert!(message.contains("`colour`") && message.contains("pool_max") && message.contains("sslmode"), "{message}");
    for key in ["passfile", "service", "channel_binding", "gssencmode", "krbsrvname", "keepalives_idle"] {
        let message = refused(&format!("postgresql://h?{key}=x"));
        assert!(message.contains(key) && message.contains("libpq"), "{message}");
    }
    assert!(refused("sqlite:///a.db?pool_max=3").contains("`pool_max`"));
    assert!(refused("postgresql://h?dbname=a&database=b").contains("twice"));
}

#[test]
fn numbers_are_refused_with_their_name_and_value() {
    for (key, value) in [
        ("pool_max", "0"),
        ("pool_max", "ten"),
        ("pool_max", "-1"),
        ("pool_max", "1e3"),
        ("pool_min", "99999999999"),
        ("port", "0"),
        ("port", "65536"),
        ("port", "x"),
        ("connect_timeout", "0"),
        ("connect_timeout", "NaN"),
        ("statement_timeout", "-1"),
        ("statement_timeout", "inf"),
        ("statement_timeout", "1e300"),
        ("pgbouncer", "maybe"),
        ("ssl_reject_unauthorized", "2"),
    ] {
        let message = refused_with("postgresql://h", &[(key, value)]);
        assert!(message.contains(key) && message.contains(value) && message.contains("must be"), "{message}");
    }
    assert!(refused("postgresql://h?pool_min=5&pool_max=4").contains("pool_min"));
    assert_eq!(postgres("postgresql://h?connect_timeout=0.25").connect_timeout, Duration::from_millis(250));
}

#[test]
fn sqlite_urls_name_files_or_memory() {
    assert_eq!(sqlite("sqlite:///jobs.db").path, Some("jobs.db".into()));
    assert_eq!(sqlite("sqlite:////var/lib/my%20jobs.db").path, Some("/var/lib/my jobs.db".into()));
    assert_eq!(sqlite("sqlite:///home/me@work/jobs.db").path, Some("home/me@work/jobs.db".into()));
    assert_eq!(sqlite("sqlite://:memory:").path, None);
    assert_eq!(sqlite("sqlite:///:memory:").path, None);
    assert_eq!(sqlite("sqlite:///a.db?busy_timeout=1.5").busy_timeout, Duration::from_millis(1500));
    assert_eq!(sqlite("sqlite:///a.db?busy_timeout=0").busy_timeout, Duration::ZERO);
    assert_eq!(sqlite("sqlite:///a.db").busy_timeout, Duration::from_secs(5));
    assert!(refused("sqlite://jobs.db").contains("sqlite:///relative.db"));
    assert!(refused("sqlite://").contains("path"));
    assert!(refused("sqlite:///a.db?busy_timeout=soon").contains("`soon`"));
}

#[test]
fn other_stores_are_refused() {
    for scheme in ["mysql", "redis+sentinels", "rediss+unix", "redis+", "redisss", "unixs", "valkey+x"] {
        let message = refused(&format!("{scheme}://h"));
        assert!(message.contains(&format!("`{scheme}://`")) && message.contains("redis://host"), "{message}");
    }
    for url in ["", "jobs.db", "host=h password=Zq9", "app:Zq9://h"] {
        let message = refused(url);
        assert!(message.contains("sqlite:///") && !message.contains("Zq9"), "{message}");
    }
}

#[test]
fn locations_lead_back_to_the_same_place() {
    for url in [
        "postgresql://app@[::1]:7,%2Fvar%2Frun:5432/my%20jobs?schema=My%20Schema",
        "postgresql://app@h:5432/app",
        "sqlite:////var/lib/my%20jobs.db",
        "sqlite:///:memory:",
        "sqlite:///C:/jobs.db",
        "redis://h:6379/0",
        "rediss://[::1]:7/3?key_prefix=my%20app:",
        "redis+cluster://h1:6379,h2:7",
        "rediss+cluster://h1:6379",
        "redis+sentinel://h1:26379,[::1]:7/my%20master/0",
        "rediss+sentinel://h1:26379/m/2?key_prefix=a:",
        "redis+unix:///run/my%20redis.sock",
        "redis+unix:///run/redis.sock?db=2&key_prefix=%7Ba%7D:",
    ] {
        assert_eq!(location(&read(Some(url), &[]).unwrap()), url);
    }
    let options = StoreOptions::Postgres(Box::new(postgres("postgresql://app:Zq9@h/d?sslmode=require")));
    assert_eq!(location(&options), "postgresql://app@h:5432/d");
}

#[test]
fn redacting_keeps_the_place() {
    for (url, shown) in [
        ("postgresql://app:Zq9@h:1/d?schema=s&password=Zq9", "postgresql://app:***@h:1/d?schema=s&password=***"),
        ("postgresql://app:Zq@9@h/d", "postgresql://app:***@h/d"),
        ("postgresql://app:Zq/9@h/d", "postgresql://***"),
        ("postgresql://app:Zq9", "postgresql://***"),
        ("redis://:Zq9@h:6379/0", "redis://:***@h:6379/0"),
        ("redis://Zq9@h:6379/0?tls=true&key_prefix=a:", "redis://***@h:6379/0?tls=true&key_prefix=a:"),
        ("rediss+cluster://app:Zq9@h1:1,h2:2", "rediss+cluster://app:***@h1:1,h2:2"),
        (
            "redis+sentinel://:Zq9@h1,h2/m/0?sentinel_username=s&sentinel_password=Zq9",
            "redis+sentinel://:***@h1,h2/m/0?sentinel_username=s&sentinel_password=***",
        ),
        ("redis+unix://:Zq9@/run/redis.sock?db=1", "redis+unix://:***@/run/redis.sock?db=1"),
        ("sqlite:////var/jobs.db", "sqlite:////var/jobs.db"),
        ("Zq9", "***"),
    ] {
        assert_eq!(redact(url), shown);
    }
}
