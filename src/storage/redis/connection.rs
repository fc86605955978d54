//! The connection to a server or a cluster, which many calls share and which comes back by itself.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    TlsCertificates, TlsMode,
};

use super::faults::translated;
use crate::error::{Error, Result};
use crate::storage::options::{RedisAddress, RedisOptions};

/// How often a call tries to connect anew before it fails; the next call tries again.
const TRIES: usize = 2;

/// A connection, to be cloned for each call.
#[derive(Clone)]
pub(super) enum Link {
    Single(ConnectionManager),
    Cluster(ClusterConnection),
}

impl Link {
    /// Connects.
    pub(super) async fn open(options: &RedisOptions) -> Result<Self> {
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
}

/// A client of the one server, or of the first node: what it takes to listen.
pub(super) fn client(options: &RedisOptions) -> Result<Client> {
    let address = options.nodes.first().ok_or_else(|| Error::Config("there is no host of Redis".into()))?;
    let info = info(options, address)?;
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
    let infos = options.nodes.iter().map(|address| info(options, address)).collect::<Result<Vec<_>>>()?;
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

fn info(options: &RedisOptions, address: &RedisAddress) -> Result<ConnectionInfo> {
    let addr = match (address, &options.tls) {
        (RedisAddress::Unix(path), _) => ConnectionAddr::Unix(path.clone()),
        (RedisAddress::Tcp(host, port), None) => ConnectionAddr::Tcp(host.clone(), *port),
        (RedisAddress::Tcp(host, port), Some(tls)) => {
            // The process may have chosen a provider of its own; then that one serves.
            let _ = rustls::crypto::ring::default_provider().install_default();
            ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: !tls.verify, tls_params: None }
        }
    };
    let mut settings = RedisConnectionInfo::default().set_db(options.db);
    if let Some(username) = &options.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = &options.password {
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
