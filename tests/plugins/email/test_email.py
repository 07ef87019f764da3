"""The e-mail notifier, against a real SMTP server on loopback."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
import tomllib
from collections.abc import Callable
from importlib import resources
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import copyhound_email
from copyhound.plugin_api import CopyhoundError, Notice, NoticePicture
from copyhound.plugin_host.loader import PluginState
from copyhound.plugin_host.settings import read_settings
from copyhound.plugin_host.trial import RunNotifier
from copyhound_email import EMAIL

from ...fixtures.mailbox import Mailbox

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")
NOTICE = Notice("2 New Domains: a.com, b.com", "Found on 2 domains – größer.\n", (), id="ntc_1")
TO = {"to": ["me@example.org"]}
NOWHERE = {"host": "127.0.0.1", "port": 9, "sender": "copyhound@example.org"}
LOGIN = ("copyhound", "correct horse")


def settings(mailbox: Mailbox, **more: Any) -> dict[str, Any]:
    plain = {"host": "127.0.0.1", "port": mailbox.port, "security": "none", "sender": "copyhound@example.org"}
    return {**plain, **more}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def refused(run: RunNotifier, given: dict[str, Any], target: dict[str, Any] | None = None) -> str:
    """The reason for which nothing was sent."""
    with pytest.raises(CopyhoundError) as caught:
        run(EMAIL, NOTICE, target=TO if target is None else target, settings=given)
    return str(caught.value)


def test_a_notice_arrives(run_notifier: RunNotifier) -> None:
    """Subject, sender, addresses, date, id and text are as they should be; umlauts survive."""
    with Mailbox() as mailbox:
        run_notifier(EMAIL, NOTICE, target={"to": ["me@example.org", "you@example.org"]}, settings=settings(mailbox))
    (message,), (envelope,) = mailbox.messages, mailbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("copyhound@example.org", ["me@example.org", "you@example.org"])
    assert message["subject"] == "2 New Domains: a.com, b.com"
    assert (message["from"], message["to"]) == ("copyhound@example.org", "me@example.org, you@example.org")
    assert (message["message-id"], message["auto-submitted"]) == ("<ntc_1@example.org>", "auto-generated")
    assert message["date"]
    assert message.get_content().strip() == "Found on 2 domains – größer."


def test_a_page_stands_beside_the_text(run_notifier: RunNotifier) -> None:
    """With HTML the message has both, and the reader's program chooses."""
    notice = Notice("t", "plain", (), html="<p>größer</p>", body=b"<p>", content_type="text/html; charset=utf-8")
    with Mailbox() as mailbox:
        run_notifier(EMAIL, notice, target=TO, settings=settings(mailbox))
    (message,) = mailbox.messages
    assert message.get_content_type() == "multipart/alternative"
    plain, page = message.iter_parts()
    assert (plain.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    assert page.get_content().strip() == "<p>größer</p>"


def test_pictures_of_a_page_come_along(run_notifier: RunNotifier) -> None:
    """Those that the page shows are parts beside it, named by what stands in it; the others stay links."""
    here, elsewhere = "https://c.test/thumbnail?a=1&b=2", "https://c.test/other"
    html = f'<img src="{here.replace("&", "&amp;")}"><img src="{elsewhere}"><a href="{here}">'
    pictures = (
        NoticePicture(here, "mine.jpg", b"\xff\xd8one", "image/jpeg"),
        NoticePicture("https://c.test/not-there", "x", b"two", "image/png"),
    )
    notice = Notice("t", "plain", (), id="ntc_1", html=html, pictures=pictures)
    with Mailbox() as mailbox:
        run_notifier(EMAIL, notice, target=TO, settings=settings(mailbox))
        run_notifier(EMAIL, notice, target=TO, settings=settings(mailbox))
    message, again = mailbox.messages
    assert message.get_content_type() == "multipart/alternative"
    plain, related = message.iter_parts()
    assert (plain.get_content_type(), related.get_content_type()) == ("text/plain", "multipart/related")
    page, picture = related.iter_parts()
    assert (page.get_content_type(), picture.get_content_type()) == ("text/html", "image/jpeg")
    assert (picture.get_content(), picture.get_content_disposition()) == (b"\xff\xd8one", "inline")
    shown = f'<img src="cid:{picture["content-id"].strip("<>")}"><img src="{elsewhere}"><a href="{here}">'
    assert page.get_content().strip() == shown
    assert again.get_body(("html",)).get_content().strip() == shown  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content_type", "name"), [("text/csv; charset=utf-8", "new-domains.csv"), ("application/json", "new-domains.json")]
)
def test_what_is_for_machines_is_attached(run_notifier: RunNotifier, content_type: str, name: str) -> None:
    """CSV and JSON come as a file, byte for byte, beside the text."""
    notice = Notice("t", "plain", (), body="größer,1\r\n".encode(), content_type=content_type)
    with Mailbox() as mailbox:
        run_notifier(EMAIL, notice, target=TO, settings=settings(mailbox))
    (message,) = mailbox.messages
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == (name, content_type.partition(";")[0])
    assert attached.get_payload(decode=True) == "größer,1\r\n".encode()


