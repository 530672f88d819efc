"""localstripe on loopback, with the one thing that it lacks and a router asks for: Checkout sessions.

Usage: localstripe_server.py PORT. What was asked for is at /_sessions.
"""

import sys

from aiohttp import web
from localstripe import server

sessions = []


async def create_session(request):
    form = {name: value for name, value in (await request.post()).items()}
    number = len(sessions) + 1
    session = {"id": f"cs_test_{number}", "object": "checkout.session",
               "url": f"http://127.0.0.1/c/pay/cs_test_{number}"}
    sessions.append({"form": form, "key": request.headers.get("Idempotency-Key"), **session})
    return web.json_response(session)


async def list_sessions(_):
    return web.json_response(sessions)


server.app.router.add_post("/v1/checkout/sessions", create_session)
server.app.router.add_get("/_sessions", list_sessions)
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
