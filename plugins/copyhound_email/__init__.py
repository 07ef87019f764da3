"""A notifier that sends e-mail through an SMTP server of the operator's."""

from __future__ import annotations

import contextlib
import hashlib
import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Annotated, Final, Literal

import msgspec

from copyhound.plugin_api import Context, CopyhoundError, Notice, NotifierSpec, hookimpl
from copyhound_email.line import Deadline, Plain, Secure, apart

_SECONDS: Final = 20.0
"""For the whole conversation."""
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_PLAIN: Final = "text/plain"
_MAX_SUBJECT: Final = 200
# neither spaces nor control characters: what stands here goes into headers and commands; `$` alone lets a line break by
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# `=?` begins an encoded word: a header that holds one is read as other addresses than were written
_ADDRESS: Final = rf"(?!.*=\?)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*"
_END: Final = r"$(?!\n)"

_SAYS: Final = {"says": "It is no e-mail address"}

Address = Annotated[str, msgspec.Meta(pattern=f"^{_ADDRESS}{_END}", max_length=254, extra=_SAYS)]


class EmailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Stands under [plugins.email] in the settings. Without `host` and `sender` the notifier is not set up."""

    host: Annotated[str, msgspec.Meta(description="The SMTP server; without it no e-mail is sent", min_length=1)]
    port: Annotated[int, msgspec.Meta(description="0: 587, 465 or 25, as `security` has it", ge=0, le=65535)] = 0
    security: Annotated[
        Literal["starttls", "tls", "none"],
        msgspec.Meta(description="`starttls`, `tls` from the start, or `none` for a server on this machine"),
    ] = "starttls"
    user: Annotated[str, msgspec.Meta(description="Name to log in with; empty: no log-in")] = ""
    password: Annotated[
        str, msgspec.Meta(description="Password to log in with", extra_json_schema={"x-secret": True})
    ] = ""
    sender: Annotated[
        str,
        msgspec.Meta(description="Address that the messages come from", pattern=f"^{_ADDRESS}{_END}", extra=_SAYS),
    ]
    ca_file: Annotated[str, msgspec.Meta(description="Certificates to trust, PEM; empty: the system's")] = ""


class EmailTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to tell."""

    to: Annotated[
        tuple[Address, ...], msgspec.Meta(description="E-mail addresses, at most 20", min_length=1, max_length=20)
    ]


async def notify(notice: Notice, target: EmailTarget, context: Context) -> None:
    """Sends one message to all. Raises CopyhoundError `settings_invalid`, `fetch_failed`, `fetch_timeout`."""
    settings: EmailSettings = context.settings
    message = compose(notice, settings.sender, target.to, context.now())
    deadline = Deadline(_SECONDS)
    refused = await apart(lambda: _send(message, settings, target.to, deadline), deadline)
    if refused:
        # no failure: the others would get it again with every attempt
        context.log.warning("%s; the others have the message", refused)


