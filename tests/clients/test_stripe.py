"""Deposits through localstripe: orders, payments, signed events; and the router's own client."""

import base64
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path

KEY, SECRET = "sk_test_of_localstripe", "whsec_of_localstripe"
ADA = "ada@example.com"
HERE = Path(__file__).parent


def call(method, url, body=None, headers=None):
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
            return response.status, json.loads(text) if text else None
    except urllib.error.HTTPError as refused:
        text = refused.read()
        try:
            return refused.code, json.loads(text)
        except ValueError:
            return refused.code, text.decode()


def check(name, good, detail=""):
    print(f"{'ok' if good else 'not ok'} - {name}", *([detail] if not good else []))
    return bool(good)


def until(answer, wanted, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = answer()
        if wanted(found):
            return found
        time.sleep(0.1)
    return answer()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Double:
    """localstripe, asked as its own clients ask it."""

    def __init__(self, work):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, HERE / "localstripe_server.py", str(port)], cwd=work,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        until(lambda: self.ping(), bool)

    def ping(self):
        try:
            return self.get("/v1/customers")[0] == 200
        except OSError:
            return False

    def headers(self):
        user = base64.b64encode(f"{KEY}:".encode()).decode()
        return {"Authorization": f"Basic {user}"}

    def get(self, path):
        return call("GET", self.url + path, None, self.headers())

    def post(self, path, form):
        body = urllib.parse.urlencode(form).encode()
        return call("POST", self.url + path, body, self.headers())

    def events_to(self, url, secret):
        form = {"url": url, "secret": secret}
        assert self.post("/_config/webhooks/router", form)[0] == 200

    def card(self, customer, number):
        form = {"type": "card", "card[number]": number, "card[exp_month]": "12",
                "card[exp_year]": "2034", "card[cvc]": "123"}
        method = self.post("/v1/payment_methods", form)[1]["id"]
        self.post(f"/v1/payment_methods/{method}/attach", {"customer": customer})
        return method

    def pay(self, session, method, amount=None):
        """What Stripe does when a session's page is paid."""
        form = session["form"]
        start = "payment_intent_data[metadata]["
        wanted = {
            "amount": amount or form["line_items[0][price_data][unit_amount]"],
            "currency": form["line_items[0][price_data][currency]"],
            "customer": form["customer"], "payment_method": method, "confirm": "true",
        }
        for name, value in form.items():
            if name.startswith(start):
                wanted[f"metadata[{name[len(start):-1]}]"] = value
        return self.post("/v1/payment_intents", wanted)


class Router:
    """The binary as it serves for real, with deposits."""

    def __init__(self, binary, work, stripe):
        self.var, self.log = work / "var", work / "log"
        env = {
            "PATH": os.environ["PATH"], "RUST_LOG": "info", "MODEL_ROUTER_BIND": "127.0.0.1:0",
            "MODEL_ROUTER_DATA_DIR": str(self.var), "MODEL_ROUTER_ADMIN_TOKEN": "admin-token",
            "STRIPE_API_BASE": stripe.url, "STRIPE_SECRET_KEY": KEY,
            "STRIPE_WEBHOOK_SECRET": f"whsec_of_before,{SECRET}",
        }
        self.process = subprocess.Popen([binary, "serve"], env=env, cwd=work,
                                        stdout=subprocess.DEVNULL, stderr=self.log.open("w"))
        found = until(lambda: re.search(r'"serving","address":"([^"]+)"', self.log.read_text()), bool)
        self.url = f"http://{found[1]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def ask(self, method, path, body=None, token=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = json.dumps(body).encode() if body is not None else None
        return call(method, self.url + path, data, headers)

    def sign_in(self):
        flow = self.ask("POST", "/v1/auth/request-code", {"email": ADA})[1]["flow"]
        mail = until(lambda: list(self.var.glob("mail/*.eml")), bool)[0]
        text = message_from_bytes(mail.read_bytes(), policy=policy.default)
        text = text.get_body(("plain",)).get_content()
        code = re.search(r"^\s*(\d{8})\s*$", text, re.MULTILINE)[1]
        offer = {"email": ADA, "code": code, "flow": flow}
        return self.ask("POST", "/v1/auth/verify-code", offer)[1]["session_token"]


