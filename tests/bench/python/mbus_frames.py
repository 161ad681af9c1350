"""pyMeterBus over the frames of a file, one in hexadecimal a line: every record to value, unit and storage number.

Prints the records of one pass and the seconds that it took, the best of several passes.
"""

import sys
import time

import meterbus

PASSES = 20


def decode(frame):
    count = 0
    for record in meterbus.load(frame).records:
        storage, _, _ = record.dib.parse_dife()
        # What it knows no value or unit of counts as a record all the same.
        try:
            (record.value, record.unit, storage)
        except Exception:
            pass
        count += 1
    return count


def main():
    frames = [bytes.fromhex(line) for line in open(sys.argv[1])]
    best = None
    for _ in range(PASSES):
        begun = time.perf_counter()
        records = sum(decode(frame) for frame in frames)
        took = time.perf_counter() - begun
        best = took if best is None else min(best, took)
    print(records, best)


main()
