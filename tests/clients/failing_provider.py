"""A provider that fails: what it does is in the model's name.

status-NNN answers with that status; cut answers with a stream that breaks off after three words.
Prints its port and serves until it is killed.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FailingProvider(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        model = body["model"].split(".")[0]
        if model == "cut":
            self.cut_stream(model)
        else:
            self.refuse(int(model.removeprefix("status-")))

    def refuse(self, status):
        error = {"message": "refused on purpose", "type": "test", "param": None, "code": None}
        body = json.dumps({"error": error}).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if status == 429:
            self.send_header("retry-after", "7")
        self.end_headers()
        self.wfile.write(body)

    def cut_stream(self, model):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for word in ("half ", "an ", "answer"):
            choice = {"index": 0, "delta": {"role": "assistant", "content": word}, "finish_reason": None}
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.close_connection = True

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), FailingProvider)
    print(server.server_port, flush=True)
    server.serve_forever()
