"""Sends what was ordered."""
import os
import time

import psycopg

while True:
    with psycopg.connect(os.environ["DATABASE_URL"]) as db:
        sent = db.execute("UPDATE orders SET sent = true WHERE NOT sent").rowcount
    if sent:
        print("sent", sent, flush=True)
    time.sleep(2)
