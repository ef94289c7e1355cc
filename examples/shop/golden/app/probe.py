"""The server's health check: it answers, and reaches its database."""
import http.client
import sys

connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=3)
connection.request("GET", "/healthz")
sys.exit(connection.getresponse().status != 200)
