"""Signs in through a real SMTP server: aiosmtpd receives, Python's email package reads."""

import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

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


def run(binary, work):
    inbox = Inbox()
    smtp = Controller(
        inbox,
        hostname="127.0.0.1",
        port=0,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=False,
    )
    smtp.start()
    port = smtp.server.sockets[0].getsockname()[1]
    log = work / "log"
    router = subprocess.Popen(
        [binary, "serve", "--sandbox"],
        env={
            "PATH": os.environ["PATH"],
            "RUST_LOG": "trace",
            "MODEL_ROUTER_BIND": "127.0.0.1:0",
            "MODEL_ROUTER_DATA_DIR": str(work / "var"),
            "SMTP_URL": f"smtp://router:p%40ss%2Fword@127.0.0.1:{port}",
            "MAIL_FROM": "Router <no-reply@router.example>",
        },
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=log.open("w"),
        text=True,
    )
    try:
        return checks(router, inbox, log, work)
    finally:
        router.terminate()
        router.wait(20)
        smtp.stop()


def checks(router, inbox, log, work):
    url = next(m[1] for line in router.stdout if (m := re.search(r"(http://\S+)/v1", line)))
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
    results.append(check("no mail lies in the data directory", not list((work / "var").glob("mail/*"))))
    return results


with tempfile.TemporaryDirectory() as directory:
    outcome = run(sys.argv[1], Path(directory))
print(f"mail: {sum(outcome)} passed, {len(outcome) - sum(outcome)} failed")
sys.exit(0 if all(outcome) else 1)
