import { describe, expect, it } from 'vitest';
import { type Document, type Operation, address, curl, fields, found, groups, typeOf } from './document';

const document: Document = {
  info: { title: 'Uzel', version: '1' },
  tags: [{ name: 'devices' }, { name: 'host' }, { name: 'nobody' }],
  paths: {
    '/api/v1/health': { get: { operationId: 'health', summary: 'Whether the host works.', tags: ['host'], responses: {} } },
    '/api/v1/devices/{id}/read-now': {
      post: {
        operationId: 'read_now',
        summary: 'Reads a device now.',
        tags: ['devices'],
        parameters: [
          { name: 'id', in: 'path' },
          { name: 'why', in: 'query' },
          { name: 'If-Match', in: 'header' },
        ],
        requestBody: { content: { 'application/json': { schema: { $ref: '#/components/schemas/ReadNow' } } } },
        responses: {},
      },
    },
  },
  components: {
    schemas: {
      ReadNow: { type: 'object', required: ['what'], properties: { what: { type: 'array', items: { type: 'string' }, description: 'What.' }, from: { oneOf: [{ $ref: '#/components/schemas/Instant' }, { type: 'null' }] } } },
      Instant: { type: 'string', format: 'date-time' },
    },
  },
};
const all = groups(document);
const readNow = all[0]?.operations[0] as Operation;

describe('the document of the API', () => {
  it('has its operations by tags, none without', () => {
    expect(all.map(({ tag, operations }) => [tag, operations.map(({ method, id }) => `${method} ${id}`)])).toEqual([
      ['devices', ['POST read_now']],
      ['host', ['GET health']],
    ]);
  });

  it('is searched by every word of what is said', () => {
    const ids = (text: string) => found(all, text).flatMap(({ operations }) => operations.map(({ id }) => id));
    expect(ids('')).toEqual(['read_now', 'health']);
    expect(ids('DEVICE post')).toEqual(['read_now']);
    expect(ids('device health')).toEqual([]);
  });

  it('tells the fields of what is sent', () => {
    expect(fields(document, { $ref: '#/components/schemas/ReadNow' })).toEqual([
      { name: 'what', type: '[string]', required: true, text: 'What.' },
      { name: 'from', type: 'Instant', required: false, text: '' },
    ]);
    expect(typeOf({ type: ['integer', 'null'], format: 'int64' })).toBe('integer, int64');
  });

  it('makes addresses and commands that a shell takes as they are', () => {
    expect(address(readNow, { id: '7/8', why: '' })).toBe('/api/v1/devices/7%2F8/read-now');
    expect(address(readNow, { id: '7', why: 'a b' })).toBe('/api/v1/devices/7/read-now?why=a+b');
    expect(curl('http://h', readNow, { id: '7', 'If-Match': '"3"' }, `{"what":["it's"]}`)).toBe(
      `curl -X POST -H "Authorization: Bearer $UZEL_KEY" -H 'If-Match: "3"' -H 'Content-Type: application/json' -d '{"what":["it'\\''s"]}' 'http://h/api/v1/devices/7/read-now'`,
    );
  });
});
