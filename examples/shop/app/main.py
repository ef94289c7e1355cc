"""A shop: orders are taken here, and sent by the worker."""
import os

import psycopg
from fastapi import FastAPI

app = FastAPI()


def connect():
    return psycopg.connect(os.environ["DATABASE_URL"])


@app.get("/orders")
def orders():
    with connect() as db:
        return [{"id": i, "item": item, "sent": sent} for i, item, sent in db.execute("SELECT id, item, sent FROM orders ORDER BY id")]


@app.post("/orders/{item}")
def order(item: str):
    with connect() as db:
        db.execute("INSERT INTO orders (item) VALUES (%s)", [item])
    return {"item": item}
