"""Starts the program, hands it what it is told, and reaps whatever ends."""
import os
import signal
import sys

child = os.spawnvp(os.P_NOWAIT, "python", ["python", "app.py", *sys.argv[1:]])
signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
while True:
    pid, status = os.wait()
    if pid == child:
        sys.exit(os.waitstatus_to_exitcode(status))