def deposits(router, double):
    token = router.sign_in()
    balance = lambda: router.ask("GET", "/v1/account", None, token)[1]["balance_usd"]
    order = lambda usd: router.ask("POST", "/v1/billing/checkout", {"amount_usd": usd}, token)
    hook = f"{router.url}/v1/billing/webhook"
    double.events_to(hook, SECRET)

    status, ordered = order("10.00")
    sessions = double.get("/_sessions")[1]
    results = [check("an order has a page and shows its fee",
                     status == 200 and ordered["fee_usd"] == "0.4" and ordered["url"] == sessions[0]["url"],
                     ordered)]
    customers = double.get("/v1/customers")[1]["data"]
    account = router.ask("GET", "/v1/account", None, token)[1]
    results.append(check("the account has one customer, with its address and id",
                         [(c["email"], c["metadata"]["model_router_account"]) for c in customers]
                         == [(ADA, account["id"])], customers))
    customer = customers[0]["id"]
    visa = double.card(customer, "4242424242424242")

    status, refused = double.pay(sessions[0], double.card(customer, "4000000000000341"))
    results.append(check("a declined card pays nothing", status == 402, refused))
    double.pay(sessions[0], visa, amount="1")
    time.sleep(2)
    results.append(check("a payment of another amount is not credited", balance() == "0", balance()))
    double.events_to(hook, "whsec_of_somebody_else")
    double.pay(sessions[0], visa)
    time.sleep(2)
    results.append(check("an event of another signer is not believed", balance() == "0", balance()))
    double.events_to(hook, SECRET)
    status, paid = double.pay(sessions[0], visa)
    found = until(balance, lambda usd: usd != "0")
    results.append(check("a signed event credits the order, less the fee", status == 200 and found == "9.6", found))
    billing = router.ask("GET", "/v1/billing", None, token)[1]
    results.append(check("the order is paid",
                         [(o["status"], o["id"]) for o in billing["orders"]["data"]]
                         == [("paid", ordered["order_id"])], billing))
    double.pay(sessions[0], visa)
    time.sleep(2)
    results.append(check("a second payment of the same order is not credited", balance() == "9.6", balance()))
    receipts = lambda: [m for m in router.var.glob("mail/*.eml") if b"Receipt for your deposit of $10.00" in m.read_bytes()]
    results.append(check("the receipt is mailed once", len(until(receipts, bool)) == 1))

    status, other = order("20.00")
    sessions = double.get("/_sessions")[1]
    results.append(check("a second order is the same customer's",
                         status == 200 and sessions[1]["form"]["customer"] == customer
                         and len(double.get("/v1/customers")[1]["data"]) == 1, sessions))
    double.pay(sessions[1], visa)
    found = until(balance, lambda usd: usd != "9.6")
    results.append(check("and is credited too", found == "28.8", found))
    status, answer = router.ask("DELETE", "/v1/billing/card", None, token)
    left = double.get(f"/v1/payment_methods?customer={customer}&type=card")[1]["data"]
    results.append(check("giving the card up detaches every card", status == 200 and left == [], (answer, left)))
    report = router.ask("GET", "/admin/ledger/verify", None, "admin-token")[1]
    results.append(check("the ledger verifies", report["clean"], report))
    said = router.log.read_text()
    results.append(check("the log holds neither key nor secret", KEY not in said and SECRET not in said))
    return results


def own_client(root, double):
    """The router's client, which charges saved cards off-session."""
    env = {**os.environ, "LOCALSTRIPE": double.url}
    ran = subprocess.run(["cargo", "test", "--locked", "--quiet", "--test", "it", "localstripe", "--", "--ignored"],
                         cwd=root, env=env, capture_output=True, text=True)
    good = ran.returncode == 0 and "1 passed" in ran.stdout
    return [check("the router's client charges saved cards: paid, declined, to be authenticated",
                  good, ran.stdout[-3000:] + ran.stderr[-3000:])]


with tempfile.TemporaryDirectory() as directory:
    work = Path(directory)
    double = Double(work)
    try:
        with Router(sys.argv[1], work, double) as router:
            outcome = deposits(router, double)
        outcome += own_client(sys.argv[2], double)
    finally:
        double.process.terminate()
        double.process.wait(20)
print(f"stripe: {sum(outcome)} passed, {len(outcome) - sum(outcome)} failed")
sys.exit(0 if all(outcome) else 1)
