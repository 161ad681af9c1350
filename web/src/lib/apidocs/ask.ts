// Asks an operation as whoever is signed in: the browser shows the cookie, and says that a page of the host itself asks.

import { type Operation, address, body, headers } from './document';

/** What is shown of an answer. */
const SHOWN_CHARS = 100_000;
/** A stream does not end: it is listened to for this long. */
const STREAM_MS = 5_000;

export interface Told {
  status: number;
  title: string;
  kind: string;
  tookMs: number;
  /** The body as text; null: it is a file of so many bytes. */
  text: string | null;
  bytes: number;
  isCut: boolean;
}

export async function ask(operation: Operation, given: Record<string, string>, sent: string | File): Promise<Told> {
  const what = body(operation);
  const init: RequestInit = { method: operation.method, headers: { ...headers(operation, given), ...(what ? { 'content-type': what.kind } : {}) } };
  if (what) init.body = sent;
  const begun = performance.now();
  const answer = await fetch(address(operation, given), init);
  const kind = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const isText = kind === '' || kind.startsWith('text/') || kind.endsWith('json');
  const blob = await read(answer, kind === 'text/event-stream');
  const whole = isText ? await blob.text() : null;
  return {
    status: answer.status,
    title: answer.statusText,
    kind,
    tookMs: performance.now() - begun,
    text: whole === null ? null : shown(whole.slice(0, SHOWN_CHARS), kind),
    bytes: blob.size,
    isCut: whole !== null && whole.length > SHOWN_CHARS,
  };
}

async function read(answer: Response, isStream: boolean): Promise<Blob> {
  if (!isStream || !answer.body) return answer.blob();
  const reader = answer.body.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const timer = setTimeout(() => void reader.cancel(), STREAM_MS);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(new Uint8Array(value));
  }
  clearTimeout(timer);
  return new Blob(parts);
}

function shown(text: string, kind: string): string {
  if (!kind.endsWith('json')) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // What was cut, or is none: as it came.
    return text;
  }
}
