// The example driver in JavaScript: ПРИМЕР-1, see ../meter.md.
import { now, sleep } from "uzel:driver/host@1.0.0";

const ATTEMPTS = 3;
// The meter answers within 300 ms; the rest is the line's.
const DEADLINE_MS = 1500;
// A disturbed line is left alone so long before the next attempt.
const QUIET_MS = 200;
const LONGEST = 128;
const RING_HOURS = 48;
// Rows that are stored together: a cut session loses no more.
const BATCH_ROWS = 16;
const HOUR_MS = 3_600_000;

const DESCRIBE = {
  id: "example-javascript",
  version: "1.0.0",
  vendor: "Uzel",
  title: { ru: "Пример драйвера на JavaScript (ПРИМЕР-1)", en: "Example driver in JavaScript (PRIMER-1)" },
  line: { media: ["serial", "tcp", "udp", "modem"], baud: 9600, data_bits: 8, parity: "none", stop_bits: 1 },
  config: [
    { key: "address", type: "integer", min: 1, max: 99, default: 1, title: { ru: "Сетевой адрес", en: "Network address" } },
  ],
  models: [
    {
      id: "primer-1",
      maker: { ru: "Учебный завод", en: "Example Works" },
      names: ["ПРИМЕР-1", "PRIMER-1"],
      resources: ["heat"],
      archives: [{ kind: "hourly", depth: RING_HOURS, label: "interval-end" }],
      evidence: { identify: "document", clock: "document", current: "document", totals: "document", hourly: "document" },
    },
  ],
  conditions: [
    {
      code: "G", category: "flow-below-min", effect: "information",
      title: { ru: "Расход ниже минимума", en: "Flow below minimum" },
    },
    {
      code: "T", category: "functional-failure", effect: "stopped",
      title: { ru: "Отказ датчика t1", en: "Sensor of t1 failed" },
    },
  ],
};

const column = (id, quantity, unit, decimals, pipe, aggregate) =>
  ({ id, quantity, unit, point: 1, tariff: 0, pipe, aggregate, decimals });
const CURRENT = [
  column("t1", "temperature", "Cel", 2, "supply", "instant"),
  column("t2", "temperature", "Cel", 2, "return", "instant"),
  column("G", "volume-flow", "m3/h", 3, "supply", "instant"),
];
const TOTALS = [
  column("Q", "heat-energy", "Gcal", 4, undefined, "total"),
  column("V", "volume", "m3", 3, "supply", "total"),
  column("T", "time-normal", "h", 0, undefined, "total"),
];
const HOURLY = [
  column("t1", "temperature", "Cel", 2, "supply", "mean"),
  column("t2", "temperature", "Cel", 2, "return", "mean"),
  column("V", "volume", "m3", 3, "supply", "sum"),
  column("Q", "heat-energy", "Gcal", 4, undefined, "sum"),
];
const CONDITIONS = {
  G: { category: "flow-below-min", effect: "information", column: 2 },
  T: { category: "functional-failure", effect: "stopped", column: 0 },
};

// A failure is thrown as the contract has it: { tag, val }.
const fail = (tag, val) => { throw { tag, val }; };

// CRC-16/MODBUS in four hex digits.
function checksum(bytes) {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xa001 : 0);
  }
  return crc.toString(16).toUpperCase().padStart(4, "0");
}

const toBytes = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const toText = (bytes) => String.fromCharCode(...bytes);

// The answer to the question `body` in what came: { fields } or { refused }; otherwise { wrong }. Noise before it does
// no harm.
function parse(bytes, body) {
  const text = toText(bytes);
  const frame = /^([^]*)\*([0-9A-F]{4})\r\n$/.exec(text.slice(text.lastIndexOf("#") + 1));
  if (!frame || !text.includes("#")) return { wrong: `no frame from # to CR LF among ${bytes.length} bytes` };
  const [, content, check] = frame;
  if (check !== checksum(toBytes(content))) return { wrong: "the check sum is wrong" };
  const rest = content.slice(body.length);
  if (content.startsWith(body) && rest[0] === "=") return { fields: rest.slice(1).split(";") };
  if (content.startsWith(body) && rest[0] === "!") return { refused: rest.slice(1) };
  return { wrong: "answer to another question" };
}

// What the contract says in an error that an import threw; any other error is a fault of this code and ends it.
function payload(error) {
  if (error.payload === undefined) throw error;
  return error.payload;
}

// Bytes that came before a deadline passed are an answer, too; any other error of the line is passed on.
function exchange(port, question) {
  const how = { until: { tag: "delimiter", val: 0x0a }, max: LONGEST, deadlineMs: DEADLINE_MS };
  try {
    return port.exchange(question, how);
  } catch (error) {
    const { tag, val } = payload(error);
    return tag === "timeout" ? val : fail("line", { tag, val });
  }
}

let address = 0;

// Asks until an answer to this question comes.
function ask(port, command) {
  const body = String(address).padStart(2, "0") + command;
  const question = toBytes(`#${body}*${checksum(toBytes(body))}\r\n`);
  let wrong;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const bytes = exchange(port, question);
    if (bytes.length === 0) continue;
    const answer = parse(bytes, body);
    if (!answer.wrong) return answer;
    wrong = answer.wrong;
    sleep(QUIET_MS);
  }
  return wrong ? fail("garbled", `${command}: ${wrong}`) : fail("no-answer");
}

