"""Signs in through a real SMTP server: aiosmtpd receives, Python's email package reads."""

import json
import logging
import os
import queue
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
import trustme

USER, PASSWORD = b"router", b"p@ss/word"
ADA = "ada@example.com"


class Inbox:
    """Keeps what arrives, with its envelope."""

    def __init__(self):
        self.arrived = queue.Queue()

    async def handle_DATA(self, server, session, envelope):
        self.arrived.put((envelope, session.authenticated))
        return "250 OK"


def authenticate(server, session, envelope, mechanism, login):
    good = login.login == USER and login.password == PASSWORD
    return AuthResult(success=good)


def post(url, body):
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def get(url, token):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


def check(name, good, detail=""):
    print(f"{'ok' if good else 'not ok'} - {name}", *([detail] if not good else []))
    return bool(good)


class Router:
    """A router that mails through a server, from its start to its end."""

    def __init__(self, binary, work, smtp_url, ca=None):
        self.log = work / "log"
        self.var = work / "var"
        env = {
            "PATH": os.environ["PATH"],
            "RUST_LOG": "trace",
            "MODEL_ROUTER_BIND": "127.0.0.1:0",
            "MODEL_ROUTER_DATA_DIR": str(self.var),
            "SMTP_URL": smtp_url,
            "MAIL_FROM": "Router <no-reply@router.example>",
        }
        if ca:
            env["SSL_CERT_FILE"] = str(ca)
        self.process = subprocess.Popen(
            [binary, "serve", "--sandbox"],
            env=env, cwd=work, stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True,
        )

    def __enter__(self):
        found = (re.search(r"(http://\S+)/v1", line) for line in self.process.stdout)
        self.url = next(m[1] for m in found if m)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


def server(inbox, host="127.0.0.1", **options):
    """A mail server on a free port."""
    with socket.create_server((host, 0)) as free:
        port = free.getsockname()[1]
    smtp = Controller(inbox, hostname=host, port=port, **options)
    smtp.start()
    return smtp, port


def with_login(binary, work):
    inbox = Inbox()
    smtp, port = server(inbox, authenticator=authenticate, auth_required=True, auth_require_tls=False)
    try:
        with Router(binary, work, f"smtp://router:p%40ss%2Fword@127.0.0.1:{port}") as router:
            return checks(router, inbox)
    finally:
        smtp.stop()


def with_tls(binary, work, ca, scheme, host, name, **options):
    """Mail arrives when the certificate is trusted, and never when it is not."""
    results = []
    for trusted in [True, False]:
        inbox = Inbox()
        smtp, port = server(inbox, host, **options)
        place = work / f"{scheme}-{trusted}"
        place.mkdir()
        try:
            with Router(binary, place, f"{scheme}://{host}:{port}", ca if trusted else None) as router:
                post(f"{router.url}/v1/auth/request-code", {"email": ADA})
                if trusted:
                    envelope, _ = inbox.arrived.get(timeout=20)
                    results.append(check(f"{name}: a trusted server gets the mail", envelope.rcpt_tos == [ADA]))
                else:
                    until = time.monotonic() + 20
                    while "mail not sent yet" not in router.log.read_text() and time.monotonic() < until:
                        time.sleep(0.05)
                    said = "mail not sent yet" in router.log.read_text()
                    results.append(check(f"{name}: an unknown server gets nothing", said and inbox.arrived.empty()))
        finally:
            smtp.stop()
    return results


def checks(router, inbox):
    url, log = router.url, router.log
    status, asked = post(f"{url}/v1/auth/request-code", {"email": ADA})
    results = [check("a code is asked for", status == 200 and asked["flow"], asked)]

    envelope, authenticated = inbox.arrived.get(timeout=20)
    mail = message_from_bytes(envelope.content, policy=policy.default)
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    code = re.search(r"^\s*(\d{8})\s*$", text, re.MULTILINE)[1]
    results += [
        check("the router has logged in to the server", authenticated),
        check("the envelope names sender and recipient",
              envelope.mail_from == "no-reply@router.example" and envelope.rcpt_tos == [ADA],
              (envelope.mail_from, envelope.rcpt_tos)),
        check("so do the headers", mail["From"] == "Router <no-reply@router.example>" and mail["To"] == ADA,
              (mail["From"], mail["To"])),
        check("the parser finds no defect",
              not mail.defects and not any(part.defects for part in mail.walk())),
        check("date and id are there", mail["Date"].datetime and mail["Message-ID"].endswith("@router.example>")),
        check("the code is not in the subject", code not in mail["Subject"], mail["Subject"]),
        check("text and HTML bring the same code", code in html),
    ]
    status, wrong = post(f"{url}/v1/auth/verify-code",
                         {"email": ADA, "code": f"{(int(code) + 1) % 10**8:08}", "flow": asked["flow"]})
    results.append(check("another code is refused", status == 401 and wrong["error"]["code"] == "invalid_code", wrong))
    status, entered = post(f"{url}/v1/auth/verify-code", {"email": ADA, "code": code, "flow": asked["flow"]})
    results.append(check("the mailed code signs in", status == 200 and entered["new_account"], entered))
    sessions = get(f"{url}/v1/account/sessions", entered["session_token"])
    results.append(check("the session is listed", [s["current"] for s in sessions["data"]] == [True], sessions))
    credits = get(f"{url}/v1/credits", entered["api_key"])
    results.append(check("the first key works", credits["data"]["balance"] == "0", credits))
    said = log.read_text()
    secrets = [code, entered["session_token"], entered["api_key"], asked["flow"], "p@ss/word", "p%40ss"]
    results.append(check("the log says that the mail went out, and holds no secret",
                         "mail sent" in said and not any(secret in said for secret in secrets),
                         [secret for secret in secrets if secret in said]))
    results.append(check("no mail lies in the data directory", not list(router.var.glob("mail/*"))))
    return results


def everything(binary, work):
    authority = trustme.CA()
    # By its name: at a loopback address `smtp` would go without TLS.
    host = socket.gethostname()
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", host).configure_cert(own)
    ca = work / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    results = with_login(binary, work)
    results += with_tls(binary, work, ca, "smtps", "127.0.0.1", "TLS", ssl_context=own)
    return results + with_tls(binary, work, ca, "smtp", host, "STARTTLS", tls_context=own, require_starttls=True)


warnings.simplefilter("ignore")
logging.disable()
with tempfile.TemporaryDirectory() as directory:
    outcome = everything(sys.argv[1], Path(directory))
print(f"mail: {sum(outcome)} passed, {len(outcome) - sum(outcome)} failed")
sys.exit(0 if all(outcome) else 1)
