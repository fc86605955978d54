//! Where the servers are: host names, addresses and directories of Unix sockets, with their ports.

use super::given::{Given, shown};
use super::refuse;
use crate::error::Result;

const DEFAULT_HOST: &str = "localhost";

/// Splits the hosts of a URL into a `host` and a `port` list, still encoded; an empty entry is a default.
///
/// # Errors
/// [`crate::Error::Config`]; a port that is not a number is not quoted: it may be a password without its `@`.
pub(super) fn split(hosts: &str) -> Result<Option<(String, String)>> {
    if hosts.is_empty() {
        return Ok(None);
    }
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for entry in hosts.split(',') {
        let (name, port) = split_entry(entry)?;
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse(
                "the port in the URL is not a number: write host:port, an IPv6 address in brackets, and user:password \
                 before an `@`",
            ));
        }
        names.push(name);
        ports.push(port);
    }
    Ok(Some((names.join(","), ports.join(","))))
}

fn split_entry(entry: &str) -> Result<(&str, &str)> {
    if let Some(address) = entry.strip_prefix('[') {
        return match address.split_once(']') {
            Some((address, "")) => Ok((address, "")),
            Some((address, port)) if port.starts_with(':') => Ok((address, &port[1..])),
            _ => Err(refuse("an IPv6 address in the URL has no closing bracket: write [::1]:port")),
        };
    }
    let (name, port) = entry.split_once(':').unwrap_or((entry, ""));
    Ok((name, port))
}

/// The servers to try, in order: each of `host`, with the port of the same place in `port`, or the only one.
pub(super) fn read(given: &Given, default_port: u16) -> Result<Vec<(String, u16)>> {
    let hosts: Vec<&str> = given.text("host").unwrap_or_default().split(',').map(str::trim).collect();
    let ports = given
        .text("port")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .map(|port| if port.is_empty() { Ok(None) } else { read_port(port).map(Some) })
        .collect::<Result<Vec<_>>>()?;
    if ports.len() > 1 && ports.len() != hosts.len() {
        return Err(refuse(format!(
            "`port` names {} ports for {} hosts: give one, or as many as there are hosts",
            ports.len(),
            hosts.len()
        )));
    }
    hosts
        .iter()
        .enumerate()
        .map(|(at, host)| {
            let (host, own) = own_port(host)?;
            let port = ports.get(at).or(ports.first()).copied().flatten().or(own).unwrap_or(default_port);
            Ok((if host.is_empty() { DEFAULT_HOST } else { host }.to_owned(), port))
        })
        .collect()
}

/// Splits `name:port` and `[address]:port`, as a setting may hold them; a bare IPv6 address has more than one colon.
fn own_port(host: &str) -> Result<(&str, Option<u16>)> {
    if host.starts_with('/') || (!host.starts_with('[') && host.matches(':').count() != 1) {
        return Ok((host, None));
    }
    let (name, port) = split_entry(host)?;
    Ok((name, if port.is_empty() { None } else { Some(read_port(port)?) }))
}

fn read_port(text: &str) -> Result<u16> {
    text.parse()
        .ok()
        .filter(|port| *port > 0)
        .ok_or_else(|| refuse(format!("`port` is {}: it must be a whole number from 1 to 65535", shown(text))))
}
