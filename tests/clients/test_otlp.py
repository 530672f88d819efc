"""Sends spans and metrics to rotel, a real OTLP collector, and reads back what it understood."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from email import message_from_bytes, policy
from pathlib import Path

BIN, AGENT, WORK = sys.argv[1], sys.argv[2], Path(sys.argv[3])
ADMIN = "admin-token-of-the-test"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CATALOG = '[[model]]\nid = "gpt-4.1"\nupstream = "gpt-4.1!status=503"\n'
CONFIG = "[telemetry]\nallow_private = true\nflush_ms = 100\n"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(method, url, token, body=None, headers=()):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, dict(headers), method=method)
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.headers, response.read().decode()
    except urllib.error.HTTPError as refused:
        raise AssertionError(f"{url}: {refused.code} {refused.read().decode()}") from refused


def until(what, find):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = find()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come")


def value(text):
    kind, inner = re.fullmatch(r"(\w+)\((.*)\)", text).groups()
    if kind == "Slice":
        return re.findall(r"Str\(([^)]*)\)", inner)
    return {"Str": str, "Int": int, "Double": float, "Bool": lambda t: t == "true"}[kind](inner)


def spans(log):
    """The spans in the collector's log, with attributes."""
    found = []
    # What nothing follows yet may still be written. Metrics follow soon.
    pieces = re.split(r"^(?=Span #\d+\n|Resource\w+ #)", log, flags=re.M)[:-1]
    for block in [piece for piece in pieces if piece.startswith("Span #")]:
        field = lambda name: re.search(rf"{name}\s*: ?(.*)", block).group(1).strip()
        attributes = re.findall(r"^     -> ([\w.]+): (.*)$", block, flags=re.M)
        found.append({
            "trace": field("Trace ID"), "parent": field("Parent ID"),
            "id": re.search(r"^    ID\s*: (\w+)", block, flags=re.M).group(1),
            "name": field("Name"), "kind": field("Kind"), "status": field("Status code"),
            "start": int(field("Start time")), "end": int(field("End time")),
            "attributes": {name: value(text) for name, text in attributes},
        })
    return found


def metrics(log):
    """The last value of every counter without labels that differ, summed over its labels."""
    last = {}
    pieces = re.split(r"^(?=Metric #\d+\n|Resource\w+ #)", log, flags=re.M)[:-1]
    for block in [piece for piece in pieces if piece.startswith("Metric #")]:
        name = re.search(r"-> Name: (\S+)", block).group(1)
        values = [float(v) for v in re.findall(r"^Value: (\S+)$", block, flags=re.M)]
        last[name] = sum(values)
    return last


