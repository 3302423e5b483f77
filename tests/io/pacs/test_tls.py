"""A PACS that speaks TLS, with an authority of its own."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from calcitrack.errors import PacsError, PacsRefusedError
from calcitrack.io.pacs import PacsOptions, Query, fetch, find_studies, send

pytestmark = pytest.mark.usefixtures("account")


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority, and what it vouches for."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority, a server at 127.0.0.1, and a client; valid for an hour."""
    folder = tmp_path_factory.mktemp("certificates")
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", authority_key, "authority", authority_key)
    files = {"authority": _written(folder / "authority.pem", authority.public_bytes(serialization.Encoding.PEM))}
    for name in ("server", "client"):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, "authority", authority_key)
        files[name] = _written(folder / f"{name}.pem", certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        files[f"{name}_key"] = _written(folder / f"{name}.key", private)
    return Certificates(**files)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    subject, by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (name, issuer))
    itself = name == issuer
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(by).public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(minutes=5)).not_valid_after(now + dt.timedelta(hours=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=itself, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    builder = builder.add_extension(x509.KeyUsage(not itself, False, False, False, False, itself, itself, False, False), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="module")
def encrypted(pacs_server: ModuleType, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Addresses of a PACS behind HTTPS, which speaks DIMSE over TLS with clients that it can check."""
    server = pacs_server.Orthanc(
        tmp_path_factory.mktemp("encrypted"),
        DicomTlsEnabled=True,
        DicomTlsCertificate=str(certificates.server),
        DicomTlsPrivateKey=str(certificates.server_key),
        DicomTlsTrustedCertificates=str(certificates.authority),
        DicomTlsRemoteCertificateRequired=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.server, certificates.server_key)
    way = pacs_server.BreakingWay(server.web_port, tls=context)
    yield SimpleNamespace(web=server.web_at(way.port).replace("http://", "https://"), dimse=server.dimse)
    way.end()
    server.end()


@pytest.mark.parametrize("protocol", ["web", "dimse"])
def test_films_travel_encrypted(
    encrypted: SimpleNamespace,
    certificates: Certificates,
    films: Callable[..., list[Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    protocol: str,
) -> None:
    """With the authority's certificate and, for DIMSE, one of this computer; the environment may name them as well."""
    address = getattr(encrypted, protocol)
    assert address.startswith(("https://", "dimse-tls://"))
    options = PacsOptions(ca_file=certificates.authority, client_certificate=certificates.client, client_key=certificates.client_key)
    assert len(send(address, films(f"TLS-{protocol}"), options).stored) == 2
    for name, path in (("CA_FILE", certificates.authority), ("CLIENT_CERT", certificates.client), ("CLIENT_KEY", certificates.client_key)):
        monkeypatch.setenv(f"CALCITRACK_PACS_{name}", str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.client))
    assert fetch(f"{address}?PatientID=TLS-{protocol}", tmp_path / "F").n_new == 2


def test_a_certificate_that_cannot_be_checked_ends_it_at_once(
    encrypted: SimpleNamespace, certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent, nothing tried again; the sentence names the option."""
    monkeypatch.setattr("calcitrack.io.pacs.attempts.sleep", lambda _: pytest.fail("tried again"))
    for address in (encrypted.web, encrypted.dimse):
        with pytest.raises(PacsRefusedError, match=r"certificate that .*name the authority's certificate with --ca-file"):
            find_studies(address, Query("P1"))
    missing = PacsOptions(ca_file=tmp_path / "none.pem")
    for address in (encrypted.web, encrypted.dimse):
        with pytest.raises(PacsError, match=r"none.pem: found no such file"):
            find_studies(address, Query("P1"), missing)
    with pytest.raises(PacsError, match="no certificate or key that can be used"):
        find_studies(encrypted.web, Query("P1"), replace(missing, ca_file=certificates.server_key))


def test_a_server_that_wants_a_certificate_of_this_computer_says_so(encrypted: SimpleNamespace, certificates: Certificates) -> None:
    """DIMSE over TLS without one: an error, and no film."""
    with pytest.raises(PacsError, match=r"dimse-tls://ORTHANC@127.0.0.1"):
        find_studies(encrypted.dimse, Query("P1"), PacsOptions(ca_file=certificates.authority, attempts=1, timeout_s=10))
