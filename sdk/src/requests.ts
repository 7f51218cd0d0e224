/** wx.request that fails or is slow, and attempts to pay. The app's own callbacks see no change. */
import type { Recorder } from './recorder';
import { clip, isObject, safely } from './safe';
import { put } from './wrap';
import type { Fn } from './wrap';

const REQUESTS_MAX = 100; // told in a run
const TEXT_BYTES_MAX = 512;
const FAILED = 400;

interface Callbacks {
  success?: Fn;
  fail?: Fn;
  complete?: Fn;
}

/** A copy of the options whose success and fail watch as well. */
function watchedOptions(
  options: Callbacks,
  ended: (isFine: boolean, result: unknown) => void,
): Callbacks {
  const of = (isFine: boolean, original: Fn | undefined): Fn =>
    function (this: unknown, ...args: unknown[]) {
      safely(() => ended(isFine, args[0]));
      return typeof original === 'function' ? original.apply(this, args) : undefined;
    };
  return { ...options, success: of(true, options.success), fail: of(false, options.fail) };
}

function message(result: unknown): string {
  return clip(isObject(result) ? String(result.errMsg ?? '') : '', TEXT_BYTES_MAX);
}

export function watchRequests(recorder: Recorder, original: Fn): void {
  const { settings, clock } = recorder;
  let told = 0;
  put(
    wx,
    'request',
    function (this: unknown, options: Callbacks & { url?: unknown; method?: unknown }) {
      const url = isObject(options) ? String(options.url).replace(/[?#].*$/, '') : '';
      if (!url || url.startsWith(settings.server)) {
        return original.call(this, options);
      }
      const began = clock.steady();
      const ended = (isFine: boolean, result: unknown) => {
        const ms = clock.since(began);
        const status = isFine && isObject(result) ? result.statusCode : undefined;
        const isFailed = !isFine || (typeof status === 'number' && status >= FAILED);
        if ((isFailed || ms > settings.slowRequestMs) && ++told <= REQUESTS_MAX) {
          recorder.record('$request', undefined, {
            outcome: isFailed ? 'failed' : 'slow',
            url: clip(url, TEXT_BYTES_MAX),
            method: options.method ?? 'GET',
            status,
            duration_ms: ms,
            message: isFine ? undefined : message(result),
          });
        }
      };
      return original.call(this, watchedOptions(options, ended));
    },
  );
}

export function watchPayments(recorder: Recorder): void {
  const original = wx.requestPayment as Fn | undefined;
  if (typeof original !== 'function') {
    return;
  }
  put(wx, 'requestPayment', function (this: unknown, options: Callbacks) {
    const ended = (isFine: boolean, result: unknown) => {
      const text = message(result);
      const outcome = isFine ? 'success' : /cancel/.test(text) ? 'cancelled' : 'failed';
      recorder.record('$pay_attempt', undefined, {
        outcome,
        message: outcome === 'failed' ? text : undefined,
      });
    };
    // Without callbacks it gives a promise; with ours it would not.
    if (!isObject(options) || options.success || options.fail || options.complete) {
      return original.call(this, isObject(options) ? watchedOptions(options, ended) : options);
    }
    const result: unknown = original.call(this, options);
    safely(() =>
      (result as Promise<unknown> | undefined)?.then?.(
        (value) => safely(() => ended(true, value)),
        (error) => safely(() => ended(false, error)),
      ),
    );
    return result;
  });
}
