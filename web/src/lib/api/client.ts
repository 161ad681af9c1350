// One way to the server: JSON in and out, every failure an `ApiError` with a stable code.

import type {
  ArchiveRecord, Column, Device, DeviceEvent, Driver, FieldFault, Health, Job, Order, Page, Problem, ReadNow, RecordsPage, Session, SessionBrief,
  Settings, Trace, Vocabulary,
} from './types';

const BASE = '/api/v1';
/** A dead connection must not leave a page waiting for ever. */
const TIMEOUT_MS = 30_000;
/** Pages of 500 devices; 20 of them are the 10,000 devices that the list is built for. */
const MAX_LIST_PAGES = 20;

/** Code of a request that never reached the server. */
export const OFFLINE = 'offline';

export class ApiError extends Error {
  /** Seconds after which it is worth trying again, where the server says so. */
  retryS: number | null = null;

  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string | null,
    readonly requestId: string | null,
    readonly session: number | null = null,
    /** Why exactly, where the server has a word for it, and what that is about. */
    readonly reason: string | null = null,
    readonly about: Readonly<Record<string, string>> = {},
    /** Every fault of what was sent, by its field. */
    readonly faults: readonly FieldFault[] = [],
  ) {
    super(detail ?? code);
    this.name = 'ApiError';
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

export function url(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') params.set(key, String(value));
  }
  const text = params.toString();
  return BASE + path + (text ? `?${text}` : '');
}

interface How {
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** Whether nobody being signed in is an answer like any other: for the requests that sign in. */
  bare?: boolean;
  /** The revision that a change is meant for: another one is refused. */
  revision?: number | undefined;
}

/** What the client does about refusals. */
export const gate = {
  /** Nobody is signed in any more; resolves to whether it is worth asking again. */
  signedOut: (_signal?: AbortSignal): Promise<boolean> => Promise.resolve(false),
  /** Fetches what a refusal is told with. */
  refused: (): Promise<void> => Promise.resolve(),
};

/** A file goes as it is, any other body as JSON. */
export async function request<T>(method: string, path: string, query?: Query, body?: unknown, how: How = {}): Promise<T> {
  const { signal, timeoutMs = TIMEOUT_MS, revision } = how;
  const timeout = AbortSignal.timeout(timeoutMs);
  const kind = body instanceof Blob ? 'application/octet-stream' : 'application/json';
  const init: RequestInit = {
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': kind }),
      ...(revision === undefined ? {} : { 'if-match': `"${revision}"` }),
    },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  };
  if (body !== undefined) init.body = body instanceof Blob ? body : JSON.stringify(body);
  let answer: Response;
  try {
    answer = await fetch(url(path, query), init);
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(OFFLINE, 0, null, null);
  }
  if (!answer.ok) {
    const [told] = await Promise.all([problem(answer), gate.refused()]);
    if (told.status !== 401 || told.code !== 'not-signed-in' || how.bare) throw told;
    const again = gate.signedOut(signal);
    // What was only to be read is read once somebody is signed in again; what would change something is asked for anew by
    // the person, who may be another one, or may come back the next morning.
    if (method === 'GET' && (await again)) return request(method, path, query, body, how);
    throw told;
  }
  if (answer.status === 204) return undefined as T;
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function problem(answer: Response): Promise<ApiError> {
  const told = await described(answer);
  const retryS = Number(answer.headers.get('retry-after') ?? Number.NaN);
  if (retryS >= 0) told.retryS = retryS;
  return told;
}

async function described(answer: Response): Promise<ApiError> {
  const kind = answer.headers.get('content-type') ?? '';
  if (kind.includes('json')) {
    try {
      const told = (await answer.json()) as Partial<Problem>;
      return new ApiError(
        told.code ?? `http-${answer.status}`, answer.status, told.detail ?? told.title ?? null,
        told.request_id ?? answer.headers.get('x-request-id'), told.session ?? null, told.reason ?? null, told.about ?? {},
        told.faults ?? [],
      );
    } catch {
      // A body that is not what it says it is: the status alone is told below.
    }
  }
  return new ApiError(`http-${answer.status}`, answer.status, null, answer.headers.get('x-request-id'));
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>('GET', path, query, undefined, { signal });

/** All pages of a list, up to the bound of the client. */
export async function all<T>(path: string, query: Query, signal?: AbortSignal): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  for (let page = 0; page < MAX_LIST_PAGES; page += 1) {
    const part: Page<T> = await get<Page<T>>(path, { ...query, after }, signal);
    items.push(...part.items);
    after = part.next;
    if (!after) break;
  }
  return items;
}

export interface RecordsQuery {
  archive: string;
  from?: string | null;
  to?: string | null;
  order?: Order;
  after?: string | null;
  limit?: number;
}

export const api = {
  health: (signal?: AbortSignal) => get<Health>('/health', {}, signal),
  vocabulary: () => get<Vocabulary>('/vocabulary'),
  devices: (signal?: AbortSignal) => all<Device>('/devices', { limit: 500 }, signal),
  device: (id: number, signal?: AbortSignal) => get<Device>(`/devices/${id}`, {}, signal),
  readNow: (id: number, what: ReadNow) => request<Job>('POST', `/devices/${id}/read-now`, {}, what),
  records: (id: number, query: RecordsQuery, signal?: AbortSignal) =>
    get<RecordsPage>(`/devices/${id}/records`, { ...query }, signal),
  columns: (id: number, archive: string, signal?: AbortSignal) => get<{ items: Column[] }>(`/devices/${id}/columns`, { archive }, signal),
  /** Oldest first. The values stand against `columns` where they are given, else against the archive's own. */
  versions: (record: number, signal?: AbortSignal) => get<{ columns?: Column[]; items: ArchiveRecord[] }>(`/records/${record}/versions`, {}, signal),
  events: (id: number, after: string | null, signal?: AbortSignal) =>
    get<Page<DeviceEvent>>(`/devices/${id}/events`, { after, limit: 200 }, signal),
  settings: (id: number, signal?: AbortSignal) => get<Settings>(`/devices/${id}/settings`, {}, signal),
  sessions: (query: { device?: number | null; after?: string | null; limit?: number }, signal?: AbortSignal) =>
    get<Page<SessionBrief>>('/sessions', query, signal),
  session: (id: number, signal?: AbortSignal) => get<Session>(`/sessions/${id}`, {}, signal),
  trace: (id: number, signal?: AbortSignal) => get<Trace>(`/sessions/${id}/trace`, {}, signal),
  cancel: (id: number) => request<void>('DELETE', `/sessions/${id}`),
  drivers: (signal?: AbortSignal) => all<Driver>('/drivers', {}, signal),
};
