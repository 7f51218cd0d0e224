/**
 * What waits to be sent, in memory and in storage. It is cut into chunks, each under a key of its
 * own: only the last one is written again when an event comes, and one chunk is one upload, so that
 * what is sent again after a kill is the same.
 */
import { moved, rankOf, RANKS } from './event';
import type { Event } from './event';
import { names, read, remove, write, writeLater } from './storage';
import { warn } from './safe';

const CHUNK_EVENTS_MAX = 50;
const CHUNK_BYTES_MAX = 64 << 10; // the server takes 1 MB
export const EVENT_BYTES_MAX = 128 << 10;
const KEY = 'queue.';

export interface Chunk {
  name: string;
  /** undefined: still in storage, from an earlier run. */
  events?: Event[];
  bytes: number;
  /** Of the clock; -1 = an earlier run's. */
  epoch: number;
  /** Its times are the phone's: the server had never told its date. */
  isRaw: boolean;
  isSealed: boolean;
  isDirty: boolean;
  isWriting: boolean;
  isGone: boolean;
}

interface Kept {
  raw: boolean;
  events: Event[];
}

export interface Queue {
  add(event: Event, epoch: number, isRaw: boolean): void;
  /** The oldest chunk that has events; it takes no more of them. */
  first(): Chunk | undefined;
  /** Sent, or never to be. */
  drop(chunk: Chunk): void;
  /** In two, as it was too large. */
  split(chunk: Chunk): void;
  /** The times of an epoch were off. */
  shift(epoch: number, ms: number): void;
  /** The guest of this run is known now: what has not been sent becomes the user's. */
  rename(guest: string, user: string): void;
  /** Writes what is not yet in storage, now. */
  keep(): void;
  clear(): void;
  readonly size: number;
}

/** Bytes of a text's UTF-8. */
function bytesOf(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes += code < 0x80 ? 0 : code < 0x800 ? 1 : 2;
  }
  return bytes;
}

function numberOf(name: string): number {
  return parseInt(name.slice(KEY.length), 36) || 0;
}

