"""Encrypted connections: to a server that takes no others, and asks the role `postgres` for a certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dataqueue import ConfigError, JobHandlers, JobQueue, PostgresConfig, SSLConfig
from tests.certificates import Authority
from tests.servers import TlsServer

SECRET_LINES = ("PRIVATE KEY", "MIG")


@pytest.fixture(scope="module")
def server(tls_server: TlsServer) -> TlsServer:
    """The server, with a role `app` that needs no certificate."""
    with JobQueue(config(tls_server)) as queue:
        queue.get_pool().execute("drop role if exists app")
        queue.get_pool().execute("create role app login")
    return tls_server


def ssl_of(server: TlsServer) -> SSLConfig:
    return SSLConfig(ca=server.ca, cert=server.client.cert, key=server.client.key)


def config(server: TlsServer, ssl: SSLConfig | None = None, host: str = "localhost") -> PostgresConfig:
    """As `postgres`."""
    ssl = ssl_of(server) if ssl is None else ssl
    return PostgresConfig(host=host, port=server.port, user="postgres", database="postgres", ssl=ssl)


def session(target: str | PostgresConfig) -> dict[str, object]:
    """What the server says of our connection's encryption."""
    with JobQueue(target) as queue:
        [row] = queue.get_pool().fetch("select ssl, version, client_dn from pg_stat_ssl where pid = pg_backend_pid()")
        return row


def app_url(server: TlsServer, query: str = "", host: str = "localhost") -> str:
    """As `app`, who needs no certificate."""
    return f"postgresql://app@{host}:{server.port}/postgres{'?' if query else ''}{query}"


@pytest.fixture
def files(tls_server: TlsServer, tmp_path: Path) -> dict[str, Path]:
    texts = {"ca": tls_server.ca, "cert": tls_server.client.cert, "key": tls_server.client.key}
    for name, text in texts.items():
        (tmp_path / f"{name} é.pem").write_text(text)
    return {name: tmp_path / f"{name} é.pem" for name in texts}


def test_a_custom_authority_and_a_client_certificate_are_taken_as_text(server: TlsServer) -> None:
    row = session(config(server))
    assert (row["ssl"], row["client_dn"]) == (True, "/CN=postgres")
    assert str(row["version"]).startswith("TLSv1.")


def test_they_are_taken_as_files(server: TlsServer, files: dict[str, Path]) -> None:
    ssl = SSLConfig(ca=f"file://{files['ca']}", cert=f"file://{files['cert']}", key=f"file://{files['key']}")
    assert session(config(server, ssl))["client_dn"] == "/CN=postgres"


def test_they_are_taken_from_a_url_as_libpq_names_them(server: TlsServer, files: dict[str, Path]) -> None:
    paths = {"sslrootcert": files["ca"], "sslcert": files["cert"], "sslkey": files["key"]}
    query = "&".join(f"{name}={path}".replace(" ", "%20") for name, path in paths.items())
    for mode in ("require", "verify-ca", "verify-full"):
        assert session(f"{server.url}?sslmode={mode}&{query}")["client_dn"] == "/CN=postgres"


def test_jobs_run_over_an_encrypted_connection(server: TlsServer) -> None:
    handlers = JobHandlers()

    @handlers.job("double")
    def double(payload: int) -> int:
        return payload * 2

    with JobQueue(replace(config(server), schema="over_tls")) as queue:
        queue.migrate()
        job_id = queue.add_job(double, 21)
        processor = queue.create_processor(handlers, poll_interval=600)
        processor.start_in_background()
        assert queue.wait_for_job(job_id, 30).output == 42
        # The listener's connection is encrypted too: this job wakes a processor that is idle.
        with JobQueue(replace(config(server), schema="over_tls")) as other:
            assert other.wait_for_job(other.add_job(double, 4), 30).output == 8
        assert processor.stop_and_drain(30)


@pytest.mark.parametrize("query", ["", "sslmode=prefer", "sslmode=allow", "sslmode=require"])
def test_a_certificate_of_nobody_known_is_good_enough_by_default(query: str, server: TlsServer) -> None:
    assert session(app_url(server, query))["ssl"] is True


