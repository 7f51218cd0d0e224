/** Functions of the app, watched: same `this`, same arguments, same result, same errors. */
import { safely } from './safe';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Fn = (this: any, ...args: any[]) => any;
export type Before = (self: unknown, args: unknown[]) => void;
/** Gives what the caller gets instead of the result. */
export type After = (self: unknown, args: unknown[], result: unknown) => unknown;

export function watched(original: Fn, before?: Before, after?: After): Fn {
  const wrapper: Fn = function (...args) {
    if (before) {
      safely(() => before(this, args));
    }
    const result: unknown = original.apply(this, args);
    if (!after) {
      return result;
    }
    try {
      return after(this, args, result);
    } catch {
      return result;
    }
  };
  for (const name of ['name', 'length']) {
    safely(() =>
      Object.defineProperty(wrapper, name, Object.getOwnPropertyDescriptor(original, name)!),
    );
  }
  return wrapper;
}

/** Puts another value where frameworks may have made the property read-only. */
export function put(target: object, name: string, value: unknown): void {
  try {
    (target as Record<string, unknown>)[name] = value;
  } catch {
    // Read-only: defined anew below.
  }
  if ((target as Record<string, unknown>)[name] !== value) {
    safely(() =>
      Object.defineProperty(target, name, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      }),
    );
  }
}

/** Watches target[name] if it is a function; adds one that only watches if `adds` and none is. */
export function hook(
  target: object,
  name: string,
  adds: boolean,
  before?: Before,
  after?: After,
): void {
  const original = (target as Record<string, unknown>)[name];
  if (typeof original === 'function') {
    put(target, name, watched(original as Fn, before, after));
  } else if (adds && original === undefined && before) {
    put(target, name, function (this: unknown, ...args: unknown[]) {
      safely(() => before(this, args));
    });
  }
}
