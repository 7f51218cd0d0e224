// @ts-check
// A phone with Weixin in it, as far as the SDK and a small app need one: storage that outlives the
// app, a network that can fail in many ways, clocks that move only when told, App, Page, Component
// and Behavior, a stack of pages. The app runs the built file in a realm of its own, so that a kill
// leaves nothing. What Weixin does not have, or would refuse, throws.
import fs from 'node:fs';
import vm from 'node:vm';
import { fileURLToPath } from 'node:url';

export const BUNDLE = fileURLToPath(new URL('../dist/minipulse.cjs', import.meta.url));
const SETTLE_ROUNDS_MAX = 20000;
const STORAGE_BYTES_MAX = 10 << 20;
const code = () => fs.readFileSync(BUNDLE, 'utf8');

/**
 * @typedef {{url: string, method: string, data: any, header: Record<string, string>, timeout?: number}} Asked
 * @typedef {{status: number, body?: any, header?: Record<string, string>} | 'offline' | 'timeout'} Reply
 * @typedef {(asked: Asked) => Reply | Promise<Reply>} Network
 * @typedef {Record<string, any>} Any
 */

/** Asks a real server. @param {Asked} asked @returns {globalThis.Promise<Reply>} */
export async function overHttp({ url, method, data, header }) {
  try {
    const reply = await fetch(url, { method, body: data, headers: header });
    const text = await reply.text();
    let body = text;
    try {
      body = JSON.parse(text);
    } catch {
      // No JSON: Weixin gives the text.
    }
    return {
      status: reply.status,
      body,
      header: Object.fromEntries(/** @type {any} */ (reply.headers)),
    };
  } catch {
    return 'offline';
  }
}

const PROFILE = {
  brand: 'HUAWEI',
  model: 'Mate 60 Pro',
  system: 'Android 14',
  platform: 'android',
};

export class Phone {
  /** @param {{network?: Network, now?: number, envVersion?: string, full?: boolean}} [options] */
  constructor(options = {}) {
    this.network = options.network ?? (() => 'offline');
    this.envVersion = options.envVersion ?? 'develop';
    /** What the phone believes; and the clock that nobody moves. */
    this.now = options.now ?? 1795000000000;
    this.steady = 1000;
    /** @type {Map<string, any>} */
    this.storage = new Map();
    this.isStorageFull = false;
    this.isAdded = false;
    this.underWay = 0;
    this.underWayMax = 0;
    /** @type {Asked[]} */
    this.asked = [];
    /** @type {any[][]} */
    this.warnings = [];
    /** @type {Run | undefined} */
    this.run = undefined;
  }

  /** The app begins: its code runs once with the SDK as `minipulse`. @param {Any} [options] */
  start(options) {
    this.run?.kill();
    this.run = new Run(this);
    this.run.minipulse = this.run.load();
    if (options) {
      this.run.minipulse.init(options);
    }
    return this.run;
  }

  /** The user moves the clock. @param {number} ms */
  moveClock(ms) {
    this.now += ms;
  }

  /** Until nothing is under way. */
  async settle() {
    for (let round = 0; round < SETTLE_ROUNDS_MAX; round++) {
      await new Promise((done) => setImmediate(done));
      if (this.underWay === 0 && round > 2) {
        return;
      }
      if (round > 50) {
        await new Promise((done) => setTimeout(done, 1));
      }
    }
    throw new Error('requests are under way for ever');
  }

  /** Time passes, timers run. @param {number} ms */
  async pass(ms) {
    const until = this.steady + ms;
    await this.settle();
    for (;;) {
      const due = this.run?.nextTimer(until);
      if (!due) {
        break;
      }
      this.elapse(Math.max(0, due.at - this.steady));
      due.act();
      await this.settle();
    }
    this.elapse(until - this.steady);
  }

  /** Time passes while the app sleeps or is not there. @param {number} ms */
  elapse(ms) {
    this.now += ms;
    this.steady += ms;
  }
}

