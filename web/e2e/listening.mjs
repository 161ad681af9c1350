import { once } from 'node:events';

/** Lets a server listen on this machine only, at a free port unless one is named, and gives its address as a URL. */
export async function listening(server, port = 0) {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}