def test_verification_can_be_switched_off(server: TlsServer) -> None:
    url = app_url(server, host="127.0.0.1")
    assert session(PostgresConfig(url, ssl=SSLConfig(reject_unauthorized=False)))["ssl"] is True
    assert session(f"{url}?ssl_reject_unauthorized=false")["ssl"] is True
    own = SSLConfig(cert=server.client.cert, key=server.client.key, reject_unauthorized=False)
    assert session(config(server, own))["client_dn"] == "/CN=postgres"


def test_a_server_of_another_authority_is_refused(server: TlsServer, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_text(server.stranger)
    refused: list[str | PostgresConfig] = [
        config(server, replace(ssl_of(server), ca=server.stranger)),
        PostgresConfig(app_url(server), ssl=SSLConfig(ca=f"file://{stranger}")),
        # Without a CA it is the system's authorities that count.
        PostgresConfig(app_url(server), ssl=SSLConfig()),
        *(
            app_url(server, f"sslmode={mode}&sslrootcert={stranger}")
            for mode in ("require", "verify-ca", "verify-full")
        ),
        app_url(server, "sslmode=verify-full"),
    ]
    for target in refused:
        with pytest.raises(ConfigError, match=r"localhost.*[Cc]ertificate|no trusted CAs"):
            session(target)


def test_the_host_name_is_verified_by_verify_full_only(server: TlsServer, files: dict[str, Path]) -> None:
    ca = str(files["ca"]).replace(" ", "%20")
    for mode in ("require", "verify-ca"):
        assert session(app_url(server, f"sslmode={mode}&sslrootcert={ca}", "127.0.0.1"))["ssl"] is True
    for target in (
        app_url(server, f"sslmode=verify-full&sslrootcert={ca}", "127.0.0.1"),
        app_url(server, f"sslrootcert={ca}", "127.0.0.1"),
        config(server, host="127.0.0.1"),
    ):
        with pytest.raises(ConfigError, match="certificate not valid for name"):
            session(target)


def test_a_server_that_takes_only_encrypted_connections_refuses_others(server: TlsServer) -> None:
    with pytest.raises(ConfigError, match="no encryption"):
        session(app_url(server, "sslmode=disable"))


def test_a_missing_or_foreign_client_certificate_is_refused(server: TlsServer) -> None:
    with pytest.raises(ConfigError, match="certificate"):
        session(config(server, SSLConfig(ca=server.ca)))
    other = Authority("somebody else").client("postgres")
    with pytest.raises(ConfigError, match="client certificate"):
        session(config(server, SSLConfig(ca=server.ca, cert=other.cert, key=other.key)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda ssl: replace(ssl, ca="file:///no/such/ca.pem"), "`/no/such/ca.pem`, which cannot be read"),
        (lambda ssl: replace(ssl, ca="no certificate"), "`ssl_ca` holds no certificate"),
        (lambda ssl: replace(ssl, ca=ssl.key), "`ssl_ca` holds no certificate"),
        (lambda ssl: replace(ssl, key=ssl.cert), "`ssl_key` holds no private key"),
        (lambda ssl: replace(ssl, key=None), "without its key"),
        (lambda ssl: replace(ssl, cert=None), "without its certificate"),
        (lambda ssl: replace(ssl, reject_unauthorized=False), "contradict each other"),
        (lambda ssl: replace(ssl, key=Authority().client("x").key), "do not fit"),
        (lambda ssl: replace(ssl, cert=ssl.cert[:120] + "\n-----END CERTIFICATE-----\n"), "certificate"),
    ],
)
def test_what_is_no_usable_certificate_is_named_before_anything_is_connected(
    change: Callable[[SSLConfig], SSLConfig], told: str, tls_server: TlsServer
) -> None:
    with pytest.raises(ConfigError) as raised:
        JobQueue(config(tls_server, change(ssl_of(tls_server)), host="nowhere.invalid"))
    assert told in str(raised.value)
    assert not any(line in str(raised.value) for line in SECRET_LINES)


def test_a_private_key_is_not_shown(tls_server: TlsServer) -> None:
    ssl = ssl_of(tls_server)
    with JobQueue(config(tls_server)) as queue:
        shown = f"{ssl!r} {config(tls_server)!r} {queue!r}"
    assert "PRIVATE KEY" not in shown