/** One life of the app. */
export class Run {
  /** @param {Phone} phone */
  constructor(phone) {
    this.phone = phone;
    this.isAlive = true;
    /** @type {{id: number, at: number, act: () => void}[]} */
    this.timers = [];
    this.timerId = 0;
    /** @type {Any | undefined} */
    this.app = undefined;
    /** @type {Any | undefined} */
    this.defined = undefined;
    /** @type {Map<string, Any>} */
    this.pages = new Map();
    /** @type {Any[]} */
    this.stack = [];
    /** @type {((found: any) => void)[]} */
    this.networkListeners = [];
    this.context = this.realm();
    /** @type {import('../src/public').Minipulse | any} */
    this.minipulse = undefined;
  }

  load() {
    vm.runInContext('var module = { exports: {} }, exports = module.exports;', this.context);
    vm.runInContext(code(), this.context, { filename: 'minipulse.js' });
    return this.context.module.exports;
  }

  kill() {
    this.isAlive = false;
    this.timers = [];
  }

  /** @param {number} until */
  nextTimer(until) {
    const [first] = this.timers
      .filter((each) => each.at <= until)
      .sort((a, b) => a.at - b.at || a.id - b.id);
    this.timers = this.timers.filter((each) => each !== first);
    return first;
  }

  realm() {
    const { phone } = this;
    const run = this;
    class PhoneDate extends Date {
      /** @param {any[]} args */
      constructor(...args) {
        // @ts-ignore the constructor's overloads
        super(...(args.length ? args : [phone.now]));
      }
      static now() {
        return phone.now;
      }
    }
    /** @type {Any} */
    const globals = {
      wx: this.wx(),
      Date: PhoneDate,
      console: {
        ...console,
        warn: (/** @type {any[]} */ ...what) => void phone.warnings.push(what),
      },
      setTimeout: (/** @type {() => void} */ act, ms = 0) => {
        run.timers.push({ id: ++run.timerId, at: phone.steady + ms, act });
        return run.timerId;
      },
      clearTimeout: (/** @type {number} */ id) => {
        run.timers = run.timers.filter((each) => each.id !== id);
      },
      App: (/** @type {Any} */ options) => {
        run.app = options;
      },
      Page: (/** @type {Any} */ options) => {
        run.defined = { kind: 'page', options };
      },
      Component: (/** @type {Any} */ options) => {
        run.defined = { kind: 'component', options };
        return 'component-id';
      },
      Behavior: (/** @type {Any} */ options) => ({ behavior: options }),
      getCurrentPages: () => run.stack,
    };
    return vm.createContext(globals);
  }

  /** @param {() => void} act after this turn, if the app still lives */
  later(act) {
    setImmediate(() => {
      if (this.isAlive) act();
    });
  }

