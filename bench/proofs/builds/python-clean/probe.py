"""Ends with 0 when the program beside it answers."""
import http.client
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
try:
    ask = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    ask.request("GET", "/")
    sys.exit(0 if ask.getresponse().status == 200 else 1)
except OSError:
    sys.exit(1)
