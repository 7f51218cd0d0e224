/** The app must never suffer: what goes wrong in here ends in here. */

let isTalking = false;

export function setTalking(on: boolean): void {
  isTalking = on;
}

/** For the developer, in the develop version only. */
export function warn(...what: unknown[]): void {
  if (isTalking) {
    console.warn('[minipulse]', ...what);
  }
}

export function safely<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    try {
      warn(error);
    } catch {
      // A console that throws is none.
    }
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const CHARS = 36;
const RANDOM_CHARS = 16;

export function randomId(): string {
  let text = '';
  while (text.length < RANDOM_CHARS) {
    text += Math.random().toString(CHARS).slice(2);
  }
  return text.slice(0, RANDOM_CHARS);
}

/** 0 to 1, the same for the same text (FNV-1a). */
export function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 0x100000000;
}

/** Cut so that it has at most that many bytes of UTF-8 whatever its letters. */
export function clip(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) {
    return text;
  }
  let used = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    used += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
    if (used > bytes) {
      return text.slice(0, i);
    }
  }
  return text;
}
