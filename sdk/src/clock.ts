/**
 * Time as the server has it, as well as one can know. Phones' clocks are wrong, and are moved while
 * the app runs or sleeps. Durations come from a clock that nobody can move.
 *
 * An *epoch* is a stretch in which the phone's clock is watched: from a start, or a return from the
 * background, to the next. A jump within it is seen at once; one between two epochs is not, until
 * an answer brings the server's date.
 */
const JUMP_MS = 3000; // an answer's date has whole seconds, and took its time to come
const SINCE_MS_MAX = 604800000; // what the server takes

export interface Clock {
  now(): number;
  /** Milliseconds of a clock that only goes on. */
  steady(): number;
  /** Whole milliseconds since a moment of the steady clock. */
  since(steady: number): number;
  /** The server's date, just come. Returns by how much the times of this epoch were off. */
  learn(serverMs: number): number;
  beginEpoch(): void;
  readonly epoch: number;
  /** Whether the server has told its date in this epoch. */
  readonly isLearnt: boolean;
  /** What to add to the phone's clock; undefined when the server never told. */
  readonly offset: number | undefined;
}

function steadySource(): () => number {
  try {
    const performance = wx.getPerformance() as unknown as { now?: () => number };
    if (typeof performance.now === 'function' && performance.now() >= 0) {
      return () => performance.now!();
    }
  } catch {
    // An older base library.
  }
  return () => Date.now();
}

export function createClock(known: number | undefined): Clock {
  const steady = steadySource();
  let offset = known ?? 0;
  let isKnown = known !== undefined;
  let base = Date.now() - steady();
  let epoch = 0;
  let isLearnt = false;

  function watch(): void {
    const jump = Date.now() - steady() - base;
    if (Math.abs(jump) > JUMP_MS) {
      base += jump;
      offset -= jump;
    }
  }

  return {
    now() {
      watch();
      return Math.round(Date.now() + offset);
    },
    steady,
    since: (moment) => Math.min(Math.max(0, Math.round(steady() - moment)), SINCE_MS_MAX),
    learn(serverMs) {
      watch();
      const off = serverMs - (Date.now() + offset);
      isKnown = true;
      isLearnt = true;
      if (Math.abs(off) <= JUMP_MS) {
        return 0;
      }
      offset += off;
      return Math.round(off);
    },
    beginEpoch() {
      base = Date.now() - steady(); // the steady clock may stand still while the phone sleeps
      epoch += 1;
      isLearnt = false;
    },
    get epoch() {
      return epoch;
    },
    get isLearnt() {
      return isLearnt;
    },
    get offset() {
      return isKnown ? offset : undefined;
    },
  };
}
