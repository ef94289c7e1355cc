"""Answers every request; ends when it is asked to."""
import argparse
import signal
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *args):
        pass


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--host", default="0.0.0.0")
    flags.add_argument("--port", type=int, default=8000)
    args = flags.parse_args()
    for _ in range(3):
        # Each shell leaves a child behind, which ends soon and belongs to PID 1 then.
        subprocess.run(["sh", "-c", "sleep 0.2 &"], check=True)
    server = ThreadingHTTPServer((args.host, args.port), Handler)

    def stop(*_):
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever()


main()
