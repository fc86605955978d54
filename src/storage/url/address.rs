//! Takes a URL apart without ever quoting it: any part of a malformed one may be a piece of the password.

use percent_encoding::percent_decode_str;

use super::refuse;
use crate::error::Result;

/// A pair of an option's name and its value.
pub(super) type Pair = (String, String);

/// The parts after `scheme://` of a URL that names a server, still encoded.
pub(super) struct Parts<'a> {
    pub user: Option<&'a str>,
    pub password: Option<&'a str>,
    pub hosts: &'a str,
    pub path: Option<&'a str>,
    pub query: Option<&'a str>,
}

/// The scheme in lower case and what follows `://`; `None` unless the beginning looks like a scheme.
pub(super) fn split_scheme(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let shaped = (1..=20).contains(&scheme.len())
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    shaped.then(|| (scheme.to_ascii_lowercase(), rest))
}

/// Takes apart `user:password@hosts/path?query`.
///
/// An `@` after the hosts means that the user or the password holds a `/` or `?` that was not encoded, so that
/// what looks like a host is a piece of the password: refused without quoting anything.
pub(super) fn split(rest: &str) -> Result<Parts<'_>> {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    if tail.contains('@') {
        return Err(refuse(
            "the URL has an `@` after its host: write `@` as %40, and `/` and `?` in a user or password as %2F and %3F",
        ));
    }
    let (userinfo, hosts) = authority.rsplit_once('@').map_or((None, authority), |(user, hosts)| (Some(user), hosts));
    let (user, password) = match userinfo.map(|text| text.split_once(':').ok_or(text)) {
        None => (None, None),
        Some(Ok((user, password))) => (Some(user), Some(password)),
        Some(Err(user)) => (Some(user), None),
    };
    let (path, query) = match tail.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (tail, None),
    };
    Ok(Parts { user, password, hosts, path: path.strip_prefix('/'), query })
}

/// The decoded parameters of a query.
pub(super) fn pairs(query: &str) -> Result<Vec<Pair>> {
    let mut pairs: Vec<Pair> = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let Some((key, value)) = part.split_once('=') else {
            return Err(refuse("a query parameter of the URL has no `=`: write name=value, and `&` in a value as %26"));
        };
        let key = decode("the name of a query parameter", key)?;
        let after_password = pairs.last().is_some_and(|(last, _)| last.ends_with("password"));
        let plain = key.len() <= 40 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !plain || (after_password && !super::is_option(&key)) {
            return Err(refuse(
                "a query parameter of the URL has a name that is no option: write `&` in a value as %26",
            ));
        }
        let value = decode(&format!("`{key}` in the URL"), value)?;
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// Percent-decodes a part of a URL, which `what` names in the error.
pub(super) fn decode(what: &str, text: &str) -> Result<String> {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = rest.get(at + 3..).unwrap_or_default(),
            _ => {
                return Err(refuse(format!("{what} has a `%` without two hexadecimal digits: write `%` as %25")));
            }
        }
    }
    let decoded = percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| refuse(format!("{what} is not UTF-8 after percent-decoding: encode its characters as UTF-8")))?;
    if decoded.contains('\0') {
        return Err(refuse(format!("{what} holds a NUL character: remove it")));
    }
    Ok(decoded.into_owned())
}
