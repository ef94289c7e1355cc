"""Works in rounds, listens nowhere, and ends when it is asked to."""
import argparse
import signal
import threading

flags = argparse.ArgumentParser()
flags.add_argument("--every", type=float, default=1.0)
every = flags.parse_args().every
done = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: done.set())
while not done.wait(every):
    print("a round", flush=True)
