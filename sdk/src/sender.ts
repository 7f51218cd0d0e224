/**
 * Uploads: one request at a time, a chunk each; again with growing pauses until the server has said
 * what became of it. The remote configuration takes the same road.
 */
import { context } from './context';
import type { Clock } from './clock';
import { moved } from './event';
import type { Chunk, Queue } from './queue';
import type { Remote } from './remote';
import { isObject, safely, warn } from './safe';
import type { Settings } from './settings';

const RETRY_MS_MIN = 2000;
const RETRY_MS_MAX = 300000;
const WRONG = 400;
const UNKNOWN_KEY = 401;
const TOO_LARGE = 413;

interface Answer {
  status: number; // 0: none came
  body: unknown;
  header(name: string): string;
}

export interface Sender {
  /** An event came: send when there are enough, or in a while. */
  notice(): void;
  /** Send what waits; after a pause that a failure asked for, unless isEager. */
  flush(isEager: boolean): void;
  /** Ask for the configuration if what is known of it is over. */
  refresh(): void;
}

interface Needs {
  settings: Settings;
  queue: Queue;
  clock: Clock;
  remote: Remote;
  request: typeof wx.request;
  /** Whether anything may leave. */
  isOpen(): boolean;
  /** The server told its date: the offset is another one now. */
  learnt(offMs: number): void;
  configured(): void;
}

export function createSender(needs: Needs): Sender {
  const { settings, queue, clock, remote } = needs;
  let isBusy = false;
  let isWanted = false;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pausedUntil = 0; // of the steady clock

  function isPaused(): boolean {
    const left = pausedUntil - clock.steady();
    return left > 0 && left <= RETRY_MS_MAX; // more: there is no steady clock, and it was moved
  }

  function plan(ms: number): void {
    if (timer === undefined) {
      timer = setTimeout(() => {
        timer = undefined;
        safely(() => go());
      }, ms);
    }
  }

  function cancel(): void {
    if (timer !== undefined) {
      clearTimeout(timer);
      timer = undefined;
    }
  }

  function ask(
    method: 'GET' | 'POST',
    path: string,
    header: Record<string, string>,
    data: string | undefined,
    done: (answer: Answer) => void,
  ): void {
    let isOver = false;
    const end = (status: number, body: unknown, headers: unknown) => {
      if (isOver) {
        return;
      }
      isOver = true;
      clearTimeout(guard);
      isBusy = false;
      const found: Record<string, unknown> = {};
      for (const name of isObject(headers) ? Object.keys(headers) : []) {
        found[name.toLowerCase()] = (headers as Record<string, unknown>)[name];
      }
      const answer = { status, body, header: (name: string) => String(found[name] ?? '') };
      const date = status > 0 ? Date.parse(answer.header('date')) : NaN;
      if (!isNaN(date)) {
        needs.learnt(clock.learn(date + 500)); // whole seconds: right by half a second
      }
      safely(() => done(answer));
    };
    isBusy = true;
    // Some hosts forget to call back after they slept.
    const guard = setTimeout(() => end(0, undefined, undefined), settings.timeoutMs * 2);
    try {
      needs.request({
        url: settings.server + path,
        method,
        data,
        header,
        timeout: settings.timeoutMs,
        success: (reply) => end(reply.statusCode, reply.data, reply.header),
        fail: () => end(0, undefined, undefined),
      });
    } catch {
      end(0, undefined, undefined);
    }
  }

  function pause(answer: Answer): void {
    const grown = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(failures, 10));
    const asked = Math.min(Number(answer.header('retry-after')) * 1000 || 0, RETRY_MS_MAX);
    const ms = Math.max(grown * (0.5 + Math.random() / 2), asked);
    failures += 1;
    pausedUntil = clock.steady() + ms;
    cancel();
    plan(ms);
  }

  function bodyOf(chunk: Chunk): string {
    let events = chunk.events!;
    if (chunk.isRaw && chunk.epoch !== clock.epoch && clock.offset) {
      events = events.map((event) => moved(event, Math.round(clock.offset!)));
    }
    const { user, open } = events[0]!;
    return JSON.stringify({
      v: 1,
      sent: clock.now(),
      user,
      open,
      context: context(),
      events: events.map((event) => ({
        ...event,
        user: event.user === user ? undefined : event.user,
        open: event.open.id === open.id ? undefined : event.open,
      })),
    });
  }

  function settle(chunk: Chunk, answer: Answer): void {
    const { status, body } = answer;
    if (status >= 200 && status < 300) {
      failures = 0;
      if (isObject(body) && body.rejected) {
        warn('the server refused events:', body.errors);
      }
      queue.drop(chunk);
    } else if (status === TOO_LARGE && chunk.events!.length > 1) {
      queue.split(chunk);
    } else if (status === WRONG || status === TOO_LARGE) {
      warn('the server does not understand:', body);
      queue.drop(chunk);
    } else {
      if (status === UNKNOWN_KEY) {
        warn('the server does not know the write key:', settings.app);
      }
      pause(answer);
      return;
    }
    if (queue.size > 0 && (isWanted || queue.size >= settings.batchEvents)) {
      go();
    } else {
      isWanted = false;
      notice();
    }
  }

  function askConfig(): void {
    const header: Record<string, string> = remote.etag ? { 'If-None-Match': remote.etag } : {};
    const path = `/v1/sdk/config?app=${encodeURIComponent(settings.app)}`;
    ask('GET', path, header, undefined, (answer) => {
      if (answer.status === 0) {
        pause(answer);
        return;
      }
      remote.take(answer.status, answer.body, answer.header);
      needs.configured();
      if (queue.size > 0) {
        notice();
      }
      if (isWanted) {
        go();
      }
    });
  }

  function go(): void {
    if (isBusy || !needs.isOpen()) {
      return;
    }
    cancel();
    const chunk = queue.first();
    if (remote.isStale() || (chunk && chunk.epoch !== clock.epoch && !clock.isLearnt)) {
      isWanted = isWanted || !!chunk;
      if (askConfigOnce()) {
        return;
      }
    }
    if (chunk) {
      const header = { 'content-type': 'application/json', 'X-Minipulse-Key': settings.app };
      ask('POST', '/v1/collect', header, bodyOf(chunk), (answer) => settle(chunk, answer));
    } else {
      isWanted = false;
    }
  }

  let askedEpoch = -1;
  /** A host that hides the Date header must not make us ask for ever. */
  function askConfigOnce(): boolean {
    if (!remote.isStale() && askedEpoch === clock.epoch && failures === 0) {
      return false;
    }
    askedEpoch = clock.epoch;
    askConfig();
    return true;
  }

  function notice(): void {
    if (isBusy || !needs.isOpen()) {
      return;
    }
    if (queue.size >= settings.batchEvents && !isPaused()) {
      cancel();
      plan(0);
    } else {
      plan(settings.flushMs);
    }
  }

  return {
    notice,
    flush(isEager) {
      isWanted = true;
      if (isEager) {
        pausedUntil = 0;
      }
      if (!isPaused()) {
        safely(() => go());
      }
    },
    refresh() {
      if (remote.isStale() && !isBusy && !isPaused()) {
        safely(() => go());
      }
    },
  };
}
