"""Makes the tables."""
import os

import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as db:
    db.execute("CREATE TABLE orders (id serial PRIMARY KEY, item text NOT NULL, sent boolean NOT NULL DEFAULT false)")
print("migrated")
