//! Where the master is, by the word of its sentinels.

use std::collections::HashMap;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult, Value};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::connection::{Login, client_at};
use super::faults::{is_about_access, translated, unavailable};
use crate::error::{Error, Result};
use crate::storage::options::{RedisAddress, RedisOptions, RedisSentinel};

/// Between two rounds of questions, while the sentinels agree on a new master.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that sentinels named, and that said itself that it is a master.
pub(super) struct Master {
    pub(super) address: RedisAddress,
    pub(super) client: Client,
    pub(super) link: MultiplexedConnection,
}

/// Why a round of questions led to no master.
enum Missed {
    /// A fail-over may be under way: another round may find what it leads to.
    ForNow(Error),
    ForGood(Error),
}

/// Asks the sentinels in turn, and again until the deadline as long as what they name is no master that answers.
///
/// # Errors
/// [`Error::Unavailable`] where none of them or no master can be reached, [`Error::Config`] where they do not know the
/// service, or they or the master refuse the credentials.
pub(super) async fn find_master(options: &RedisOptions, wanted: &RedisSentinel, deadline: Instant) -> Result<Master> {
    let mut missed = unavailable(format!(
        "the sentinels named no master of `{}` within {} s",
        wanted.service,
        options.connect_timeout.as_secs_f64()
    ));
    loop {
        match timeout_at(deadline, ask_each(options, wanted)).await {
            Ok(Ok(master)) => return Ok(master),
            Ok(Err(Missed::ForGood(error))) => return Err(error),
            Ok(Err(Missed::ForNow(error))) => missed = error,
            Err(_) => return Err(missed),
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(missed);
        }
        sleep(PAUSE).await;
    }
}

/// One round. A sentinel that is silent, or that was cut off and names who was master once, is passed over.
async fn ask_each(options: &RedisOptions, wanted: &RedisSentinel) -> std::result::Result<Master, Missed> {
    let steps = u32::try_from(options.nodes.len()).unwrap_or(u32::MAX).saturating_add(1);
    let share = options.connect_timeout / steps;
    let mut silent = Vec::new();
    let mut ignorant = Vec::new();
    let mut refused = None;
    let mut tried: Vec<(RedisAddress, Error)> = Vec::new();
    for node in &options.nodes {
        let named = match timeout(share, ask(options, wanted, node, share)).await {
            Ok(Ok(Some(named))) => named,
            Ok(Ok(None)) => {
                ignorant.push(node.to_string());
                continue;
            }
            Ok(Err(Error::Unavailable { message, .. })) => {
                silent.push(format!("{node} ({message})"));
                continue;
            }
            Ok(Err(error)) => {
                refused = Some(error);
                continue;
            }
            Err(_) => {
                silent.push(format!("{node} (no answer within {} s)", share.as_secs_f64()));
                continue;
            }
        };
        if tried.iter().any(|(address, _)| *address == named) {
            continue;
        }
        let met = timeout(share, meet(options, &named, share)).await;
        match met.unwrap_or_else(|_| Err(unavailable(format!("no answer within {} s", share.as_secs_f64())))) {
            Ok(master) => return Ok(master),
            Err(error) => tried.push((named, error)),
        }
    }
    let service = &wanted.service;
    if let Some((address, error)) = tried.pop() {
        let place = format!("the master of `{service}`, by its sentinels {address}");
        return Err(match error {
            Error::Unavailable { message, .. } => Missed::ForNow(unavailable(format!("{place}: {message}"))),
            Error::Config(message) => Missed::ForGood(Error::Config(format!("{place}: {message}"))),
            other => Missed::ForGood(other),
        });
    }
    Err(Missed::ForGood(refused.unwrap_or_else(|| {
        if ignorant.is_empty() {
            return unavailable(format!(
                "none of the sentinels of `{service}` can be reached: {}: check their hosts and ports",
                silent.join(", ")
            ));
        }
        Error::Config(format!(
            "no service `{service}` is known to the sentinels that answer ({}): write the name that `sentinel monitor` \
             gives it, as in redis+sentinel://host:26379/service_name",
            ignorant.join(", ")
        ))
    })))
}

/// The address that one sentinel names; none if it does not know the service.
pub(super) async fn ask(
    options: &RedisOptions,
    wanted: &RedisSentinel,
    node: &RedisAddress,
    share: Duration,
) -> Result<Option<RedisAddress>> {
    let client = client_of(options, wanted, node)?;
    let refused = |error: RedisError| refusal(node, &error);
    let mut link = connect(&client, share, share).await.map_err(refused)?;
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(&wanted.service);
    let named: Option<(String, u16)> = question.query_async(&mut link).await.map_err(refused)?;
    Ok(named.map(|(host, port)| RedisAddress::Tcp(host, port)))
}

/// A client of a sentinel, which has users of its own.
pub(super) fn client_of(options: &RedisOptions, wanted: &RedisSentinel, node: &RedisAddress) -> Result<Client> {
    let login = Login { username: wanted.username.as_deref(), password: wanted.password.as_deref(), db: 0 };
    client_at(options, node, &login)
}

fn refusal(node: &RedisAddress, error: &RedisError) -> Error {
    let told = error.to_string();
    if is_about_access(error) {
        return Error::Config(format!(
            "the sentinel {node} refused us: {told}: check sentinel_password and sentinel_username; the user and the \
             password before the `@` are for the servers alone"
        ));
    }
    if told.contains("unknown command") {
        return Error::Config(format!(
            "{node} is no sentinel: name sentinels, whose port is 26379 unless set otherwise, or write redis:// for a \
             server"
        ));
    }
    match translated(error) {
        Error::Config(message) => Error::Config(format!("the sentinel {node}: {message}")),
        other => other,
    }
}

/// Connects to what was named, and asks it who it is.
async fn meet(options: &RedisOptions, address: &RedisAddress, share: Duration) -> Result<Master> {
    let client = client_at(options, address, &Login::of(options))?;
    let link = connect(&client, share, options.response_timeout).await;
    let mut link = link.map_err(|error| translated(&error))?;
    if is_master(&mut link).await.map_err(|error| translated(&error))? {
        return Ok(Master { address: address.clone(), client, link });
    }
    Err(unavailable("it is no master, or not any more"))
}

/// By HELLO, which every user may send: ROLE is among the commands that an ACL takes for dangerous.
async fn is_master(link: &mut MultiplexedConnection) -> RedisResult<bool> {
    let told: HashMap<String, Value> = redis::cmd("HELLO").query_async(link).await?;
    Ok(told.get("role").is_some_and(|role| matches!(role, Value::BulkString(name) if name == b"master")))
}

async fn connect(client: &Client, connecting: Duration, answer: Duration) -> RedisResult<MultiplexedConnection> {
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(connecting)).set_response_timeout(Some(answer));
    client.get_multiplexed_async_connection_with_config(&config).await
}
