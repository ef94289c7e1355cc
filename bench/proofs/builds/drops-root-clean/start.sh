#!/bin/sh
set -e
exec setpriv --reuid=10001 --regid=10001 --clear-groups python app.py "$@"