export function createQueue(bytesMax: number): Queue {
  let chunks: Chunk[] = names()
    .filter((name) => name.startsWith(KEY))
    .sort((one, other) => numberOf(one) - numberOf(other))
    .map((name) => chunkOf(name, undefined, -1, false));
  let next = chunks.length > 0 ? numberOf(chunks[chunks.length - 1]!.name) + 1 : 1;
  let sending: Chunk | undefined;
  let isSaving = false;

  function chunkOf(
    name: string,
    events: Event[] | undefined,
    epoch: number,
    isRaw: boolean,
  ): Chunk {
    return {
      name,
      events,
      epoch,
      isRaw,
      bytes: events ? 0 : CHUNK_BYTES_MAX,
      isSealed: !events,
      isDirty: false,
      isWriting: false,
      isGone: false,
    };
  }

  function load(chunk: Chunk): Event[] {
    if (!chunk.events) {
      let kept: Kept | undefined;
      try {
        kept = JSON.parse(read<string>(chunk.name) ?? '') as Kept;
      } catch {
        // Half written, or not ours.
      }
      chunk.events = kept && Array.isArray(kept.events) ? kept.events : [];
      chunk.isRaw = !!kept && kept.raw;
      chunk.bytes = bytesOf(JSON.stringify(chunk.events));
    }
    return chunk.events;
  }

  function text(chunk: Chunk): string {
    return JSON.stringify({ raw: chunk.isRaw, events: chunk.events });
  }

  function save(chunk: Chunk): void {
    if (chunk.isWriting || chunk.isGone || !chunk.isDirty) {
      return;
    }
    chunk.isWriting = true;
    chunk.isDirty = false;
    writeLater(chunk.name, text(chunk), (isKept) => {
      chunk.isWriting = false;
      if (chunk.isGone) {
        remove(chunk.name);
      } else if (!isKept) {
        chunk.isDirty = true; // the next event, or the next keep(), tries again
      } else {
        save(chunk);
      }
    });
  }

  /** Once for all events of this turn of the loop. */
  function saveSoon(): void {
    if (!isSaving) {
      isSaving = true;
      setTimeout(() => {
        isSaving = false;
        chunks.forEach(save);
      }, 0);
    }
  }

  function total(): number {
    return chunks.reduce((sum, chunk) => sum + chunk.bytes, 0);
  }

  /** The oldest events of the lowest rank go until a quarter is free. */
  function makeRoom(): void {
    chunks.forEach(load); // until then their sizes are guesses
    if (total() <= bytesMax) {
      return;
    }
    let over = total() - bytesMax * 0.75;
    let dropped = 0;
    for (let rank = 0; rank < RANKS && over > 0; rank++) {
      for (const chunk of chunks.filter((each) => each !== sending)) {
        if (over <= 0) {
          break;
        }
        const events = load(chunk);
        const left = events.filter((event) => {
          const goes = over > 0 && rankOf(event.name) === rank;
          if (goes) {
            const bytes = bytesOf(JSON.stringify(event)) + 1;
            chunk.bytes -= bytes;
            over -= bytes;
            dropped += 1;
          }
          return !goes;
        });
        if (left.length < events.length) {
          chunk.events = left;
          chunk.isDirty = true;
        }
      }
    }
    chunks.filter((chunk) => chunk.events?.length === 0 && chunk !== sending).forEach(drop);
    warn(`the queue is full: ${dropped} events were given up`);
  }

  function drop(chunk: Chunk): void {
    chunk.isGone = true;
    chunks = chunks.filter((each) => each !== chunk);
    if (sending === chunk) {
      sending = undefined;
    }
    if (!chunk.isWriting) {
      remove(chunk.name);
    }
  }

  return {
    add(event, epoch, isRaw) {
      const bytes = bytesOf(JSON.stringify(event)) + 1;
      let last = chunks[chunks.length - 1];
      if (
        !last ||
        !last.events ||
        last.isSealed ||
        last.epoch !== epoch ||
        last.isRaw !== isRaw ||
        last.events.length >= CHUNK_EVENTS_MAX ||
        last.bytes + bytes > CHUNK_BYTES_MAX
      ) {
        last = chunkOf(KEY + (next++).toString(36), [], epoch, isRaw);
        chunks.push(last);
      }
      last.events!.push(event);
      last.bytes += bytes;
      last.isDirty = true;
      if (total() > bytesMax) {
        makeRoom();
      }
      saveSoon();
    },
    first() {
      while (chunks.length > 0) {
        const chunk = chunks[0]!;
        if (load(chunk).length > 0) {
          chunk.isSealed = true;
          sending = chunk;
          return chunk;
        }
        drop(chunk);
      }
      return undefined;
    },
    drop,
    split(chunk) {
      const events = load(chunk);
      const half = events.length >> 1;
      // The second half first: were we killed in between, it would be there twice, not never.
      const rest = chunkOf(
        KEY + (next++).toString(36),
        events.slice(half),
        chunk.epoch,
        chunk.isRaw,
      );
      rest.bytes = chunk.bytes >> 1;
      rest.isSealed = true;
      write(rest.name, text(rest));
      chunk.events = events.slice(0, half);
      chunk.bytes -= rest.bytes;
      write(chunk.name, text(chunk));
      chunks.splice(1, 0, rest);
    },
    shift(epoch, ms) {
      for (const chunk of chunks) {
        if (chunk.epoch === epoch && chunk.events) {
          chunk.events = chunk.events.map((event) => moved(event, ms));
          chunk.isRaw = false;
          chunk.isDirty = true;
        }
      }
      saveSoon();
    },
    rename(guest, user) {
      for (const chunk of chunks) {
        if (chunk.epoch >= 0 && chunk !== sending && chunk.events) {
          chunk.events = chunk.events.map((event) =>
            event.user === guest ? { ...event, user } : event,
          );
          chunk.isDirty = true;
        }
      }
    },
    keep() {
      for (const chunk of chunks) {
        if (chunk.isDirty && write(chunk.name, text(chunk))) {
          chunk.isDirty = chunk.isWriting; // what is on its way may be older and land after it
        }
      }
    },
    clear() {
      [...chunks].forEach(drop);
    },
    get size() {
      return chunks.reduce((sum, chunk) => sum + (chunk.events ? chunk.events.length : 1), 0);
    },
  };
}
