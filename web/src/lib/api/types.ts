// Shapes of the HTTP API v1, one name per schema of the document. Written by hand until the server
// publishes its OpenAPI document; then each becomes an alias of the generated `components['schemas']`.
// Instants are RFC 3339 in UTC. Numbers are exact decimals of the series.

export interface Text {
  ru: string;
  en: string;
}

export interface Named {
  id: number;
  name: string;
}

export interface Page<T> {
  items: T[];
  /** Opaque; null on the last page. */
  next: string | null;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  /** Stable: `not-found`, `bad-query`, `conflict`, `storage-paused`, `internal`, … */
  code: string;
  detail?: string | null;
  request_id?: string | null;
  /** Given with `already-reading`. */
  session?: number | null;
}

export interface Health {
  status: 'ok' | 'degraded';
  version: string;
  started_at: string;
  now: string;
  storage: 'ok' | 'paused';
  loopback_only: boolean;
  sessions_open: number;
}

export type DeviceState = 'normal' | 'abnormal' | 'no-connection' | 'late' | 'driver-fault' | 'disabled' | 'new';

/** The closed list of how a session ends. */
export const OUTCOMES = [
  'complete', 'partial', 'no-route', 'line-refused', 'line-closed', 'no-answer', 'garbled', 'wrong-device',
  'refused', 'unsupported', 'bad-config', 'driver-trap', 'driver-fault', 'limit-cpu', 'limit-memory',
  'limit-time', 'limit-bytes', 'limit-rows', 'limit-log', 'no-slot', 'cancelled', 'storage', 'interrupted',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type Reason = 'schedule' | 'read-now' | 'command-line';

export interface SessionBrief {
  id: number;
  device: Named;
  line: Named;
  driver: { id: string; version: string; digest: string };
  reason: Reason;
  started_at: string;
  ended_at: string | null;
  /** Null while the session runs. */
  outcome: Outcome | null;
  detail: string | null;
  records_added: number;
  values_added: number;
  bytes_sent: number;
  bytes_received: number;
}

export interface Phase {
  name: string;
  started_ms: number;
  ended_ms: number;
  /** `ok` or the words of a failure. */
  outcome: string;
  records: number;
}

export interface Session extends SessionBrief {
  identity: { model: string; serial: string | null; firmware: string | null; details: [string, string][] } | null;
  clock: { shown: string; offset_s: number; uncertainty_s: number } | null;
  phases: Phase[];
  exchanges: number;
  retries: number;
  cpu_ms: number;
  wall_ms: number;
  memory_peak_bytes: number;
  faults: string[];
}

export type TraceKind = 'sent' | 'received' | 'timeout' | 'note' | 'log' | 'settings' | 'closed';

export interface TraceEntry {
  /** Since the start of the session. */
  at_ms: number;
  kind: TraceKind;
  /** Bytes in hex, separated by blanks or not. */
  hex: string | null;
  text: string | null;
}

export interface Trace {
  complete: boolean;
  entries: TraceEntry[];
}

export interface ArchiveInfo {
  kind: string;
  /** Records in the device's ring. */
  depth: number | null;
  first_start: string | null;
  last_end: string | null;
  records: number;
  conditions_24h: number;
}

export interface Route {
  position: number;
  line: { id: number; name: string; kind: 'tcp' | 'serial'; address: string };
  settings: unknown;
}

export interface DevicePoint {
  id: number;
  name: string;
  resource: string;
  purpose: string;
  input: number;
}

export interface Device {
  id: number;
  name: string;
  serial: string | null;
  model: string | null;
  model_name: string | null;
  enabled: boolean;
  site: { id: number; name: string; time_zone: string; address: string | null };
  node: Named;
  points: DevicePoint[];
  driver: { id: string; version: string | null; title: Text | null };
  routes: Route[];
  config: Record<string, unknown>;
  poll: { every_minutes: number; kinds: string[] };
  next_poll_at: string | null;
  state: DeviceState;
  archives: ArchiveInfo[];
  clock: { offset_s: number; uncertainty_s: number; measured_at: string } | null;
  last_session: SessionBrief | null;
  last_good_at: string | null;
}

export interface Column {
  series: number;
  id: string;
  quantity: string;
  unit: string;
  point: number;
  point_id: number | null;
  tariff: number;
  pipe: string | null;
  aggregate: string;
  decimals: number | null;
}

/** Numbers are exact decimals; flags come as `0x1f`; null is "the meter has none". */
export type Value = number | string | null;

export type Quality = 'doubtful' | 'substituted' | 'absent';

export interface Mark {
  column: number;
  quality: Quality;
  code: string | null;
}

export interface Condition {
  code: string;
  category: string | null;
  effect: 'counted' | 'stopped' | 'constant-used' | 'information' | null;
  point: number;
  column: number | null;
  duration_s: number | null;
  title: Text | null;
}

export interface ArchiveRecord {
  record: number;
  start: string;
  end: string;
  /** The device's own label, civil time without zone. */
  label: string | null;
  length_s: number | null;
  version: number;
  versions: number;
  session: number;
  received_at: string;
  values: Value[];
  marks: Mark[];
  conditions: Condition[];
}

export type GapReason = 'not-read' | 'never-written' | 'overwritten' | 'device-off' | 'refused';

export interface Gap {
  start: string;
  end: string;
  intervals: number;
  reason: GapReason;
}

export interface RecordsPage extends Page<ArchiveRecord> {
  columns: Column[];
  gaps: Gap[];
}

export interface DeviceEvent {
  at: string;
  code: string;
  severity: 'info' | 'warning' | 'alarm';
  began: boolean | null;
  point: number;
  text: string;
  received_at: string;
}

export interface Setting {
  id: string;
  title: string;
  value: Value;
  unit: string | null;
  writable: boolean;
}

export interface Settings {
  read_at: string | null;
  items: Setting[];
}

export interface DriverModel {
  id: string;
  maker: Text;
  names: string[];
  resources: string[];
  archives: { kind: string; depth: number; label: string }[];
  evidence: Record<string, string>;
}

export interface Driver {
  id: string;
  version: string;
  digest: string;
  vendor: string;
  title: Text;
  protocol: Text | null;
  size_bytes: number;
  interfaces: string[];
  models: DriverModel[];
  file: string;
  loaded_at: string;
  sessions: number;
  failures: number;
}

export interface Vocabulary {
  quantities: Record<string, Text & { symbol: string }>;
  units: Record<string, Text>;
  pipes: Record<string, Text>;
  categories: Record<string, Text>;
}

/** What is known of a running session, and once more of one that has just ended. */
export interface Live {
  session: number;
  device: Named;
  line: Named;
  driver: { id: string; version: string };
  reason: Reason;
  started_at: string;
  phase: string;
  done: number;
  total: number;
  bytes_sent: number;
  bytes_received: number;
  exchanges: number;
  records_added: number;
  outcome: Outcome | null;
  detail: string | null;
  ended_at: string | null;
}

export interface RecordsAdded {
  device: number;
  archive: string;
  added: number;
  last_end: string;
  session: number;
}

export interface ReadNow {
  what: string[];
  from: string | null;
  to: string | null;
}
