"""Sends what was ordered, and leaves a sign of life after each round."""
import signal
import time
from pathlib import Path

from .database import connect

BEAT = Path("/tmp/beat")


def stop(number, frame):
    raise SystemExit(0)


signal.signal(signal.SIGTERM, stop)
while True:
    with connect() as db:
        sent = db.execute("UPDATE orders SET sent = true WHERE NOT sent").rowcount
    if sent:
        print("sent", sent, flush=True)
    BEAT.touch()
    time.sleep(2)
