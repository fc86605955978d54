//! No password is ever seen, whatever the URL looks like.

use proptest::prelude::*;

use super::{location, postgres, read, redact};

/// Everything that reading a URL lets anyone see.
fn seen(url: &str, pairs: &[(&str, &str)]) -> String {
    let read = read(Some(url), pairs);
    let place = read.as_ref().map(location).unwrap_or_default();
    let message = read.as_ref().map_err(ToString::to_string).err().unwrap_or_default();
    format!("{} {place} {message} {read:?}", redact(url))
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(url in ".*", key in "[a-z_]{0,12}", value in ".*") {
        let _ = seen(&url, &[(&key, &value)]);
        let _ = seen(&format!("postgresql://{url}"), &[]);
        let _ = seen(&format!("postgresql://h?options={url}&search_path={value}"), &[]);
        let _ = seen(&format!("sqlite://{url}"), &[]);
        let _ = seen(&format!("redis://{url}"), &[(&key, &value)]);
        let _ = seen(&format!("redis+unix://{url}"), &[]);
        let _ = seen("rediss+cluster://h", &[("key_prefix", &url), ("host", &value)]);
    }

    #[test]
    fn a_password_is_never_seen(odd in r#"[-@/?#%:&=\[\],;+ \\"'é\x00a-f0-9]{0,12}"#, tail in "[@/?&=:a-z%,]{0,12}") {
        let password = format!("Zq9{odd}Xk7");
        let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC).to_string();
        for url in [
            format!("postgresql://app:{password}@host{tail}"),
            format!("postgresql://app:{password}@host/db?sslmode=x{tail}"),
            format!("postgresql://:{password}@"),
            format!("postgresql://app:{encoded}@host{tail}"),
            format!("postgresql://host/db?password={encoded}&x{tail}"),
            format!("redis://app:{password}@host{tail}"),
            format!("redis://{encoded}@host/0?tls=x"),
            format!("rediss://:{encoded}@host/0?ssl_ca=x{tail}"),
            format!("redis+cluster://:{password}@h1,h2/1{tail}"),
            format!("redis+unix://:{password}@/run/redis.sock{tail}"),
            format!("redis+sentinel://:{password}@h1,h2/service/1{tail}"),
            format!("redis+sentinel://h1/service?sentinel_password={encoded}&x{tail}"),
            format!("redis://host/0?password={encoded}&x{tail}"),
        ] {
            let seen = seen(&url, &[]);
            prop_assert!(!seen.contains("Zq9") && !seen.contains("Xk7"), "{url}: {seen}");
        }
        for (url, option) in [("postgresql://app@h", "pool_max"), ("redis://app@h", "db"), ("redis://h", "key_prefix")] {
            let seen = seen(url, &[("password", &password), (option, "{x")]);
            prop_assert!(!seen.contains("Zq9") && !seen.contains("Xk7"), "{seen}");
        }
    }

    #[test]
    fn an_encoded_password_is_read_back(password in "[^\\x00]{1,20}") {
        let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC);
        let options = postgres(&format!("postgresql://app:{encoded}@host/db"));
        prop_assert_eq!(options.password.as_ref(), Some(&password));
        let options = super::redis::redis(&format!("rediss://app:{encoded}@host/1"));
        prop_assert_eq!(options.password, Some(password));
    }
}
