//! Connections to a server, a cluster or a master, and how they are made.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    TlsCertificates, TlsMode,
};
use tokio::time::{Instant, timeout_at};

use super::faults::{Fault, translated, unavailable};
use super::sentinel;
use crate::error::{Error, Result};
use crate::storage::options::{RedisAddress, RedisOptions};

/// How often a call tries to connect anew before it fails; the next call tries again.
const TRIES: usize = 2;

/// A connection, to be cloned for each call.
#[derive(Clone)]
pub(super) enum Link {
    Single(ConnectionManager),
    Cluster(ClusterConnection),
    /// To the master of the moment. It does not come back by itself: the next one may be elsewhere.
    Master(RedisAddress, MultiplexedConnection),
}

impl Link {
    /// Connects before the deadline.
    pub(super) async fn open(options: &RedisOptions, deadline: Instant) -> Result<Self> {
        if let Some(wanted) = &options.sentinel {
            let master = sentinel::find_master(options, wanted, deadline).await?;
            return Ok(Self::Master(master.address, master.link));
        }
        timeout_at(deadline, Self::open_named(options)).await.map_err(|_| late(options))?
    }

    async fn open_named(options: &RedisOptions) -> Result<Self> {
        if options.cluster {
            let client = cluster(options)?;
            return client.get_async_connection().await.map(Self::Cluster).map_err(|error| translated(&error));
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(TRIES)
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_millis(500))
            .set_connection_timeout(Some(options.connect_timeout))
            .set_response_timeout(Some(options.response_timeout));
        let manager = client(options)?.get_connection_manager_with_config(config).await;
        manager.map(Self::Single).map_err(|error| translated(&error))
    }

    /// Whether nothing more is to be sent by a link that had this fault: the way has to be looked up anew.
    pub(super) fn ends_by(&self, fault: &Fault) -> bool {
        fault.astray || (fault.lost && matches!(self, Self::Master(..)))
    }
}

/// An error of a call that got no connection in time.
pub(super) fn late(options: &RedisOptions) -> Error {
    unavailable(format!("no connection within {} s", options.connect_timeout.as_secs_f64()))
}

/// A client of the server to listen at and to ask: the one there is, a cluster's first, or the master of the moment.
pub(super) async fn server(options: &RedisOptions) -> Result<Client> {
    let Some(wanted) = &options.sentinel else { return client(options) };
    let deadline = Instant::now() + options.connect_timeout;
    sentinel::find_master(options, wanted, deadline).await.map(|master| master.client)
}

/// A client of the first address, of whatever kind the servers are: what it takes to see that the options are sound.
pub(super) fn client(options: &RedisOptions) -> Result<Client> {
    let address = options.nodes.first().ok_or_else(|| Error::Config("there is no host of Redis".into()))?;
    client_at(options, address, &Login::of(options))
}

/// As whom to connect, and to which database.
pub(super) struct Login<'a> {
    pub(super) username: Option<&'a str>,
    pub(super) password: Option<&'a str>,
    pub(super) db: i64,
}

impl<'a> Login<'a> {
    /// As the options say for servers.
    pub(super) fn of(options: &'a RedisOptions) -> Self {
        Self { username: options.username.as_deref(), password: options.password.as_deref(), db: options.db }
    }
}

/// A client of one server or sentinel.
pub(super) fn client_at(options: &RedisOptions, address: &RedisAddress, login: &Login<'_>) -> Result<Client> {
    let info = info(options, address, login)?;
    let opened = match &options.tls {
        None => Client::open(info),
        Some(_) => Client::build_with_tls(info, certificates(options)),
    };
    opened.map_err(|error| refused(&error))
}

/// An error of options: nothing was connected yet.
fn refused(error: &RedisError) -> Error {
    Error::Config(format!("no connection to Redis can be made: {error}: check ssl_ca, ssl_cert and ssl_key"))
}

fn cluster(options: &RedisOptions) -> Result<redis::cluster::ClusterClient> {
    let login = Login::of(options);
    let infos = options.nodes.iter().map(|address| info(options, address, &login)).collect::<Result<Vec<_>>>()?;
    let mut builder = ClusterClientBuilder::new(infos)
        .connection_timeout(options.connect_timeout)
        .response_timeout(options.response_timeout)
        // It would repeat what may have been done already, such as an add whose answer was lost.
        .retries(0);
    if let Some(username) = &options.username {
        builder = builder.username(username);
    }
    if let Some(password) = &options.password {
        builder = builder.password(password);
    }
    if let Some(tls) = &options.tls {
        let mode = if tls.verify { TlsMode::Secure } else { TlsMode::Insecure };
        builder = builder.tls(mode).certs(certificates(options));
    }
    builder.build().map_err(|error| refused(&error))
}

fn info(options: &RedisOptions, address: &RedisAddress, login: &Login<'_>) -> Result<ConnectionInfo> {
    let addr = match (address, &options.tls) {
        (RedisAddress::Unix(path), _) => ConnectionAddr::Unix(path.clone()),
        (RedisAddress::Tcp(host, port), None) => ConnectionAddr::Tcp(host.clone(), *port),
        (RedisAddress::Tcp(host, port), Some(tls)) => {
            // The process may have chosen a provider of its own; then that one serves.
            let _ = rustls::crypto::ring::default_provider().install_default();
            ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: !tls.verify, tls_params: None }
        }
    };
    let mut settings = RedisConnectionInfo::default().set_db(login.db);
    if let Some(username) = login.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = login.password {
        settings = settings.set_password(password);
    }
    let info = addr.into_connection_info().map_err(|error| translated(&error))?;
    Ok(info.set_redis_settings(settings))
}

fn certificates(options: &RedisOptions) -> TlsCertificates {
    let tls = options.tls.as_ref();
    let bytes = |text: &Option<String>| text.as_ref().map(|text| text.clone().into_bytes());
    let pair = tls.and_then(|tls| bytes(&tls.cert).zip(bytes(&tls.key)));
    TlsCertificates {
        client_tls: pair.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key }),
        root_cert: tls.and_then(|tls| bytes(&tls.ca)),
    }
}
