"""A poller as one writes it with pymodbus and asyncio: the ring of hours of each device into SQLite.

Arguments: a file of HOST:PORT lines, the database, connections at once. Prints values stored, seconds, seconds of
processor.
"""

import asyncio
import resource
import sqlite3
import sys
import time

from pymodbus.client import AsyncModbusTcpClient

RING = 0x1000
DEPTH = 1488
RECORD = 8
AT_ONCE = 15


def bcd(byte):
    return (byte >> 4) * 10 + (byte & 15)


def signed(word):
    return word - 0x10000 if word & 0x8000 else word


async def registers(client, address, count):
    answer = await client.read_holding_registers(address, count=count, device_id=1)
    if answer.isError():
        raise RuntimeError(f"{client}: {answer}")
    return answer.registers


async def poll(device, line, database, gate):
    host, port = line.rsplit(":", 1)
    async with gate:
        client = AsyncModbusTcpClient(host, port=int(port))
        await client.connect()
        await registers(client, 0, 4)
        newest, count = await registers(client, 96, 2)
        rows = []
        for first in range(0, DEPTH, AT_ONCE):
            records = min(AT_ONCE, DEPTH - first)
            words = await registers(client, RING + first * RECORD, records * RECORD)
            for at in range(0, len(words), RECORD):
                year_month, day_hour, t1, t2, v_high, v_low, q_high, q_low = words[at : at + RECORD]
                if year_month == 0xFFFF:
                    continue
                end = "20%02d-%02d-%02d %02d:00" % (
                    bcd(year_month >> 8),
                    bcd(year_month & 255),
                    bcd(day_hour >> 8),
                    bcd(day_hour & 255),
                )
                rows.append((device, end, "t1", None if t1 == 0x8000 else signed(t1) / 100))
                rows.append((device, end, "t2", signed(t2) / 100))
                rows.append((device, end, "V", ((v_high << 16) | v_low) / 1000))
                rows.append((device, end, "Q", ((q_high << 16) | q_low) / 10000))
        client.close()
        with database:
            database.executemany("insert into value values (?, ?, ?, ?)", rows)
        return len(rows)


async def main():
    lines = open(sys.argv[1]).read().split()
    database = sqlite3.connect(sys.argv[2])
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = normal")
    database.execute(
        "create table value (device integer, ended_at text, name text, value real, primary key (device, ended_at, name))"
        " without rowid"
    )
    gate = asyncio.Semaphore(int(sys.argv[3]))
    begun = time.perf_counter()
    counts = await asyncio.gather(*(poll(device, line, database, gate) for device, line in enumerate(lines)))
    took = time.perf_counter() - begun
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(sum(counts), took, usage.ru_utime + usage.ru_stime)


asyncio.run(main())
