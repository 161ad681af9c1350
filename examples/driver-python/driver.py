"""The example driver in Python: ПРИМЕР-1, see ../meter.md."""

import json
import re
from datetime import datetime, timedelta
from typing import List, Optional

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.meter import ClockReading, Identity
from wit_world.imports import host, line
from wit_world.imports.types import (
    Absence, Aggregate, ArchiveKind, ArchiveKind_Hourly, CivilTime, Column, Condition, Effect, Failure_Config,
    Failure_Garbled, Failure_Line, Failure_NoAnswer, Failure_Refused, Failure_Stopped, Failure_Unsupported,
    Failure_WrongDevice, Fixed, LabelRule, LineError_Timeout, Mark, Quality, Row, Value_Absent, Value_Fixed, Window,
)

ATTEMPTS = 3
# The meter answers within 300 ms; the rest is the line's.
DEADLINE_MS = 1500
# A disturbed line is left alone so long before the next attempt.
QUIET_MS = 200
LONGEST = 128
RING_HOURS = 48
# Rows that are stored together: a cut session loses no more.
BATCH_ROWS = 16
HOUR = timedelta(hours=1)

DESCRIBE = {
    "id": "example-python",
    "version": "1.0.0",
    "vendor": "Uzel",
    "title": {"ru": "Пример драйвера на Python (ПРИМЕР-1)", "en": "Example driver in Python (PRIMER-1)"},
    "line": {
        "media": ["serial", "tcp", "udp", "modem"], "baud": 9600, "data_bits": 8, "parity": "none", "stop_bits": 1,
    },
    "config": [{
        "key": "address", "type": "integer", "min": 1, "max": 99, "default": 1,
        "title": {"ru": "Сетевой адрес", "en": "Network address"},
    }],
    "models": [{
        "id": "primer-1",
        "maker": {"ru": "Учебный завод", "en": "Example Works"},
        "names": ["ПРИМЕР-1", "PRIMER-1"],
        "resources": ["heat"],
        "archives": [{"kind": "hourly", "depth": RING_HOURS, "label": "interval-end"}],
        "evidence": {key: "document" for key in ("identify", "clock", "current", "totals", "hourly")},
    }],
    "conditions": [
        {
            "code": "G", "category": "flow-below-min", "effect": "information",
            "title": {"ru": "Расход ниже минимума", "en": "Flow below minimum"},
        },
        {
            "code": "T", "category": "functional-failure", "effect": "stopped",
            "title": {"ru": "Отказ датчика t1", "en": "Sensor of t1 failed"},
        },
    ],
}


def column(
    name: str, quantity: str, unit: str, decimals: int, pipe: Optional[str], aggregate: Aggregate
) -> Column:
    return Column(name, quantity, unit, 1, 0, pipe, aggregate, decimals)


CURRENT = [
    column("t1", "temperature", "Cel", 2, "supply", Aggregate.INSTANT),
    column("t2", "temperature", "Cel", 2, "return", Aggregate.INSTANT),
    column("G", "volume-flow", "m3/h", 3, "supply", Aggregate.INSTANT),
]
TOTALS = [
    column("Q", "heat-energy", "Gcal", 4, None, Aggregate.TOTAL),
    column("V", "volume", "m3", 3, "supply", Aggregate.TOTAL),
    column("T", "time-normal", "h", 0, None, Aggregate.TOTAL),
]
HOURLY = [
    column("t1", "temperature", "Cel", 2, "supply", Aggregate.MEAN),
    column("t2", "temperature", "Cel", 2, "return", Aggregate.MEAN),
    column("V", "volume", "m3", 3, "supply", Aggregate.SUM),
    column("Q", "heat-energy", "Gcal", 4, None, Aggregate.SUM),
]
CONDITIONS = {
    "G": ("flow-below-min", Effect.INFORMATION, 2),
    "T": ("functional-failure", Effect.STOPPED, 0),
}