// As ask, for a question that the meter has no reason to refuse.
function fields(port, command, count) {
  const { refused, fields } = ask(port, command);
  if (refused !== undefined) fail("refused", `${command}: code ${refused}`);
  if (fields.length !== count) fail("garbled", `${command}: ${fields.length} fields came, expected ${count}`);
  return fields;
}

// Meter time has no zone: it is reckoned in UTC, so that no hour is missing.
function toMs(text) {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) ? Date.parse(`${text}Z`) : NaN;
  return Number.isNaN(ms) ? fail("garbled", `${text} is no time`) : ms;
}

function toCivil(ms) {
  const date = new Date(ms);
  return {
    year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(),
    hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds(),
  };
}

const fromCivil = ({ year, month, day, hour, minute, second }) => Date.UTC(year, month - 1, day, hour, minute, second);

// `81.25` is 8125 with 2 decimals: a number leaves as the meter keeps it.
function toValue(field) {
  if (field === "-") return { tag: "absent" };
  if (!/^-?\d{1,12}(\.\d{1,4})?$/.test(field)) fail("garbled", `${field} is no number`);
  const decimals = field.includes(".") ? field.length - field.indexOf(".") - 1 : 0;
  return { tag: "fixed", val: { digits: BigInt(field.replace(".", "")), decimals } };
}

const toRow = (ms, numbers) => ({
  label: toCivil(ms), otherEnd: undefined, lengthS: undefined, values: numbers.map(toValue), marks: [], conditions: [],
});

// Four numbers and the letters of its conditions.
function hourRow(endMs, fields) {
  if (fields.length !== 5) fail("garbled", `an hour has ${fields.length} fields, expected 5`);
  const row = toRow(endMs, fields.slice(0, 4));
  for (const code of fields[4].replace("-", "")) {
    // The meter's word is kept, whatever it means.
    row.conditions.push({ code, point: 1, durationS: undefined, ...CONDITIONS[code] });
    if (code === "T") row.marks.push({ column: 0, quality: "absent", code });
  }
  return row;
}

// The host's answer to results: what it refuses is a fault of this driver.
function give(call) {
  let verdict;
  try {
    verdict = call();
  } catch (error) {
    fail("unsupported", payload(error));
  }
  if (verdict === "stop") fail("stopped");
}

function readMoment(port, out, command, columns) {
  const [clock, ...numbers] = fields(port, command, 4);
  give(() => out.declare(columns, "moment"));
  give(() => out.rows([toRow(toMs(clock), numbers)], undefined));
}

function readWindow(port, out, window, ring, batch) {
  const toHour = (civil) => Math.ceil(fromCivil(civil) / HOUR_MS) * HOUR_MS;
  const absent = (begin, end, why) => give(() => out.absent({ begin: toCivil(begin), end: toCivil(end) }, why));
  const [begin, end] = [toHour(window.begin), toHour(window.end)];
  // A label is the end of its hour.
  const [oldest, endOfRing] = [ring.oldest - HOUR_MS, ring.newest];
  if (begin < Math.min(oldest, end)) {
    const isFull = endOfRing - oldest >= RING_HOURS * HOUR_MS;
    absent(begin, Math.min(oldest, end), isFull ? "overwritten" : "never-written");
  }
  for (let hour = Math.max(begin, oldest); hour < Math.min(end, endOfRing); hour += HOUR_MS) {
    const label = hour + HOUR_MS;
    const { refused, fields } = ask(port, `H${new Date(label).toISOString().slice(0, 16)}`);
    if (refused === "2") absent(hour, label, "device-off");
    else if (refused === "3") absent(hour, label, "overwritten");
    else if (refused !== undefined) fail("refused", `hour ${label}: code ${refused}`);
    else batch.push(hourRow(label, fields));
    if (batch.length >= BATCH_ROWS) give(() => out.rows(batch.splice(0), undefined));
  }
}

export const meter = {
  describe: () => JSON.stringify(DESCRIBE),

  identify(port, config) {
    address = JSON.parse(config).address;
    if (!Number.isInteger(address)) fail("config", "address is no number");
    const [model, serial, firmware] = fields(port, "I", 3);
    if (model !== "PRIMER-1") fail("wrong-device", model);
    return { model: "primer-1", serial, firmware, details: [] };
  },

  readClock(port) {
    const sent = now();
    const [clock] = fields(port, "T", 1);
    const halfMs = (now() - sent) / 2n;
    // The clock shows whole seconds.
    return { shown: toCivil(toMs(clock)), at: sent + halfMs, uncertaintyMs: Number(halfMs) + 1000 };
  },

  readCurrent: (port, out) => readMoment(port, out, "C", CURRENT),

  readTotals: (port, out) => readMoment(port, out, "S", TOTALS),

  readArchive(port, kind, windows, resume, out) {
    if (kind.tag !== "hourly") fail("unsupported", "it has an hourly archive only");
    const [oldest, newest] = fields(port, "R", 2);
    if (oldest === "-") return;
    const ring = { oldest: toMs(oldest), newest: toMs(newest) };
    give(() => out.declare(HOURLY, "interval-end"));
    const batch = [];
    try {
      for (const window of windows) readWindow(port, out, window, ring, batch);
    } finally {
      // Hours that were read whole are good, however the reading ended.
      if (batch.length > 0) give(() => out.rows(batch, undefined));
    }
  },

  close() {},
};
