/** The SDK's face. Nothing in here throws, whatever it is given. */
import { watchApp } from './app';
import { account } from './context';
import { createHandled } from './handled';
import { createPages } from './pages';
import { watchPerformance } from './performance';
import type { Minipulse, Options, Payment, Props, Refund } from './public';
import { createRecorder } from './recorder';
import type { Recorder } from './recorder';
import { watchPayments, watchRequests } from './requests';
import { clip, isObject, safely, setTalking, warn } from './safe';
import { settingsOf } from './settings';
import type { Fn } from './wrap';

export type { Minipulse, Options, Payment, Props, Refund, Sampled } from './public';

const ID_BYTES_MAX = 128;
const NO_ID = ` must be a text of 1 to ${ID_BYTES_MAX} bytes`;
const AMOUNT_FEN_MAX = 100000000000;

let recorder: Recorder | undefined;

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && clip(value, ID_BYTES_MAX) === value;
}

/** Runs it once init has been called; tells who asks too early. */
function when(what: string, act: (ready: Recorder) => void): void {
  safely(() => (recorder ? act(recorder) : warn(`${what}: call init first`)));
}

function watchAll(ready: Recorder, request: typeof wx.request): void {
  const pages = createPages(ready, createHandled(ready));
  const { App: app, Page: page, Component: component, Behavior: behavior } = globals();
  const around = (
    original: Fn,
    act: (options: object) => void,
    after?: (options: object, result: unknown) => void,
  ): Fn =>
    function (this: unknown, options: unknown, ...rest: unknown[]) {
      if (typeof options === 'object' && options !== null) {
        safely(() => act(options));
      }
      const result: unknown = original.call(this, options, ...rest);
      if (after && typeof options === 'object' && options !== null) {
        safely(() => after(options, result));
      }
      return result;
    };
  // Names of the module's scope, not members of an object: only an assignment reaches them.
  if (app) App = around(app, (options) => watchApp(options, ready, pages)) as typeof App;
  if (page) Page = around(page, pages.page) as typeof Page;
  if (component) Component = around(component, pages.component) as typeof Component;
  if (behavior) Behavior = around(behavior, pages.behavior, pages.named) as typeof Behavior;
  safely(() => watchRequests(ready, request as Fn));
  safely(() => watchPayments(ready));
  watchPerformance(ready);
}

/** What of them is there: a plugin has no App. */
function globals(): Record<'App' | 'Page' | 'Component' | 'Behavior', Fn | undefined> {
  return {
    App: typeof App === 'function' ? (App as Fn) : undefined,
    Page: typeof Page === 'function' ? (Page as Fn) : undefined,
    Component: typeof Component === 'function' ? (Component as Fn) : undefined,
    Behavior: typeof Behavior === 'function' ? (Behavior as unknown as Fn) : undefined,
  };
}

function isMoney(what: string, money: unknown): money is Payment & Refund {
  if (!isObject(money) || !isId(money.order_id)) {
    warn(`${what}: order_id${NO_ID}`);
    return false;
  }
  const fen = money.amount_fen;
  if (typeof fen !== 'number' || fen % 1 !== 0 || fen < 0 || fen > AMOUNT_FEN_MAX) {
    warn(`${what}: amount_fen must be whole fen`);
    return false;
  }
  return true;
}

const minipulse: Minipulse = {
  init(options: Options) {
    safely(() => {
      if (typeof wx === 'undefined' || typeof wx.request !== 'function') {
        return;
      }
      setTalking(
        isObject(options) && typeof options.debug === 'boolean'
          ? options.debug
          : account().envVersion === 'develop',
      );
      const settings = settingsOf(options);
      if (recorder) {
        warn('init: called already');
      } else if (settings) {
        const request = wx.request;
        recorder = createRecorder(settings, ((asked: object) =>
          (request as Fn).call(wx, asked)) as typeof wx.request);
        watchAll(recorder, request);
      }
    });
  },
  track(name: string, props?: Props) {
    when('track', (ready) => {
      // eslint-disable-next-line no-control-regex
      if (!isId(name) || name.charAt(0) === '$' || /[\u0000-\u001f\u007f]/.test(name)) {
        warn(`track: ${String(name)}: must have 1 to ${ID_BYTES_MAX} bytes and not begin with $`);
      } else if (props !== undefined && !isObject(props)) {
        warn(`track: ${name}: must be an object`);
      } else {
        ready.record(name, undefined, props);
      }
    });
  },
  identify(user: string) {
    when('identify', (ready) =>
      isId(user) ? ready.identify(user) : warn(`identify: user${NO_ID}`),
    );
  },
  setProfile(props: Props) {
    when('setProfile', (ready) =>
      isObject(props)
        ? ready.record('$profile', undefined, props)
        : warn('setProfile: must be an object'),
    );
  },
  setCommon(props: Props) {
    when('setCommon', (ready) =>
      isObject(props) ? ready.setCommon(props) : warn('setCommon: must be an object'),
    );
  },
  pay(payment: Payment) {
    when('pay', (ready) => {
      if (isMoney('pay', payment)) {
        const { order_id, amount_fen, password_free, ...props } = payment;
        ready.record(
          '$pay',
          { order_id, amount_fen, password_free: password_free === true },
          props,
        );
        ready.keep();
      }
    });
  },
  refund(refund: Refund) {
    when('refund', (ready) => {
      if (isMoney('refund', refund)) {
        const { order_id, amount_fen, ...props } = refund;
        ready.record('$refund', { order_id, amount_fen }, props);
        ready.keep();
      }
    });
  },
  optIn() {
    when('optIn', (ready) => ready.setConsent(true));
  },
  optOut() {
    when('optOut', (ready) => ready.setConsent(false));
  },
  flush() {
    when('flush', (ready) => ready.flush());
  },
  reset() {
    when('reset', (ready) => ready.reset());
  },
};

export default minipulse;