class Refused(Exception):
    """The meter's code for why it does not answer."""

    def __init__(self, code: str):
        self.code = code


class Wrong(Exception):
    """Bytes are no answer to the question."""


def checksum(data: bytes) -> bytes:
    """CRC-16/MODBUS in four hex digits."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return b"%04X" % crc


def parse(data: bytes, body: bytes) -> List[str]:
    """The fields of the answer to the question `body`: noise before it does no harm."""
    _, start, text = data.rpartition(b"#")
    frame = re.fullmatch(rb"(.*)\*([0-9A-F]{4})\r\n", text, re.DOTALL)
    if not start or not frame:
        raise Wrong(f"no frame from # to CR LF among {len(data)} bytes")
    content, check = frame.groups()
    if check != checksum(content):
        raise Wrong("the check sum is wrong")
    sign, rest = content[len(body):len(body) + 1], content[len(body) + 1:]
    if not content.startswith(body) or sign not in (b"=", b"!"):
        raise Wrong("answer to another question")
    if sign == b"!":
        raise Refused(rest.decode("ascii", "replace"))
    return rest.decode("ascii", "replace").split(";")


def ask(port: line.Port, address: int, command: str) -> List[str]:
    """Asks until an answer to this question comes; a refusal is raised."""
    body = f"{address:02}{command}".encode()
    question = b"#" + body + b"*" + checksum(body) + b"\r\n"
    how = line.Reading(line.Until_Delimiter(ord("\n")), LONGEST, DEADLINE_MS)
    wrong = None
    for _ in range(ATTEMPTS):
        try:
            data = port.exchange(question, how)
        except Err as error:
            if not isinstance(error.value, LineError_Timeout):
                raise Err(Failure_Line(error.value))
            data = error.value.value
        if not data:
            continue
        try:
            return parse(data, body)
        except Wrong as error:
            wrong = error
        host.sleep(QUIET_MS)
    raise Err(Failure_NoAnswer() if wrong is None else Failure_Garbled(f"{command}: {wrong}"))


def moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Err(Failure_Garbled(f"{text!r} is no time"))


def to_civil(time: datetime) -> CivilTime:
    return CivilTime(time.year, time.month, time.day, time.hour, time.minute, time.second)


def next_hour(time: CivilTime) -> datetime:
    """The first hour that begins at `time` or later."""
    begin = datetime(time.year, time.month, time.day, time.hour)
    return begin + HOUR if time.minute or time.second else begin


def to_value(field: str):
    """`81.25` is 8125 with 2 decimals: a number leaves as the meter keeps it."""
    if field == "-":
        return Value_Absent()
    if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,4})?", field):
        raise Err(Failure_Garbled(f"{field!r} is no number"))
    return Value_Fixed(Fixed(int(field.replace(".", "")), len(field.partition(".")[2])))


def to_row(label: datetime, numbers: List[str]) -> Row:
    return Row(to_civil(label), None, None, [to_value(number) for number in numbers], [], [])


def hour_row(label: datetime, fields: List[str]) -> Row:
    """Four numbers and the letters of its conditions."""
    if len(fields) != 5:
        raise Err(Failure_Garbled(f"an hour has {len(fields)} fields, expected 5"))
    row = to_row(label, fields[:4])
    for code in fields[4].replace("-", ""):
        # The meter's word is kept, whatever it means.
        category, effect, place = CONDITIONS.get(code, (None, None, None))
        row.conditions.append(Condition(code, category, effect, 1, place, None))
        if code == "T":
            row.marks.append(Mark(0, Quality.ABSENT, code))
    return row


def give(call, *results) -> None:
    """Gives results to the host: what it refuses is a fault of this driver."""
    try:
        verdict = call(*results)
    except Err as error:
        raise Err(Failure_Unsupported(error.value))
    if verdict == host.Verdict.STOP:
        raise Err(Failure_Stopped())


class Meter(exports.Meter):
    """One instance serves one session with one meter."""

    address = 1

    def describe(self) -> str:
        return json.dumps(DESCRIBE, ensure_ascii=False)

    def identify(self, port: line.Port, config: str) -> Identity:
        address = json.loads(config).get("address")
        if not isinstance(address, int):
            raise Err(Failure_Config("address is no number"))
        # The bindings may make a new object for each call: what a session learns is the class's.
        Meter.address = address
        model, serial, firmware = self.fields(port, "I", 3)
        if model != "PRIMER-1":
            raise Err(Failure_WrongDevice(model))
        return Identity("primer-1", serial, firmware, [])

    def read_clock(self, port: line.Port) -> ClockReading:
        sent = host.now()
        [clock] = self.fields(port, "T", 1)
        half_ms = (host.now() - sent) // 2
        # The clock shows whole seconds.
        return ClockReading(to_civil(moment(clock)), sent + half_ms, half_ms + 1000)

    def read_current(self, port: line.Port, out: host.Sink) -> None:
        self.read_moment(port, out, "C", CURRENT)

    def read_totals(self, port: line.Port, out: host.Sink) -> None:
        self.read_moment(port, out, "S", TOTALS)

    def read_archive(
        self, port: line.Port, kind: ArchiveKind, windows: List[Window], resume: Optional[bytes], out: host.Sink
    ) -> None:
        if not isinstance(kind, ArchiveKind_Hourly):
            raise Err(Failure_Unsupported("it has an hourly archive only"))
        oldest, newest = self.fields(port, "R", 2)
        if oldest == "-":
            return
        # A label is the end of its hour.
        ring = moment(oldest) - HOUR, moment(newest)
        give(out.declare, HOURLY, LabelRule.INTERVAL_END)
        batch: List[Row] = []
        try:
            for window in windows:
                self.read_window(port, out, window, ring, batch)
        finally:
            # Hours that were read whole are good, however the reading ended.
            if batch:
                give(out.rows, batch, None)

    def close(self, port: line.Port) -> None:
        pass

    def fields(self, port: line.Port, command: str, count: int) -> List[str]:
        """As ask, for a question that the meter has no reason to refuse."""
        try:
            fields = ask(port, Meter.address, command)
        except Refused as refused:
            raise Err(Failure_Refused(f"{command}: code {refused.code}"))
        if len(fields) != count:
            raise Err(Failure_Garbled(f"{command}: {len(fields)} fields came, expected {count}"))
        return fields

    def read_moment(self, port: line.Port, out: host.Sink, command: str, columns: List[Column]) -> None:
        clock, *numbers = self.fields(port, command, 4)
        give(out.declare, columns, LabelRule.MOMENT)
        give(out.rows, [to_row(moment(clock), numbers)], None)

    def read_window(self, port: line.Port, out: host.Sink, window: Window, ring, batch: List[Row]) -> None:
        def absent(begin: datetime, end: datetime, why: Absence) -> None:
            give(out.absent, Window(to_civil(begin), to_civil(end)), why)

        oldest, end_of_ring = ring
        begin, end = next_hour(window.begin), next_hour(window.end)
        if begin < min(oldest, end):
            is_full = end_of_ring - oldest >= RING_HOURS * HOUR
            absent(begin, min(oldest, end), Absence.OVERWRITTEN if is_full else Absence.NEVER_WRITTEN)
        hour = max(begin, oldest)
        while hour < min(end, end_of_ring):
            label = hour + HOUR
            try:
                batch.append(hour_row(label, ask(port, Meter.address, f"H{label:%Y-%m-%dT%H:%M}")))
            except Refused as refused:
                if refused.code not in ("2", "3"):
                    raise Err(Failure_Refused(f"hour {label}: code {refused.code}"))
                absent(hour, label, Absence.DEVICE_OFF if refused.code == "2" else Absence.OVERWRITTEN)
            if len(batch) >= BATCH_ROWS:
                give(out.rows, batch[:], None)
                batch.clear()
            hour = label
