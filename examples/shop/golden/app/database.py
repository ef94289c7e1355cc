"""Where the database is: the password is a file, as Compose and Kubernetes give secrets."""
import os
from pathlib import Path

import psycopg


def connect():
    password = Path(os.environ["DATABASE_PASSWORD_FILE"]).read_text().strip()
    return psycopg.connect(
        host=os.environ["DATABASE_HOST"], dbname=os.environ["DATABASE_NAME"], user=os.environ["DATABASE_USER"],
        password=password, connect_timeout=5,
    )