def test_plain_text_is_not_attached_again(run_notifier: RunNotifier) -> None:
    """A body in plain text is what stands in the message anyway."""
    notice = Notice("t", "plain", (), body=b"1 New Domain: a.com", content_type="text/plain; charset=utf-8")
    with Mailbox() as mailbox:
        run_notifier(EMAIL, notice, target=TO, settings=settings(mailbox))
    assert not mailbox.messages[0].is_multipart()


def test_no_header_is_smuggled_in(run_notifier: RunNotifier) -> None:
    """Line breaks in a title or an id end no header; nobody is written to who is not in the target."""
    evil = "Hello\r\nBcc: victim@example.org\r\n\r\nbody\u2028\x00"
    with Mailbox() as mailbox:
        run_notifier(EMAIL, Notice(evil, "text", (), id=evil), target=TO, settings=settings(mailbox))
    (message,) = mailbox.messages
    assert message["subject"] == "Hello Bcc: victim@example.org body"
    assert (message["bcc"], mailbox.envelopes[0].rcpt_tos) == (None, ["me@example.org"])
    assert message.get_content().strip() == "text"


@pytest.mark.parametrize(
    "address",
    [
        "nobody",
        "a@b@c",
        "a b@example.org",
        "a@example.org, b@example.org",
        "a@example.org\r\nRCPT TO:<b@example.org>",
        "<a@example.org>",
        "a@example.org\n",
        "größer@example.org",
        "a@-example.org",
        "a@x.-example.org",
        "a@example-.org",
        "a@example..org",
        f"a@{'b' * 64}.org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        "=?utf-8?q?a=2cb?=@example.org",
        "=?utf-8?q?=0d=0aBcc=3a?=@example.org",
        "a=?utf-8?q?=2c?=b@example.org",
        f"{'a' * 65}@example.org",
    ],
)
def test_what_is_no_address_is_refused(run_notifier: RunNotifier, address: str) -> None:
    """Before anything is dialled, in words, and named as the field that is wrong."""
    told = refused(run_notifier, NOWHERE, {"to": ["me@example.org", address]})
    assert told == "settings_invalid: target.to[1]: it is no e-mail address."


@pytest.mark.parametrize(
    "address", ["o'hara+shop@sub.example.org", "{a}=b?c@xn--bcher-kva.example.org", f"{'a' * 64}@r3---b.example.org"]
)
def test_an_odd_address_is_taken_and_read_as_it_was_written(run_notifier: RunNotifier, address: str) -> None:
    """The header `To` tells a reader the very address that was given, and the server got it too."""
    with Mailbox() as mailbox:
        run_notifier(EMAIL, Notice("t", "plain", ()), target={"to": [address]}, settings=settings(mailbox))
    (message,) = mailbox.messages
    assert [one.addr_spec for one in message["to"].addresses] == [address]
    assert mailbox.envelopes[0].rcpt_tos == [address]


@pytest.mark.parametrize("target", [{}, {"to": []}, {"to": ["a@example.org"] * 21}, {**TO, "cc": []}])
def test_a_target_that_does_not_fit_is_refused(run_notifier: RunNotifier, target: dict[str, Any]) -> None:
    """None, too many, and unknown fields."""
    assert "target" in refused(run_notifier, NOWHERE, target)