  wx() {
    const { phone } = this;
    const run = this;
    const size = () =>
      [...phone.storage].reduce(
        (sum, [key, value]) => sum + key.length + JSON.stringify(value).length,
        0,
      );
    /** @param {string} key @param {any} value */
    const store = (key, value) => {
      if (typeof key !== 'string' || value === undefined) {
        throw new TypeError('setStorage: parameter error');
      }
      if (phone.isStorageFull || size() + JSON.stringify(value).length > STORAGE_BYTES_MAX) {
        throw new Error('setStorage:fail exceed max size');
      }
      phone.storage.set(key, JSON.parse(JSON.stringify(value)));
    };
    /** @type {Partial<WechatMiniprogram.Wx>} */
    const wx = {
      request: /** @type {any} */ (
        (/** @type {WechatMiniprogram.RequestOption} */ asked) => run.ask(asked)
      ),
      getStorageSync: (key) => structuredCopy(phone.storage.get(key)) ?? '',
      setStorageSync: store,
      setStorage: /** @type {any} */ (
        (/** @type {WechatMiniprogram.SetStorageOption} */ { key, data, success, fail }) => {
          try {
            store(key, data); // Weixin's own process does it, also when the app is killed meanwhile
            run.later(() => success?.({ errMsg: 'setStorage:ok' }));
          } catch (error) {
            run.later(() => fail?.({ errMsg: String(error) }));
          }
        }
      ),
      removeStorageSync: (key) => void phone.storage.delete(key),
      getStorageInfoSync: () => ({
        keys: [...phone.storage.keys()],
        currentSize: 1,
        limitSize: 10240,
      }),
      getAccountInfoSync: () =>
        /** @type {any} */ ({
          miniProgram: {
            appId: 'wx0123456789abcdef',
            envVersion: phone.envVersion,
            version: '2.3.1',
          },
        }),
      getDeviceInfo: () => /** @type {any} */ (PROFILE),
      getWindowInfo: () =>
        /** @type {any} */ ({ screenWidth: 412, screenHeight: 915, windowHeight: 800 }),
      getAppBaseInfo: () =>
        /** @type {any} */ ({ SDKVersion: '3.4.0', version: '8.0.50', language: 'zh_CN' }),
      getNetworkType: /** @type {any} */ (
        (/** @type {any} */ { success }) => run.later(() => success?.({ networkType: 'wifi' }))
      ),
      onNetworkStatusChange: (listener) =>
        void run.networkListeners.push(/** @type {any} */ (listener)),
      getPerformance: () =>
        /** @type {any} */ ({
          now: () => phone.steady,
          createObserver: (/** @type {any} */ listener) => ({
            observe: () => {
              run.performance = (/** @type {any[]} */ entries) =>
                listener({ getEntries: () => entries });
            },
          }),
        }),
      checkIsAddedToMyMiniProgram: /** @type {any} */ (
        (/** @type {any} */ { success }) => run.later(() => success({ added: phone.isAdded }))
      ),
      requestPayment: /** @type {any} */ ((/** @type {any} */ options) => run.pay(options)),
    };
    /** @type {Any} */
    const strict = {};
    for (const name of Object.keys(wx)) {
      // As in Weixin: members cannot be assigned, only defined anew.
      Object.defineProperty(strict, name, {
        configurable: true,
        enumerable: true,
        get: () => /** @type {Any} */ (wx)[name],
      });
    }
    return strict;
  }

  /** @type {((entries: any[]) => void) | undefined} */
  performance = undefined;
  /** @type {{fine: boolean, errMsg: string}} */
  paymentEnds = { fine: true, errMsg: 'requestPayment:ok' };

  /** @param {Any} options */
  pay(options) {
    const { fine, errMsg } = this.paymentEnds;
    if (!options.success && !options.fail && !options.complete) {
      return fine ? Promise.resolve({ errMsg }) : Promise.reject({ errMsg });
    }
    this.later(() => {
      (fine ? options.success : options.fail)?.({ errMsg });
      options.complete?.({ errMsg });
    });
    return undefined;
  }

  /** @param {WechatMiniprogram.RequestOption} option */
  ask(option) {
    const {
      url,
      method = 'GET',
      data,
      header = {},
      timeout = 60000,
      success,
      fail,
      complete,
    } = option;
    if (typeof url !== 'string' || !/^https?:/.test(url)) {
      throw new TypeError('request: parameter error: url');
    }
    const { phone } = this;
    const asked = {
      url,
      method,
      data,
      header: /** @type {Record<string, string>} */ (header),
      timeout,
    };
    phone.asked.push(asked);
    phone.underWay += 1;
    phone.underWayMax = Math.max(phone.underWayMax, phone.underWay);
    const failed = (/** @type {string} */ errMsg) => {
      fail?.(/** @type {any} */ ({ errMsg, errno: 600001 }));
      complete?.(/** @type {any} */ ({ errMsg }));
    };
    Promise.resolve()
      .then(() => phone.network(asked))
      .then((reply) => {
        phone.underWay -= 1;
        if (!this.isAlive) {
          return;
        }
        if (reply === 'offline') {
          failed('request:fail');
        } else if (reply === 'timeout') {
          this.timers.push({
            id: ++this.timerId,
            at: phone.steady + timeout,
            act: () => failed('request:fail timeout'),
          });
        } else {
          success?.(
            /** @type {any} */ ({
              statusCode: reply.status,
              data: reply.body ?? '',
              header: reply.header ?? {},
              errMsg: 'request:ok',
            }),
          );
          complete?.(/** @type {any} */ ({ errMsg: 'request:ok' }));
        }
      });
    return { abort() {} };
  }

