"""A shop: orders are taken here, and sent by the worker."""
from fastapi import FastAPI

from .database import connect

app = FastAPI()


@app.get("/healthz")
def healthz():
    with connect() as db:
        db.execute("SELECT 1")
    return {"ok": True}


@app.get("/orders")
def orders():
    with connect() as db:
        return [{"id": i, "item": item, "sent": sent} for i, item, sent in db.execute("SELECT id, item, sent FROM orders ORDER BY id")]


@app.post("/orders/{item}")
def order(item: str):
    with connect() as db:
        db.execute("INSERT INTO orders (item) VALUES (%s)", [item])
    return {"item": item}
