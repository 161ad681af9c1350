// Words for refusals of the server in English; the keys are those of the Russian file.

import type { ru } from './ru';

export const en: typeof ru = {
  code: {
    'not-found': () => 'This is not there, or not open to you.',
    'bad-query': () => 'The server did not understand what it was asked.',
    'bad-body': () => 'The server did not take what was sent.',
    conflict: () => 'This cannot be done now.',
    'already-reading': () => 'This device is being read already.',
    refused: () => 'This cannot be done.',
    busy: () => 'The server is busy. Try again a little later.',
    'storage-paused': () => 'Writing has paused: the disk is full, failing or locked. Nothing accepted is lost, writing resumes by itself.',
    'shutting-down': () => 'The server goes down. Try again when it has started.',
    'bad-host': () => 'The server was opened by a name that is not its own, or a page of another asks this. Its names are in the configuration, key http.hosts.',
    'method-not-allowed': () => 'The server does not know this action. Reload the page: it may be of another version.',
    'too-large': () => 'More was sent than the server takes.',
    'too-slow': () => 'What was sent took too long to come. Try again.',
    invalid: () => 'Something has to be corrected.',
    'changed-meanwhile': () => 'Somebody else has changed this meanwhile. Reload the page and do it again.',
    internal: (about) => `A fault of the server. Its log says more${about.id ? `, request ${about.id}` : ''}.`,
    'not-signed-in': () => 'The sign-in has ended. Sign in and do it again.',
    'bad-credentials': () => 'The name, the password or the code are not right.',
    'code-needed': () => 'The code of the second factor is needed as well.',
    'password-change-needed': () => 'Choose a password first: the one-time secret is good for nothing else.',
    forbidden: () => 'Your account has not the right to do this.',
    'cross-site': () => 'The server did not do what a page of another site asks for. Open its own page.',
    'slow-down': (about) => `Too many requests.${about.left ? ` The next one may come in ${about.left}.` : ' Try again a little later.'}`,
    offline: () => 'The server does not answer.',
    'page-file': () => 'A part of the page did not come from the server.',
    client: () => 'A fault of the page itself.',
  },
  http: (status) => `Somebody on the way has answered in place of the server: HTTP ${status}.`,
  other: (code) => `The server refused for a reason that this page does not know: ${code}.`,
  serverSays: 'The server says:',
};
