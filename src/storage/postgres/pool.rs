//! The pool: how connections are made, kept and handed out.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use futures_util::future::join_all;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::faults::{Attempt, Fault};
use super::session::Session;
use super::tls;
use crate::error::{Error, Result};
use crate::storage::{PostgresOptions, TlsMode};

/// A connection above `pool_min` that was not used for this long is closed.
const IDLE: Duration = Duration::from_secs(300);

/// Planner settings of our connections. A cached plan made when a table was small must not read the whole table when it has
/// grown, so plans that do are switched off; JIT and parallel workers cost more than they can bring to statements this short. A plan
/// for the parameters at hand costs more than it brings, every time, and before a table was ever looked at it is a worse one.
const PLANNER: &str = "-c jit=off -c max_parallel_workers_per_gather=0 \
                       -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
                       -c plan_cache_mode=force_generic_plan";

/// Makes connections to one database.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
    pub(super) pool: Pool,
    pub(super) connect_timeout: Duration,
    /// The servers, for people to read.
    pub(super) place: String,
    pool_min: usize,
    pgbouncer: bool,
    patience: Duration,
}

impl Connections {
    /// Reads the options. Nothing is connected.
    pub(super) fn new(options: &PostgresOptions) -> Result<Self> {
        let tls = tls::connector(&options.tls)?;
        let config = config(options)?;
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config.clone(), tls.clone(), manager_config);
        let pool = Pool::builder(manager)
            .max_size(usize::try_from(options.pool_max.max(1)).unwrap_or(1))
            .wait_timeout(Some(options.connect_timeout))
            .create_timeout(Some(options.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::Internal(format!("the pool: {error}")))?;
        // The server's own deadline comes first; ours is for a server that does not answer at all.
        let patience = match options.statement_timeout {
            Duration::ZERO => Duration::from_secs(24 * 3600),
            limit => limit + Duration::from_secs(5),
        };
        Ok(Self {
            config,
            tls,
            pool,
            connect_timeout: options.connect_timeout,
            place: place(&options.hosts),
            pool_min: usize::try_from(options.pool_min.min(options.pool_max)).unwrap_or(0),
            pgbouncer: options.pgbouncer,
            patience,
        })
    }

    /// The longest wait for a connection or for the answer to a statement.
    pub(super) fn patience(&self) -> Duration {
        self.patience.max(self.connect_timeout)
    }

    /// A connection, for one call.
    pub(super) async fn session(&self) -> Attempt<Session> {
        let fault = |error| Fault::of_the_pool(error, &self.place, self.connect_timeout);
        let client = self.pool.get().await.map_err(fault)?;
        Ok(Session::new(client, self.pool.clone(), self.pgbouncer, self.patience))
    }

    /// Keeps `pool_min` connections open and closes others that are idle. Runs until it is aborted.
    pub(super) async fn keep(self) {
        loop {
            let missing = self.pool_min.saturating_sub(self.pool.status().size);
            drop(join_all((0..missing).map(|_| self.pool.get())).await);
            tokio::time::sleep(IDLE / 10).await;
            let mut spare = self.pool.status().size.saturating_sub(self.pool_min);
            self.pool.retain(|_, metrics| {
                let close = spare > 0 && metrics.last_used() > IDLE;
                spare -= usize::from(close);
                !close
            });
        }
    }
}

fn place(hosts: &[(String, u16)]) -> String {
    let servers: Vec<_> = hosts
        .iter()
        .map(|(host, port)| if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
        .collect();
    servers.join(" or ")
}

fn config(options: &PostgresOptions) -> Result<Config> {
    let mut config = Config::new();
    for (host, port) in &options.hosts {
        #[cfg(unix)]
        if host.starts_with('/') {
            config.host_path(host);
            config.port(*port);
            continue;
        }
        config.host(host);
        config.port(*port);
    }
    if options.hosts.is_empty() {
        return Err(Error::Config("no PostgreSQL host is given: name one in the URL, or as host=".into()));
    }
    let local = options.hosts.iter().all(|(host, _)| host.starts_with('/'));
    config.ssl_mode(match options.tls.mode {
        _ if local => SslMode::Disable,
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => SslMode::Require,
    });
    config.user(&options.user).dbname(&options.database).application_name(&options.application_name);
    if let Some(password) = &options.password {
        config.password(password);
    }
    config.connect_timeout(options.connect_timeout);
    config.keepalives(true);
    config.keepalives_idle(Duration::from_secs(30));
    config.keepalives_interval(Duration::from_secs(10));
    config.keepalives_retries(3);
    // As long as those take together: what was sent must not wait for a quarter of an hour until the system gives up.
    config.tcp_user_timeout(Duration::from_secs(60));
    // A transaction pooler refuses start-up settings, and would lose those set later.
    if !options.pgbouncer {
        let limit = options.statement_timeout.as_millis().min(i32::MAX as u128);
        let own = options.options.as_deref().unwrap_or_default();
        let idle = "-c idle_in_transaction_session_timeout=60000";
        config.options(format!("{PLANNER} {idle} -c statement_timeout={limit} {own}").trim_end());
    }
    Ok(config)
}
