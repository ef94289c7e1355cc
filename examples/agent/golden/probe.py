"""Ask the program itself whether it answers. http.client obeys no proxy, as urllib would."""
import http.client
import sys

connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=3)
connection.request("GET", "/health")
sys.exit(connection.getresponse().status != 200)
