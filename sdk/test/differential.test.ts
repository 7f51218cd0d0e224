/** The same app with and without the SDK: nobody can tell the difference. */
import { describe, expect, it } from 'vitest';
import { Phone, tapEvent } from './phone.mjs';
import type { Run } from './phone.mjs';
import { OPTIONS, taking } from './helpers';

type Log = unknown[];

/** What became of a call: its value, what its promise gave, or what it threw. */
async function outcome(act: () => unknown): Promise<unknown> {
  try {
    const value = act();
    if (value && typeof (value as Promise<unknown>).then === 'function') {
      return [
        'promise',
        await (value as Promise<unknown>).then(
          (v) => ['gave', v],
          (e) => ['refused', String(e)],
        ),
      ];
    }
    return ['gave', value];
  } catch (error) {
    return ['threw', (error as Error).message];
  }
}

const NAMES = [
  'onLoad',
  'onShow',
  'onReady',
  'onHide',
  'onUnload',
  'onPullDownRefresh',
  'onReachBottom',
  'onPageScroll',
  'onTabItemTap',
  'tapIt',
  'submit',
  'helper',
  'later',
  'fails',
  'failsLater',
];

/** Handlers that note `this`, their arguments and how many there are, and end in every way. */
function methods(log: Log): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  NAMES.forEach((name, index) => {
    made[name] = function (this: Record<string, unknown>, first: unknown, second: unknown) {
      log.push([name, this.route ?? typeof this, first, second, arguments.length]);
      this.calls = ((this.calls as number) ?? 0) + 1;
      switch (index % 5) {
        case 0:
          return undefined;
        case 1:
          return `${name} done`;
        case 2:
          return Promise.resolve(`${name} later`);
        case 3:
          throw new TypeError(`${name} broke`);
        default:
          return Promise.reject(new Error(`${name} refused`));
      }
    };
  });
  return made;
}

async function played(withSdk: boolean, kind: 'Page' | 'Component', trouble: string): Promise<Log> {
  const phone = taking(new Phone());
  const run: Run = withSdk ? phone.start(OPTIONS) : phone.start();
  if (trouble === 'storage') phone.isStorageFull = true;
  if (trouble === 'network')
    run.context.wx.request = () => {
      throw new Error('no network');
    };
  if (trouble === 'off' && withSdk) run.minipulse.optOut();
  const log: Log = [];
  const members = methods(log);
  const life: Record<string, () => void> = {};
  for (const name of ['show', 'hide', 'resize'])
    life[name] = () => {
      log.push(['life', name]);
    };
  run.context.App({
    globalData: { a: 1 },
    onLaunch(this: Record<string, unknown>, options: unknown) {
      log.push(['launch', options, this.globalData]);
      return 'launched';
    },
    onShow: async () => {
      throw new Error('show refused');
    },
    onError(message: string) {
      log.push(['error', message]);
    },
  });
  log.push(await outcome(() => run.app!.onLaunch({ path: 'pages/a', query: {}, scene: 1001 })));
  log.push(await outcome(() => run.app!.onShow({ path: 'pages/a' })));
  log.push(await outcome(() => run.app!.onError('x')));
  const options =
    kind === 'Page'
      ? { data: { n: 1 }, ...members }
      : {
          properties: {},
          methods: members,
          pageLifetimes: life,
          lifetimes: {
            attached() {},
            detached() {
              log.push('detached');
            },
          },
        };
  run.define('pages/a', options, kind);
  const page = run.instance('pages/a', { id: '1' });
  for (const name of NAMES) {
    const original = page[name] as (...args: unknown[]) => unknown;
    log.push([name, original.length, original.name]);
    log.push(await outcome(() => page[name]({ id: '1' }, 2)));
    log.push(await outcome(() => page[name](tapEvent({}, 7))));
    log.push(await outcome(() => page[name].call({ other: true }, null)));
    log.push(await outcome(() => page[name]()));
  }
  log.push(page.calls);
  if (kind === 'Component') {
    for (const name of ['show', 'hide'])
      log.push(await outcome(() => page.source.pageLifetimes[name].call(page)));
    log.push(await outcome(() => page.source.lifetimes.detached.call(page)));
  }
  return log;
}

describe.each(['Page', 'Component'] as const)('a %s', (kind) => {
  it.each(['none', 'storage', 'network', 'off'])(
    'behaves the same with and without the SDK, trouble: %s',
    async (trouble) => {
      const without = await played(false, kind, 'none');
      expect(without.length).toBeGreaterThan(60);
      expect(await played(true, kind, trouble)).toEqual(without);
    },
  );
});

it('a share says the same with tracing off', async () => {
  for (const options of [OPTIONS, { ...OPTIONS, shareTrace: false }]) {
    const run = taking(new Phone()).start(options);
    const card = { title: 'a', path: '/pages/a', imageUrl: 'b' };
    run.define('pages/a', { onShareAppMessage: () => card, onShareTimeline: () => undefined });
    run.launch();
    const page = run.open('pages/a');
    const given = page.onShareAppMessage({ from: 'menu' });
    expect({ ...given, path: '/pages/a' }).toEqual(card);
    if (options !== OPTIONS) {
      expect(given).toBe(card);
      expect(page.onShareTimeline()).toBeUndefined();
    }
  }
});

it('what App, Page, Component and Behavior return is what they returned', () => {
  const run = new Phone().start(OPTIONS);
  expect(run.context.Component({})).toBe('component-id');
  expect(run.context.Behavior({ methods: {} })).toEqual({ behavior: { methods: {} } });
  expect(() => run.context.Page(undefined)).not.toThrow();
});

it('a request has the same task, callbacks and `this`', async () => {
  const phone = taking(new Phone());
  const run = phone.start(OPTIONS);
  const task = { abort() {} };
  const seen: unknown[] = [];
  const fresh = new Phone().start();
  Object.defineProperty(fresh.context.wx, 'request', {
    configurable: true,
    value(this: unknown, options: Record<string, (r: unknown) => unknown>) {
      seen.push(this === fresh.context.wx, Object.keys(options).sort().join());
      if (options.url === undefined) throw new Error('parameter error');
      seen.push(options.success!.call('self', { statusCode: 200 }));
      return task;
    },
  });
  fresh.minipulse.init(OPTIONS);
  const given = fresh.context.wx.request({
    url: 'https://a/b',
    success(this: unknown) {
      return `${String(this)} done`;
    },
  });
  expect(given).toBe(task);
  expect(seen).toContain('self done');
  expect(() => fresh.context.wx.request({})).toThrow('parameter error');
  void run;
});
