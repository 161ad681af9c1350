// What an outcome means on the screen: its figure, and whom to call (ui.md section 9).

import type { DeviceState, Outcome } from '../api/types';

/** Figures of the style: abnormal, link, late, driver, normal, disabled, new. */
export type Figure = 'ns' | 'link' | 'late' | 'drv' | 'ok' | 'off' | 'new';
export type Callee = 'network' | 'site' | 'line' | 'administrator' | 'driver' | 'vendor' | 'server';

export const STATE_FIGURE: Record<DeviceState, Figure> = {
  normal: 'ok', abnormal: 'ns', 'no-connection': 'link', late: 'late', 'driver-fault': 'drv', disabled: 'off', new: 'new',
};

/** In the order in which a state claims a device (ui.md section 2), for sorting. */
export const STATE_ORDER: Record<DeviceState, number> = {
  abnormal: 0, 'no-connection': 1, 'driver-fault': 2, late: 3, new: 4, normal: 5, disabled: 6,
};

const MEANING: Record<Outcome, [Figure, Callee | null]> = {
  complete: ['ok', null],
  partial: ['late', 'driver'],
  'no-route': ['link', 'network'],
  'line-refused': ['link', 'network'],
  'line-busy': ['link', 'network'],
  'no-carrier': ['link', 'site'],
  'modem-silent': ['link', 'site'],
  'modem-fault': ['link', 'server'],
  'line-closed': ['link', 'line'],
  'no-answer': ['link', 'site'],
  garbled: ['link', 'line'],
  'wrong-device': ['link', 'administrator'],
  refused: ['drv', 'driver'],
  unsupported: ['drv', 'driver'],
  'bad-config': ['drv', 'administrator'],
  'driver-trap': ['drv', 'vendor'],
  'driver-fault': ['drv', 'vendor'],
  'limit-cpu': ['drv', 'vendor'],
  'limit-memory': ['drv', 'vendor'],
  'limit-time': ['drv', 'vendor'],
  'limit-bytes': ['drv', 'vendor'],
  'limit-rows': ['drv', 'vendor'],
  'limit-log': ['drv', 'vendor'],
  'no-slot': ['late', 'server'],
  cancelled: ['off', null],
  storage: ['late', 'server'],
  interrupted: ['late', 'server'],
};

// A newer server may know an outcome that this client does not.
export const outcomeFigure = (outcome: Outcome): Figure => MEANING[outcome]?.[0] ?? 'late';
export const callee = (outcome: Outcome): Callee | null => MEANING[outcome]?.[1] ?? null;
