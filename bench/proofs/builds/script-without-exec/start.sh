#!/bin/sh
set -e
python app.py "$@"