@pytest.mark.parametrize("starttls", [False, True])
def test_it_speaks_tls_and_logs_in(
    run_notifier: RunNotifier, certificate: Path, tls: ssl.SSLContext, starttls: bool
) -> None:
    """From the start or after STARTTLS, with a certificate that it trusts, it logs in and sends."""
    security = "starttls" if starttls else "tls"
    more = {"security": security, "ca_file": str(certificate), "user": LOGIN[0], "password": LOGIN[1]}
    with Mailbox(tls=tls, starttls=starttls, login=LOGIN) as mailbox:
        run_notifier(EMAIL, NOTICE, target=TO, settings=settings(mailbox, **more))
    assert mailbox.secure == [True]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_of_nobody_is_not_trusted(run_notifier: RunNotifier, tls: ssl.SSLContext, security: str) -> None:
    """Without trust nothing is sent, and the reason says that it is the TLS."""
    with Mailbox(tls=tls, starttls=security == "starttls") as mailbox:
        reason = refused(run_notifier, settings(mailbox, security=security))
    assert "no TLS (CERTIFICATE_VERIFY_FAILED)" in reason
    assert mailbox.envelopes == []


def test_a_server_without_starttls_is_not_spoken_to_in_plain(run_notifier: RunNotifier) -> None:
    """A password never goes over a line that was to be encrypted and is not."""
    with Mailbox(login=LOGIN) as mailbox:
        reason = refused(run_notifier, settings(mailbox, security="starttls", user=LOGIN[0], password=LOGIN[1]))
    assert "settings_invalid" in reason
    assert "STARTTLS" in reason
    assert mailbox.envelopes == []


def test_a_wrong_password_is_told_without_it(run_notifier: RunNotifier) -> None:
    """The reason names the server and the code, and never the password."""
    with Mailbox(login=LOGIN) as mailbox:
        reason = refused(run_notifier, settings(mailbox, user=LOGIN[0], password="wrong horse"))
    assert f"127.0.0.1:{mailbox.port} refused the log-in (535)" in reason
    assert "wrong horse" not in reason


def test_a_refused_address_is_named(run_notifier: RunNotifier) -> None:
    """Where all are refused nothing was sent, and the reason names them."""
    with Mailbox(refuse=("gone@example.org",)) as mailbox:
        reason = refused(run_notifier, settings(mailbox), {"to": ["gone@example.org"]})
    assert "refused gone@example.org (550 no such mailbox)." in reason
    assert mailbox.envelopes == []


def test_one_dead_address_among_others_is_no_failure(
    run_notifier: RunNotifier, caplog: pytest.LogCaptureFixture
) -> None:
    """The others have the message, and would get it again with every attempt: it is logged, not raised."""
    with Mailbox(refuse=("gone@example.org",)) as mailbox:
        target = {"to": ["gone@example.org", "me@example.org"]}
        run_notifier(EMAIL, NOTICE, target=target, settings=settings(mailbox))
    assert [envelope.rcpt_tos for envelope in mailbox.envelopes] == [["me@example.org"]]
    assert "refused gone@example.org (550 no such mailbox); the others have the message" in caplog.text


def test_a_rude_goodbye_is_no_failure(run_notifier: RunNotifier) -> None:
    """What the server took is sent, whatever it says to QUIT."""
    with Mailbox(goodbye="421 go away") as mailbox:
        run_notifier(EMAIL, NOTICE, target=TO, settings=settings(mailbox))
    assert len(mailbox.envelopes) == 1


def test_a_servers_own_reason_is_told(run_notifier: RunNotifier) -> None:
    """What it answers to the message is passed on, on one line."""
    with Mailbox(answer="452 the disk is full") as mailbox:
        assert "answered 452 the disk is full" in refused(run_notifier, settings(mailbox))


