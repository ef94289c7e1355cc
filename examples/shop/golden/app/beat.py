"""The worker's health check: its last round was not long ago."""
import sys
import time
from pathlib import Path

sys.exit(time.time() - Path("/tmp/beat").stat().st_mtime > 10)
