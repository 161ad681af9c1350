// The document of the API as a page shows it. Pure: what is asked and answered is in ask.ts.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  items?: Schema | boolean;
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  description?: string;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  description?: string;
  schema?: Schema;
  example?: unknown;
}

interface Content {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { $ref?: string }>;
}

interface Answer {
  description?: string;
  content?: Record<string, Content>;
}

interface RawOperation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { description?: string; content: Record<string, Content> };
  responses: Record<string, Answer>;
}

export interface Document {
  info: { title: string; version: string; description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, RawOperation>>;
  components: { schemas: Record<string, Schema> };
}

export interface Operation extends RawOperation {
  id: string;
  method: string;
  path: string;
}

export interface Group {
  tag: string;
  text: string;
  operations: Operation[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** Operations by their tags, in the order of the document. */
export function groups(document: Document): Group[] {
  const all: Operation[] = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const raw = item[method];
      if (raw) all.push({ ...raw, id: raw.operationId ?? `${method} ${path}`, method: method.toUpperCase(), path });
    }
  }
  const tags = document.tags ?? [];
  const of = (tag: string) => all.filter((one) => (one.tags ?? [])[0] === tag);
  return tags.map(({ name, description }) => ({ tag: name, text: description ?? '', operations: of(name) })).filter(({ operations }) => operations.length > 0);
}

/** Groups with the operations that have every word of `text` in what is said of them. */
export function found(all: Group[], text: string): Group[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (one: Operation) => {
    const said = `${one.method} ${one.path} ${one.id} ${one.summary ?? ''} ${one.description ?? ''}`.toLowerCase();
    return words.every((word) => said.includes(word));
  };
  return all.map((group) => ({ ...group, operations: group.operations.filter(has) })).filter(({ operations }) => operations.length > 0);
}

const named = (schema: Schema): string => schema.$ref?.split('/').pop() ?? '';

/** What a schema is, without its references. */
export function resolved(document: Document, schema: Schema | undefined): Schema {
  let at = schema ?? {};
  // A reference leads to a component, hardly ever to one more.
  for (let i = 0; at.$ref && i < 8; i += 1) at = document.components.schemas[named(at)] ?? {};
  return at;
}

/** A type in a word or two: `string`, `Device`, `list of integer`. */
export function typeOf(schema: Schema | undefined): string {
  if (!schema) return '';
  if (schema.$ref) return named(schema);
  if (schema.enum) return schema.enum.map(String).join(' | ');
  if (schema.oneOf) return schema.oneOf.map(typeOf).filter(Boolean).join(' | ');
  if (schema.allOf) return schema.allOf.map(typeOf).join(' & ');
  const types = [schema.type ?? 'any'].flat().filter((type) => type !== 'null');
  if (types[0] === 'array') return `[${typeof schema.items === 'object' ? typeOf(schema.items) : 'any'}]`;
  return schema.format ? `${types.join(' | ')}, ${schema.format}` : types.join(' | ');
}

export interface Field {
  name: string;
  type: string;
  required: boolean;
  text: string;
}

/** The fields of an object; none: it is something else. */
export function fields(document: Document, schema: Schema | undefined): Field[] {
  const whole = resolved(document, schema);
  const parts = whole.allOf ? whole.allOf.map((part) => resolved(document, part)) : [whole];
  return parts.flatMap((part) =>
    Object.entries(part.properties ?? {}).map(([name, of]) => ({
      name,
      type: typeOf(of),
      required: part.required?.includes(name) ?? false,
      text: of.description ?? of.oneOf?.find((one) => one.description)?.description ?? '',
    })),
  );
}

/** The one content of what is sent, with its type; none: nothing is. */
export function body(operation: Operation): { kind: string; content: Content } | null {
  const [first] = Object.entries(operation.requestBody?.content ?? {});
  return first ? { kind: first[0], content: first[1] } : null;
}

/** Text of an example as people edit it. */
export const pretty = (example: unknown): string => (typeof example === 'string' ? example : JSON.stringify(example, null, 2));

/** The address of an operation with what was filled in; what is empty is left out. */
export function address(operation: Operation, given: Record<string, string>): string {
  const of = (place: string) => (operation.parameters ?? []).filter((one) => one.in === place);
  let path = operation.path;
  for (const { name } of of('path')) path = path.replace(`{${name}}`, encodeURIComponent(given[name] ?? ''));
  const query = new URLSearchParams();
  for (const { name } of of('query')) if (given[name]) query.set(name, given[name]);
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/** The headers that an operation takes, with what was filled in. */
export function headers(operation: Operation, given: Record<string, string>): Record<string, string> {
  const taken = (operation.parameters ?? []).filter((one) => one.in === 'header' && given[one.name]);
  return Object.fromEntries(taken.map(({ name }) => [name, given[name] ?? '']));
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The same request as a command with a key. */
export function curl(origin: string, operation: Operation, given: Record<string, string>, sent: string): string {
  const words = ['curl'];
  if (operation.method !== 'GET') words.push('-X', operation.method);
  words.push('-H', '"Authorization: Bearer $UZEL_KEY"');
  for (const [name, value] of Object.entries(headers(operation, given))) words.push('-H', quoted(`${name}: ${value}`));
  const what = body(operation);
  if (what) {
    words.push('-H', quoted(`Content-Type: ${what.kind}`));
    words.push(...(what.kind.endsWith('json') ? ['-d', quoted(sent)] : ['--data-binary', '@FILE']));
  }
  words.push(quoted(origin + address(operation, given)));
  return words.join(' ');
}
