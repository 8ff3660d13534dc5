"""Downloads over TLS: whose certificate is trusted."""

import shutil
import ssl
import subprocess

import pytest
from loopback import BODY, loopback

from scbench.data import hosts
from scbench.errors import UserError

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="no openssl to make a certificate with")


@pytest.fixture
def certify(tmp_path):
    """Make a certificate that no authority has signed."""

    def make(name):
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        command = [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-days", "2", "-subj", "/CN=loopback", "-addext", f"subjectAltName={name}"]
        command += ["-keyout", key, "-out", certificate]
        subprocess.run(command, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return certificate, context

    return make


def test_a_certificate_that_the_user_trusts_is_accepted(certify, get, target, monkeypatch):
    certificate, context = certify("IP:127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with loopback(context) as server:
        server.serve("/new", BODY, ranges=True, headers={"ETag": '"1"'})
        get(server.serve("/f", status=302, headers={"Location": "/new"}))
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    ("name", "trusted", "why"),
    [("IP:127.0.0.1", False, "self.signed certificate"), ("IP:127.0.0.2", True, "IP address mismatch")],
)
def test_any_other_certificate_is_refused_at_once(certify, get, target, monkeypatch, name, trusted, why):
    certificate, context = certify(name)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    pauses = []
    monkeypatch.setattr(hosts.time, "sleep", pauses.append)
    message = rf"could not be downloaded: https://127.* \(its certificate is not trusted: {why}.*; .*REQUESTS_CA_BUNDLE"
    with loopback(context) as server, pytest.raises(UserError, match=message):
        get(server.serve("/f", BODY))
    assert server.requests == []
    assert pauses == []
    assert list(target.parent.rglob("*")) == []
