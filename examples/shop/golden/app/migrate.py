"""Makes the tables, where they are not there yet."""
from .database import connect

with connect() as db:
    db.execute("CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY, item text NOT NULL, sent boolean NOT NULL DEFAULT false)")
print("migrated")
