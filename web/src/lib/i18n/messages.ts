import type { ru } from './ru';

/** The Russian file with its literals widened: every key, and of every function the same arguments. */
export type Wide<T> = T extends (...args: infer A) => string
  ? (...args: A) => string
  : T extends string
    ? string
    : { [K in keyof T]: Wide<T[K]> };

export type Messages = Wide<typeof ru>;