  // ---- App, pages ----

  /** @param {Any} [options] */
  launch(options = { path: 'pages/home/home', query: {}, scene: 1001 }) {
    if (!this.app) {
      this.context.App({});
    }
    this.app?.onLaunch?.(options);
    this.app?.onShow?.(options);
  }

  /** The file of a page runs. @param {string} route @param {Any} options @param {'Page' | 'Component'} kind */
  define(route, options, kind = 'Page') {
    this.context[kind](options);
    this.pages.set(route, /** @type {Any} */ (this.defined));
  }

  /** @param {string} route @param {Any} query */
  instance(route, query) {
    const found = this.pages.get(route);
    if (!found) {
      throw new Error(`no page ${route}`);
    }
    const { kind, options } = found;
    /** @type {Any} */
    const page = { route, options: query, kind, source: options };
    const members = kind === 'page' ? options : (options.methods ?? {});
    const inherited = (options.behaviors ?? []).map((/** @type {Any} */ { behavior }) => ({
      ...behavior,
      ...behavior.methods,
    }));
    for (const part of [...inherited, members]) {
      for (const name in part) {
        page[name] = part[name];
      }
    }
    return page;
  }

  /** navigateTo. @param {string} route @param {Any} [query] */
  open(route, query = {}) {
    this.hidePage();
    const page = this.instance(route, query);
    this.stack.push(page);
    page.onLoad?.(query);
    this.showPage();
    page.onReady?.();
    return page;
  }

  back() {
    const page = this.stack.pop();
    page?.onUnload?.();
    const { lifetimes, detached } = page?.source ?? {};
    if (page?.kind === 'component') {
      (lifetimes?.detached ?? detached)?.call(page);
    }
    this.showPage();
  }

  showPage() {
    const page = this.stack.at(-1);
    page?.onShow?.();
    if (page?.kind === 'component') {
      page.source.pageLifetimes?.show?.call(page);
    }
  }

  hidePage() {
    const page = this.stack.at(-1);
    page?.onHide?.();
    if (page?.kind === 'component') {
      page.source.pageLifetimes?.hide?.call(page);
    }
  }

  /** To the background and back. */
  hide() {
    this.hidePage();
    this.app?.onHide?.();
  }

  /** @param {Any} [options] */
  show(options = { path: this.stack.at(-1)?.route, query: {}, scene: 1001 }) {
    this.app?.onShow?.(options);
    this.showPage();
  }

  /** @param {string} handler @param {Any} [event] */
  tap(handler, event = {}) {
    return this.stack.at(-1)?.[handler](tapEvent(event, this.phone.steady));
  }
}

/** @param {any} value */
function structuredCopy(value) {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/** @param {Any} event @param {number} timeStamp */
export function tapEvent(event, timeStamp) {
  const target = { id: '', dataset: {}, offsetLeft: 0, offsetTop: 0 };
  return {
    type: 'tap',
    timeStamp,
    detail: { x: 10.4, y: 20 },
    target,
    currentTarget: target,
    ...event,
  };
}

/** The events of the uploads, each as if it stood alone. @param {Asked[]} asked */
export function eventsOf(asked) {
  return asked
    .filter(({ url }) => url.endsWith('/v1/collect'))
    .flatMap(({ data }) => {
      const body = JSON.parse(data);
      return body.events.map((/** @type {Any} */ event) => ({
        user: body.user,
        open: body.open,
        ...event,
      }));
    });
}