def prometheus(text, name):
    lines = [line for line in text.splitlines() if re.match(rf"{name}[{{ ]", line)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def check(what, got, wanted):
    assert got == wanted, f"{what}: {got!r} is not {wanted!r}"


def sign_in(url, var, email):
    _, body = ask("POST", f"{url}/v1/auth/request-code", "", {"email": email})
    flow = json.loads(body)["flow"]

    def code():
        for path in sorted((var / "mail").glob("*.eml")):
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            text = mail.get_body(("plain",)).get_content()
            found = re.search(r"^\s*(\d{8})\s*$", text, flags=re.M)
            if email in mail["To"] and found:
                return found.group(1)

    code = until("the code", code)
    body = {"email": email, "code": code, "flow": flow}
    _, answer = ask("POST", f"{url}/v1/auth/verify-code", "", body)
    return json.loads(answer)["session_token"]


def run(protocol, grpc, http, log):
    start = len(log.read_text())
    read = lambda: log.read_text()[start:]
    endpoint = f"http://127.0.0.1:{grpc if protocol == 'grpc' else http}"
    place = WORK / protocol.replace("/", "-")
    place.mkdir()
    (place / "catalog.toml").write_text(CATALOG)
    (place / "router.toml").write_text(CONFIG)
    var, port = place / "var", free_port()
    env = {
        "PATH": os.environ["PATH"], "MODEL_ROUTER_BIND": f"127.0.0.1:{port}",
        "MODEL_ROUTER_DATA_DIR": str(var), "MODEL_ROUTER_ADMIN_TOKEN": ADMIN,
        "MODEL_ROUTER_CATALOG": str(place / "catalog.toml"), "RUST_LOG": "info",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": endpoint + ("" if protocol == "grpc" else "/v1/metrics"),
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_METRIC_EXPORT_INTERVAL": "300",
        "OTEL_SERVICE_NAME": "router-under-test",
    }
    logs = (place / "stderr").open("w+")
    router = subprocess.Popen(
        [BIN, "serve", "--sandbox", "--config", str(place / "router.toml")],
        env=env, stdout=subprocess.DEVNULL, stderr=logs,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until("the router", lambda: router.poll() is None and not socket.socket().connect_ex(("127.0.0.1", port)))
        email = "ada@example.com"
        body = {"email": email, "credit_usd": "5.00"}
        _, made = ask("POST", f"{url}/admin/accounts", ADMIN, body)
        key = json.loads(made)["api_key"]
        session = sign_in(url, var, email)
        target = {"endpoint": endpoint, "protocol": protocol, "headers": {"x-api-key": "secret"}}
        ask("PATCH", f"{url}/v1/account", session, {"telemetry": target})
        _, tested = ask("POST", f"{url}/v1/account/telemetry/test", session, {})
        tested = json.loads(tested)
        check("test", tested["delivered"], True)
        test = until("the test's span", lambda: [s for s in spans(read()) if s["trace"] == tested["trace_id"]])
        check("test's name", test[0]["name"], "model-router test")

        message = [{"role": "user", "content": "[[tokens:20]] canary-prompt"}]
        began = time.time_ns()
        chat = {"model": "gpt-4.1", "models": ["claude-sonnet-4-6"], "messages": message, "temperature": 0.5}
        context = [("traceparent", f"00-{TRACE}-{PARENT}-01")]
        headers, answer = ask("POST", f"{url}/v1/chat/completions", key, chat, context)
        ended = time.time_ns()
        answer = json.loads(answer)
        find = lambda id: [s for s in spans(read()) if s["attributes"].get("gen_ai.response.id") == id]
        span = until("the span", lambda: find(answer["id"]))[0]
        check("name", span["name"], "chat gpt-4.1")
        check("kind", span["kind"], "SPAN_KIND_CLIENT")
        check("trace and parent", (span["trace"], span["parent"]), (TRACE, PARENT))
        check("status", span["status"], "STATUS_CODE_UNSET")
        assert began <= span["start"] < span["end"] <= ended + 50_000_000, "the span lies inside the call"
        for name, wanted in {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": headers["x-model-router-provider"],
            "gen_ai.request.model": "gpt-4.1",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.response.model": headers["x-model-router-model"],
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.usage.input_tokens": answer["usage"]["prompt_tokens"],
            "gen_ai.usage.output_tokens": answer["usage"]["completion_tokens"],
            "model_router.cost": float(headers["x-model-router-cost"]),
            "model_router.attempts": headers["x-model-router-attempts"].split(","),
            "model_router.tier": headers["x-model-router-tier"],
            "model_router.key.name": "default",
        }.items():
            check(name, span["attributes"].get(name), wanted)
        tried = headers["x-model-router-attempts"].split(",")
        under = lambda: [s for s in spans(read()) if s["parent"] == span["id"]]
        children = until("its attempts", lambda: len(under()) == len(tried) and under())
        check("attempts", [f"{s['attributes']['model_router.provider']}/{s['name'].split()[1]}:{s['attributes']['model_router.attempt.outcome']}" for s in children], tried)
        check("their statuses", [s["status"] for s in children], ["STATUS_CODE_ERROR"] * (len(tried) - 1) + ["STATUS_CODE_UNSET"])
        assert all(span["start"] <= s["start"] <= s["end"] <= span["end"] for s in children)

        stream = {"model": "claude-sonnet-4-6", "messages": message, "stream": True}
        headers, frames = ask("POST", f"{url}/v1/chat/completions", key, stream)
        assert frames.rstrip().endswith("[DONE]")
        streamed = until("the stream's span", lambda: find(headers["x-model-router-generation-id"]))[0]
        check("stream", streamed["attributes"]["gen_ai.request.stream"], True)
        assert 0 < streamed["attributes"]["gen_ai.response.time_to_first_chunk"] < 30
        headers, _ = ask("POST", f"{url}/v1/embeddings", key, {"model": "embed-small", "input": ["a", "b"]})
        embedded = until("the embedding's span", lambda: find(headers["x-model-router-generation-id"]))[0]
        check("embedding", embedded["name"], "embeddings embed-small")

        _, text = ask("GET", f"{url}/metrics", ADMIN)
        for name in ("model_router_cost_picodollars_total", "model_router_tokens_total", "model_router_attempts_total"):
            wanted = prometheus(text, name)
            assert wanted > 0
            until(f"{name} of {wanted}", lambda: metrics(read()).get(name) == wanted)
        for name in ("model_router_time_to_first_token_seconds", "model_router_ledger_commit_seconds", "model_router_model_state"):
            assert name in metrics(read()), name
        assert "service.name: Str(router-under-test)" in read()
        assert "canary-prompt" not in read() and "secret" not in read()

        # What was on its way when the router ends arrives all the same.
        headers, _ = ask("POST", f"{url}/v1/chat/completions", key, {**stream, "stream": False})
        router.terminate()
        check("exit", router.wait(20), 0)
        until("the last span", lambda: find(headers["x-model-router-generation-id"]))
        logs.seek(0)
        lines = logs.read()
        assert f'"trace_id":"{TRACE}"' in lines and f'"span_id":"{span["id"]}"' in lines
        print(f"otlp: {protocol}: {len(spans(read()))} spans and {len(metrics(read()))} metrics read back and compared")
    finally:
        if router.poll() is None:
            router.kill()
            router.wait()


def main():
    grpc, http = free_port(), free_port()
    log = WORK / "collector.log"
    with log.open("w") as out:
        collector = subprocess.Popen(
            [AGENT, "start", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}",
             "--otlp-http-endpoint", f"127.0.0.1:{http}", "--exporter", "blackhole",
             "--debug-log", "traces", "--debug-log", "metrics", "--debug-log-verbosity", "detailed"],
            stdout=out, stderr=subprocess.STDOUT,
        )
        try:
            until("the collector", lambda: not socket.socket().connect_ex(("127.0.0.1", http)))
            for protocol in ("http/protobuf", "grpc", "http/json"):
                run(protocol, grpc, http, log)
        finally:
            collector.terminate()
            collector.wait()
    print("otlp: ok")


main()
