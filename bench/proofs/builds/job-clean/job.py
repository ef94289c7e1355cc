"""Adds up numbers and ends."""
import argparse

flags = argparse.ArgumentParser()
flags.add_argument("--rows", type=int, default=10)
print(sum(range(flags.parse_args().rows)))
