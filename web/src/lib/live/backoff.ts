/** Waits between tries to reach the server, milliseconds; the last one repeats. */
const WAITS_MS = [1_000, 2_000, 5_000, 10_000, 15_000];

export const waitMs = (tries: number): number => WAITS_MS[Math.min(Math.max(tries, 0), WAITS_MS.length - 1)] ?? 15_000;
