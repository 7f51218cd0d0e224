/** Taps and other things that a handler of the app answers. What was typed is not told. */
import { isEvent } from './pages';
import type { Recorder } from './recorder';
import { clip, isObject } from './safe';

/** submit, change and the like; scrolls, touches and media are too many or say nothing. */
const TOLD = [
  'longpress',
  'longtap',
  'change',
  'submit',
  'reset',
  'confirm',
  'blur',
  'getphonenumber',
  'getuserinfo',
  'chooseavatar',
  'opensetting',
  'contact',
  'agreeprivacyauthorization',
];
const TEXTS = ['text', 'content', 'title', 'name'];
const TEXT_BYTES_MAX = 256;

function number(value: unknown): number | undefined {
  return typeof value === 'number' && isFinite(value) ? Math.round(value) : undefined;
}

/** uni-app (Vue 2) has one handler for all and says in the dataset what it stands for:
 * [["tap", [["buy", ["$event"]]]]]. */
function madeBy(opts: unknown): string | undefined {
  const name: unknown = (opts as string[][][][] | undefined)?.[0]?.[1]?.[0]?.[0];
  return typeof name === 'string' ? name : undefined;
}

function place(event: Record<string, unknown>): { x?: number; y?: number } {
  const detail = isObject(event.detail) ? event.detail : {};
  const touches = event.changedTouches ?? event.touches;
  const touch: unknown = Array.isArray(touches) ? touches[0] : undefined;
  const at = isObject(touch) ? touch : {};
  return { x: number(detail.x) ?? number(at.pageX), y: number(detail.y) ?? number(at.pageY) };
}

export function createHandled(recorder: Recorder): (event: unknown, handler: string) => void {
  let last: unknown;
  let lastStamp = '';

  /** One tap reaches the handlers of several elements, and handlers call each other. */
  function isNew(event: Record<string, unknown> & { type: string }): boolean {
    const stamp = number(event.timeStamp) ? `${event.type}@${String(event.timeStamp)}` : '';
    if (event === last || (stamp && stamp === lastStamp)) {
      return false;
    }
    last = event;
    lastStamp = stamp;
    return true;
  }

  return (event, handler) => {
    if (!isEvent(event)) {
      return;
    }
    const { type } = event;
    const isTap = type === 'tap' || type === 'click';
    const detail = isObject(event.detail) ? event.detail : {};
    if ((!isTap && !TOLD.includes(type)) || detail.source === 'autoplay' || !isNew(event)) {
      return;
    }
    const target = event.currentTarget as Record<string, unknown>;
    const data = isObject(target.dataset) ? target.dataset : {};
    const text = TEXTS.map((name) => data[name]).find((found) => typeof found === 'string');
    const made = madeBy(data.eventOpts) ?? handler;
    const id = typeof target.id === 'string' && target.id ? target.id : undefined;
    recorder.record(
      isTap ? '$click' : '$interact',
      { element: id ?? made },
      {
        kind: isTap ? undefined : type,
        handler: made,
        index: number(data.index),
        text: typeof text === 'string' ? clip(text, TEXT_BYTES_MAX) : undefined,
        ...place(event),
      },
    );
  };
}
