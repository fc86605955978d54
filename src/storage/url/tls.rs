//! How a connection is encrypted, out of `sslmode` and its neighbours.

use std::fs;
use std::path::Path;

use super::given::{Given, Value, shown};
use super::refuse;
use crate::error::Result;
use crate::storage::options::{Tls, TlsMode};

/// The authorities that were given.
enum Authorities {
    Unsaid,
    /// `sslrootcert=system`.
    System,
    Pem(String),
}

/// Reads the encryption that was asked for, and the files it names.
///
/// An authority alone means full verification, as does `ssl_reject_unauthorized`; with `sslmode=require` an authority
/// means what it means to libpq, `verify-ca`.
pub(super) fn read(given: &Given) -> Result<Tls> {
    let authorities = match given.value("ssl_ca") {
        None => Authorities::Unsaid,
        Some(value) if value.spelled == "sslrootcert" && value.text == "system" => Authorities::System,
        Some(value) => Authorities::Pem(authority(value)?),
    };
    let (cert, key) = client(given)?.unzip();
    let mode = mode(given, &authorities, cert.is_some())?;
    let ca = if let Authorities::Pem(text) = authorities { Some(text) } else { None };
    Ok(Tls { mode, ca, cert, key })
}

/// The authority's certificates as PEM text.
pub(super) fn authority(value: &Value) -> Result<String> {
    pem(value, "-----BEGIN CERTIFICATE")
}

/// The client's certificate and its key as PEM text, both or neither.
pub(super) fn client(given: &Given) -> Result<Option<(String, String)>> {
    let cert = given.value("ssl_cert").map(|value| pem(value, "-----BEGIN CERTIFICATE")).transpose()?;
    let key = given.value("ssl_key").map(|value| pem(value, "PRIVATE KEY-----")).transpose()?;
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some((cert, key))),
        (Some(_), None) => Err(refuse("a client certificate was given without its key: give `ssl_key` too")),
        (None, Some(_)) => Err(refuse("a client key was given without its certificate: give `ssl_cert` too")),
        (None, None) => Ok(None),
    }
}

fn mode(given: &Given, authorities: &Authorities, client: bool) -> Result<TlsMode> {
    let asked = given.text("sslmode").map(str::trim);
    let reject = given.truth("ssl_reject_unauthorized")?;
    let authority = given.value("ssl_ca").map_or("ssl_ca", |value| value.spelled);
    let trusts = !matches!(authorities, Authorities::Unsaid);
    let clash = |one: &str, other: &str| Err(refuse(format!("{one} and {other} contradict each other: remove one")));
    if matches!(authorities, Authorities::System) && !matches!(asked, None | Some("verify-full")) {
        return clash("`sslrootcert=system`", "an `sslmode` weaker than verify-full");
    }
    if reject == Some(false) && trusts {
        return clash(&format!("`{authority}`"), "`ssl_reject_unauthorized=false`");
    }
    match (asked, reject) {
        (Some("disable"), Some(true)) => clash("`sslmode=disable`", "`ssl_reject_unauthorized=true`"),
        (Some("disable"), _) if trusts => clash("`sslmode=disable`", &format!("`{authority}`")),
        (Some("disable"), _) if client => clash("`sslmode=disable`", "the client certificate"),
        (Some("disable"), _) => Ok(TlsMode::Disable),
        (Some(mode @ ("verify-ca" | "verify-full")), Some(false)) => {
            clash(&format!("`sslmode={mode}`"), "`ssl_reject_unauthorized=false`")
        }
        (Some("verify-ca"), _) => Ok(TlsMode::VerifyCa),
        (Some("verify-full"), _) => Ok(TlsMode::VerifyFull),
        (None | Some("allow" | "prefer" | "require"), Some(false)) => Ok(TlsMode::Require),
        (None | Some("allow" | "prefer" | "require"), Some(true)) => Ok(TlsMode::VerifyFull),
        (None, None) if trusts => Ok(TlsMode::VerifyFull),
        (Some("require"), None) if trusts => Ok(TlsMode::VerifyCa),
        (Some(mode @ ("allow" | "prefer")), None) if trusts => {
            Err(refuse(format!("`sslmode={mode}` verifies nothing, so `{authority}` would go unused: remove one")))
        }
        (Some("require"), None) => Ok(TlsMode::Require),
        (None | Some("allow" | "prefer"), None) => Ok(TlsMode::Prefer),
        (Some(other), _) => Err(refuse(format!(
            "`sslmode` is {}: it must be disable, allow, prefer, require, verify-ca or verify-full",
            shown(other)
        ))),
    }
}

/// PEM text: the value itself or, of `file://` and of libpq's options, the file it names. A key is never quoted.
fn pem(value: &Value, marker: &str) -> Result<String> {
    let option = value.spelled;
    let text = value.text.trim();
    let is_path = matches!(option, "sslrootcert" | "sslcert" | "sslkey");
    let (text, source) = if let Some(path) = text.strip_prefix("file://").or(is_path.then_some(text)) {
        let path = local(path);
        let read = fs::read_to_string(Path::new(path)).map_err(|error| {
            refuse(format!("`{option}` names the file {}, which cannot be read: {error}", shown(path)))
        })?;
        (read, format!("the file {} of `{option}`", shown(path)))
    } else {
        (text.to_owned(), format!("`{option}`"))
    };
    if text.contains(marker) {
        return Ok(text);
    }
    let wanted = if marker.contains("KEY") { "private key" } else { "certificate" };
    Err(refuse(format!("{source} holds no {wanted} as PEM text: give PEM text, or file:// and the path of a PEM file")))
}

/// The path of a file URL: on Windows without the slash before its drive.
fn local(path: &str) -> &str {
    match path.strip_prefix('/') {
        Some(bare) if cfg!(windows) && bare.as_bytes().get(1) == Some(&b':') => bare,
        _ => path,
    }
}