def test_nobody_there(run_notifier: RunNotifier) -> None:
    """A port on which nobody listens is told as such."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "a@example.org"}
    assert f"127.0.0.1:{port} could not be reached (ConnectionRefusedError)" in refused(run_notifier, given)


def test_a_server_that_says_nothing(run_notifier: RunNotifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for longer than the time limit."""
    monkeypatch.setattr(copyhound_email, "_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        given = {"host": "127.0.0.1", "port": silent.getsockname()[1], "security": "none", "sender": "a@example.org"}
        assert "did not answer within 0.3 seconds" in refused(run_notifier, given)


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_server_that_drips(run_notifier: RunNotifier, monkeypatch: pytest.MonkeyPatch, security: str) -> None:
    """A byte now and then buys no time: the deadline is that of the whole conversation, and the thread ends."""
    monkeypatch.setattr(copyhound_email, "_SECONDS", 0.5)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=_drip, args=(server, over), daemon=True)
        dripping.start()
        given = {"host": "127.0.0.1", "port": server.getsockname()[1], "sender": "a@example.org"}
        assert "did not answer within 0.5 seconds" in refused(run_notifier, {**given, "security": security})
        over.set()
        dripping.join(20)
    for thread in [one for one in threading.enumerate() if one.name == "email"]:
        thread.join(5)
        assert not thread.is_alive()
    monkeypatch.undo()
    with Mailbox() as mailbox:
        run_notifier(EMAIL, NOTICE, target=TO, settings=settings(mailbox))
    assert len(mailbox.messages) == 1


def _drip(server: socket.socket, over: threading.Event) -> None:
    """Begins greetings, and TLS records, that never end."""
    connection, _ = server.accept()
    with connection, contextlib.suppress(OSError):
        # both the beginning of a greeting and of nothing at all in TLS
        connection.sendall(b"\x16\x03\x03\x3f\xff\x02" if _speaks_tls(connection) else b"220")
        while not over.wait(0.05):
            connection.sendall(b"-")


def _speaks_tls(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    with contextlib.suppress(TimeoutError):
        return connection.recv(1) == b"\x16"
    return False


def test_a_sender_that_is_no_address_is_refused(run_notifier: RunNotifier) -> None:
    """The operator is told which setting it is."""
    told = refused(run_notifier, {"host": "x.example", "sender": "Copyhound"})
    assert told == "settings_invalid: plugins.email.sender: it is no e-mail address."


@pytest.mark.parametrize(("missing", "given"), [("host", {"sender": "a@b.example"}), ("sender", {"host": "x.example"})])
def test_without_settings_it_says_which(run_notifier: RunNotifier, missing: str, given: dict[str, Any]) -> None:
    """What the operator has to set is named."""
    assert f"plugins.email: it lacks the required field `{missing}`" in refused(run_notifier, given)


def test_the_loop_is_not_blocked(run_notifier: RunNotifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sending has a thread of its own: the plugin's loop goes on meanwhile."""
    threads: list[threading.Thread] = []
    sent = copyhound_email._send

    def noted(*given: Any) -> str:
        threads.append(threading.current_thread())
        return sent(*given)

    monkeypatch.setattr(copyhound_email, "_send", noted)
    with Mailbox() as mailbox:
        run_notifier(EMAIL, NOTICE, target=TO, settings=settings(mailbox))
    assert threads
    assert threads[0].name != "plugin-email"
    assert threads[0].daemon, "a conversation must not keep the process from ending"


def test_every_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The manual's table has each setting with its default, and its example is one."""
    monkeypatch.setenv("SMTP_PASSWORD", "secret")
    page = (resources.files("copyhound") / "docs" / "notifications.md").read_text("utf-8")
    for field in msgspec.structs.fields(EMAIL.settings):
        default = f"`{field.default}`" if field.default not in ("", msgspec.NODEFAULT) else ""
        env = f"COPYHOUND_PLUGINS_EMAIL__{field.name.upper()}"
        assert f"| `{field.name}` | `{env}` | {default} |" in page
    example = tomllib.loads(page.split("```toml")[1].split("```")[0])["plugins"]["email"]
    assert set(example) <= set(EMAIL.settings.__struct_fields__)
    assert read_settings("plugins.email", EMAIL.settings, example).password == "secret"  # type: ignore[attr-defined]


def test_it_is_installed(installed_plugin: Callable[[str], PluginState]) -> None:
    """The wheel's entry point is found."""
    state = installed_plugin("copyhound_email")
    assert (state.status, state.notifiers) == ("loaded", ("email",))
