// The heat curve of a regulator: which of its settings are its points, what is wrong with one that is typed, and where it is
// drawn. Pure.
//
// Drivers name settings and a command, and do not say which settings make up a curve: the one regulator that has such a
// command, ECL Comfort, is known here by its model (docs/meters/modbus.md, "Setting an ECL Comfort").

import type { Device, Settings } from '../api/types';

export interface Curve {
  circuit: number;
  points: readonly CurvePoint[];
  /** Least and most flow temperature of the circuit, °C, as they were read last. */
  limits: readonly [number, number] | null;
  isWritable: boolean;
}

export interface CurvePoint {
  /** Of the setting. */
  id: string;
  /** °C. */
  outdoor: number;
  /** °C. */
  flow: number;
}

const MODEL = 'ecl-comfort';
const CIRCUITS = [1, 2, 3];
/** Outdoor temperatures at which an ECL Comfort keeps the flow temperature, °C, in the order of its settings. */
const OUTDOOR = [-30, -15, -5, 0, 5, 15];
const [FIRST_POINT, LEAST, MOST] = [400, 177, 178];

const idOf = (circuit: number, number: number): string => String((10 + circuit) * 1_000 + number);

/** The curves that were read of a device, by circuit. */
export function curvesOf(device: Pick<Device, 'model'>, settings: Settings['items']): Curve[] {
  if (device.model !== MODEL) return [];
  const byId = new Map(settings.map((one) => [one.id, one]));
  const valueOf = (id: string): number | null => {
    const value = byId.get(id)?.value;
    return typeof value === 'number' ? value : null;
  };
  return CIRCUITS.flatMap((circuit) => {
    const points = OUTDOOR.flatMap((outdoor, i) => {
      const id = idOf(circuit, FIRST_POINT + i);
      const flow = valueOf(id);
      return flow === null ? [] : [{ id, outdoor, flow }];
    });
    if (points.length < OUTDOOR.length) return [];
    const [least, most] = [valueOf(idOf(circuit, LEAST)), valueOf(idOf(circuit, MOST))];
    return [{ circuit, points, limits: least === null || most === null ? null : ([least, most] as const), isWritable: points.every(({ id }) => byId.get(id)?.writable === true) }];
  });
}

/** What a hand wrote, as the server takes a number: with a point before the decimals. */
export const plain = (text: string): string => {
  const said = text.trim();
  return /^[-−]?\d+(,\d+)?$/.test(said) ? said.replace(',', '.').replace('−', '-') : said;
};

export const flowOf = (text: string): number | null => {
  const said = plain(text);
  return /^-?\d+(\.\d+)?$/.test(said) ? Number(said) : null;
};

export type PointFault = 'number' | 'rises' | 'limits';

/** What is wrong with each of the points as they are typed: colder outside must not be cooler in the flow. */
export function pointFaults(typed: readonly string[], limits: Curve['limits']): (PointFault | null)[] {
  const flows = typed.map(flowOf);
  return flows.map((flow, i) => {
    const before = flows[i - 1];
    if (flow === null) return 'number';
    if (before !== undefined && before !== null && flow > before) return 'rises';
    return limits && (flow < limits[0] || flow > limits[1]) ? 'limits' : null;
  });
}

/** The arguments of the command that writes a curve whole. */
export const curveArguments = (circuit: number, typed: readonly string[]): Record<string, string> => ({
  circuit: String(circuit), ...Object.fromEntries(typed.map((text, i) => [`y${i + 1}`, plain(text)])),
});

/** What a point will hold by an order that writes a curve; null: it is none of its points. */
export function wantedOf(curve: Curve, held: string, order: { arguments: Record<string, string> }): string | null {
  const i = curve.points.findIndex(({ id }) => id === held);
  return i < 0 ? null : (order.arguments[`y${i + 1}`] ?? null);
}

/** Round figures that an axis shows: at most `most` steps of 5, 10, 20, … from below `low` to above `high`. */
export function axis(low: number, high: number, most: number): number[] {
  const step = [5, 10, 20, 50, 100].find((one) => Math.ceil(high / one) - Math.floor(low / one) <= most) ?? 200;
  const from = Math.floor(low / step);
  return Array.from({ length: Math.ceil(high / step) - from + 1 }, (_, i) => (from + i) * step);
}
