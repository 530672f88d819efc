"""Makes the accounts that the fuzzer asks with and prints their credentials as shell variables."""

import email
import json
import os
import pathlib
import re
import time
import urllib.request

URL = os.environ["ROUTER_URL"]
ADMIN = os.environ["ADMIN_TOKEN"]
MAIL = pathlib.Path(os.environ["DATA_DIR"]) / "mail"


def post(path, body, bearer=None):
    headers = {"Content-Type": "application/json"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def mailed_code(address):
    for _ in range(200):
        for path in MAIL.glob("*.eml"):
            mail = email.message_from_bytes(path.read_bytes())
            if mail["To"] == address:
                text = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
                return re.search(r"^\s*(\d{8})\s*$", text.get_payload(decode=True).decode(), re.M)[1]
        time.sleep(0.05)
    raise SystemExit(f"no mail to {address}")


def session(address):
    flow = post("/v1/auth/request-code", {"email": address})["flow"]
    code = mailed_code(address)
    return post("/v1/auth/verify-code", {"email": address, "code": code, "flow": flow})["session_token"]


caller = post("/admin/accounts", {"email": "caller@fuzz.example", "credit_usd": "900000"}, ADMIN)
print(f"API_KEY={caller['api_key']}")
for name in ("OWNER", "LOGOUT", "END_SESSIONS", "DELETE_ACCOUNT"):
    address = name.lower().replace("_", "-") + "@fuzz.example"
    print(f"SESSION_{name}={session(address)}")