def compose(notice: Notice, sender: str, to: Sequence[str], now: datetime) -> EmailMessage:
    """The message: text, HTML beside it, and what else there is attached."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _header(notice.title)[:_MAX_SUBJECT]
    message["From"] = _header(sender)
    message["To"] = ", ".join(to)
    message["Date"] = format_datetime(now)
    if notice.id:
        # the same for the same notice: a mailbox may leave out what it has
        message["Message-ID"] = f"<{_header(notice.id)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.text)
    if notice.html is not None:
        _page(message, notice)
    elif notice.body is not None and notice.content_type and not notice.content_type.startswith(_PLAIN):
        _attach(message, notice.body, notice.content_type.partition(";")[0])
    return message


def _page(message: EmailMessage, notice: Notice) -> None:
    """HTML beside the text; pictures in it that came along are parts of the message."""
    html, shown = notice.html or "", {}
    for picture in notice.pictures:
        there = f'src="{escape(picture.url)}"'
        if there in html:
            cid = f"{hashlib.sha256(picture.url.encode()).hexdigest()[:24]}@copyhound"
            html, shown[cid] = html.replace(there, f'src="cid:{cid}"'), picture
    message.add_alternative(html, subtype="html")
    *_, page = message.iter_parts()
    assert isinstance(page, EmailMessage)
    for number, (cid, picture) in enumerate(shown.items(), 1):
        main, _, sub = picture.content_type.partition("/")
        name = f"{number}.{sub}"
        page.add_related(picture.data, main, sub, cid=f"<{cid}>", filename=name, disposition="inline")


def _attach(message: EmailMessage, body: bytes, content_type: str) -> None:
    main, _, sub = content_type.partition("/")
    message.add_attachment(body, maintype=main, subtype=sub, filename=f"new-domains.{sub}")


def _header(text: str) -> str:
    """One line, whatever was in it."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def _send(message: EmailMessage, settings: EmailSettings, to: Sequence[str], deadline: Deadline) -> str:
    """Which addresses were refused, where others were not; empty where all have it."""
    port = settings.port or _PORTS[settings.security]
    where = f"{settings.host}:{port}"
    try:
        with deadline:
            refused = _over(_connected(settings, port, deadline), message, settings, to)
    except (OSError, smtplib.SMTPException) as error:
        raise _failure(error, where, deadline) from None
    return f"{where} refused {_told(refused)}" if refused else ""


def _failure(error: OSError | smtplib.SMTPException, where: str, deadline: Deadline) -> CopyhoundError:
    # smtplib makes a lost connection of a time-out
    if deadline.passed or isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return CopyhoundError("fetch_timeout", f"{where} did not answer within {deadline.seconds:g} seconds.")
    match error:
        case smtplib.SMTPAuthenticationError():
            return CopyhoundError("settings_invalid", f"{where} refused the log-in ({error.smtp_code}).")
        case smtplib.SMTPNotSupportedError():
            return CopyhoundError("settings_invalid", f"{where}: {error}")
        case smtplib.SMTPRecipientsRefused():
            return CopyhoundError("fetch_failed", f"{where} refused {_told(error.recipients)}.")
        case smtplib.SMTPResponseException():
            return CopyhoundError("fetch_failed", f"{where} answered {error.smtp_code} {_text(error.smtp_error)}")
        case ssl.SSLError():
            return CopyhoundError("fetch_failed", f"{where}: no TLS ({error.reason or 'error'}).")
    return CopyhoundError("fetch_failed", f"{where} could not be reached ({type(error).__name__}).")


def _over(
    server: smtplib.SMTP, message: EmailMessage, settings: EmailSettings, to: Sequence[str]
) -> dict[str, tuple[int, bytes]]:
    try:
        if settings.user:
            server.login(settings.user, settings.password)
        refused = server.send_message(message, settings.sender, list(to))
        # taken is taken, however the server says goodbye
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()
        return refused
    finally:
        server.close()


def _connected(settings: EmailSettings, port: int, deadline: Deadline) -> smtplib.SMTP:
    trust = ssl.create_default_context(cafile=settings.ca_file or None)
    if settings.security == "tls":
        return Secure(settings.host, port, deadline, trust)
    server = Plain(settings.host, port, deadline)
    if settings.security == "starttls":
        try:
            server.starttls(context=trust)
        except BaseException:
            server.close()
            raise
    return server


def _told(refused: dict[str, tuple[int, bytes]]) -> str:
    return ", ".join(f"{address} ({code} {_text(why)})" for address, (code, why) in refused.items())


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return _header(text)[:200]


EMAIL = NotifierSpec(
    name="email",
    title="E-mail",
    description="Sends e-mail through an SMTP server of yours.",
    notify=notify,
    target=EmailTarget,
    settings=EmailSettings,
    timeout_seconds=60.0,
)


@hookimpl
def copyhound_notifiers() -> Sequence[NotifierSpec]:
    """`email`."""
    return (EMAIL,)
