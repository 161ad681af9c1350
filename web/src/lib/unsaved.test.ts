import { expect, test } from 'vitest';
import { unsaved } from './unsaved.svelte';

test('nobody is asked where nothing would be lost', async () => {
  const off = unsaved.hold(() => false);
  expect(await unsaved.ask()).toBe(true);
  expect(unsaved.isAsking).toBe(false);
  off();
});

test('whoever holds something is asked for, whichever of the forms it is, until the form has gone', async () => {
  let typed = '';
  const offs = [unsaved.hold(() => false), unsaved.hold(() => typed !== '')];
  expect(unsaved.is).toBe(false);
  typed = 'x';
  expect(unsaved.is).toBe(true);
  const asked = unsaved.ask();
  expect(unsaved.isAsking).toBe(true);
  unsaved.settle(false);
  expect(await asked).toBe(false);
  expect(unsaved.isAsking).toBe(false);
  for (const off of offs) off();
  expect(unsaved.is).toBe(false);
});

test('a later question takes the place of an earlier one, which is answered by staying', async () => {
  const off = unsaved.hold(() => true);
  const [first, second] = [unsaved.ask(), unsaved.ask()];
  expect(await first).toBe(false);
  unsaved.settle(true);
  expect(await second).toBe(true);
  off();
});

test('closing the tab may lose more than leaving the page does', () => {
  const listeners = new Set<(event: object) => void>();
  Object.assign(globalThis, { addEventListener: (_: string, to: () => void) => listeners.add(to), removeEventListener: (_: string, to: () => void) => listeners.delete(to) });
  const off = unsaved.hold(() => false, () => true);
  const event = { stopped: false, preventDefault() { this.stopped = true; } };
  for (const to of listeners) to(event);
  expect([unsaved.is, event.stopped]).toEqual([false, true]);
  unsaved.drop();
  expect(listeners.size).toBe(0);
  off();
});
