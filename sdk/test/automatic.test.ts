/** What is seen without touching a page. */
import { describe, expect, it } from 'vitest';
import { Phone, tapEvent } from './phone.mjs';
import { named, namesOf, OPTIONS, sent, taking } from './helpers';

const HOME = { path: 'pages/home/home', query: { from: 'card' }, scene: 1007 };

function started(options = {}) {
  const phone = taking(new Phone());
  const run = phone.start({ ...OPTIONS, ...options });
  return { phone, run };
}

async function flushed(phone: Phone) {
  phone.run!.minipulse.flush();
  await phone.settle();
}

describe('opens', () => {
  it('tells launch, show, view, leave and hide of one open, with dwell, query and referrer', async () => {
    const { phone, run } = started();
    run.define('pages/home/home', { onLoad() {} });
    run.define('pages/goods/detail', {});
    run.launch(HOME);
    run.open('pages/home/home', { from: 'card' });
    await phone.pass(4200);
    run.open('pages/goods/detail', { id: 7 });
    await phone.pass(1500);
    run.back();
    await phone.pass(300);
    run.hide();
    await phone.settle();
    const events = sent(phone);
    expect(events.map(({ name }) => name)).toEqual([
      '$launch',
      '$show',
      '$page_view',
      '$page_leave',
      '$page_view',
      '$page_leave',
      '$page_view',
      '$page_leave',
      '$hide',
    ]);
    expect(events[0]).toMatchObject({ page: 'pages/home/home', query: 'from=card', scene: 1007 });
    expect(events[2]).toMatchObject({ page: 'pages/home/home', query: 'from=card', scene: 1007 });
    expect(events[3]).toMatchObject({ page: 'pages/home/home', dwell_ms: 4200 });
    expect(events[4]).toMatchObject({
      page: 'pages/goods/detail',
      query: 'id=7',
      referrer: 'pages/home/home',
    });
    expect(events[5]).toMatchObject({ page: 'pages/goods/detail', dwell_ms: 1500 });
    expect(events[6]).toMatchObject({ page: 'pages/home/home', referrer: 'pages/goods/detail' });
    expect(events[8]).toMatchObject({ name: '$hide', dwell_ms: 6000 });
    expect(new Set(events.map(({ open }) => open.id)).size).toBe(1);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    expect(new Set(events.map(({ user }) => user)).size).toBe(1);
  });

  it('goes on with the open after a short time in the background, and begins another after a long one', async () => {
    const { phone, run } = started();
    run.define('pages/home/home', {});
    run.launch(HOME);
    run.open('pages/home/home');
    run.hide();
    await phone.settle();
    phone.elapse(29 * 60000);
    run.show();
    run.hide();
    await phone.settle();
    phone.elapse(30 * 60000);
    run.show();
    await flushed(phone);
    const opens = named(phone, '$show').map(({ open }) => open.id);
    expect(opens[1]).toBe(opens[0]);
    expect(opens[2]).not.toBe(opens[0]);
    const views = named(phone, '$page_view');
    expect(views).toHaveLength(3);
    expect(views[2].referrer).toBeUndefined();
  });

  it('tells adding to My Mini Programs and removing once each', async () => {
    const { phone, run } = started();
    run.launch(HOME);
    await phone.settle();
    for (const isAdded of [true, true, false, false]) {
      phone.isAdded = isAdded;
      run.hide();
      run.show();
      await phone.settle();
    }
    await flushed(phone);
    expect(namesOf(phone).filter((name) => name === '$add' || name === '$remove')).toEqual([
      '$add',
      '$remove',
    ]);
  });

  it('is a launch and a show to a framework that calls only onShow', async () => {
    const { phone, run } = started();
    run.context.App({});
    run.app!.onShow(HOME);
    await flushed(phone);
    expect(namesOf(phone)).toEqual(['$launch', '$show']);
  });
});

describe('pages', () => {
  it('sees pages made by Component, and not the components on them', async () => {
    const { phone, run } = started();
    run.define('pages/home/home', { methods: { onLoad() {} } }, 'Component');
    run.define('pages/cart/cart', { detached() {} }, 'Component');
    run.launch(HOME);
    run.open('pages/home/home', { id: 1 });
    const child = run.instance('pages/home/home', {});
    delete child.route;
    run.pages.get('pages/home/home')!.options.pageLifetimes.show.call(child);
    await phone.pass(700);
    run.open('pages/cart/cart');
    await phone.pass(200);
    run.back();
    await flushed(phone);
    expect(named(phone, '$page_view').map(({ page }) => page)).toEqual([
      'pages/home/home',
      'pages/cart/cart',
      'pages/home/home',
    ]);
    expect(named(phone, '$page_view')[0].query).toBe('id=1');
    expect(named(phone, '$page_leave').map(({ dwell_ms: ms }) => ms)).toEqual([700, 200]);
  });

  it('takes no place of a life cycle that a behavior brings', async () => {
    const { phone, run } = started();
    const calls: string[] = [];
    const shared = run.context.Behavior({
      methods: {
        onShow() {
          calls.push('show');
        },
        tapIt() {},
      },
    });
    run.define('pages/home/home', {
      behaviors: [shared],
      onHide() {
        calls.push('hide');
      },
    });
    run.launch(HOME);
    run.open('pages/home/home');
    run.tap('tapIt');
    run.hide();
    await phone.settle();
    expect(calls).toEqual(['show', 'hide']);
    expect(namesOf(phone).slice(2)).toEqual(['$page_view', '$click', '$page_leave', '$hide']);
  });

  it('tells pull-downs, reach-bottoms and how far one scrolled', async () => {
    const { phone, run } = started();
    run.define('pages/list/list', { onPullDownRefresh() {}, onPageScroll() {} });
    run.launch(HOME);
    const page = run.open('pages/list/list');
    page.onPullDownRefresh();
    page.onPageScroll({ scrollTop: 300.4 });
    page.onPageScroll({ scrollTop: 120 });
    page.onReachBottom();
    run.hide();
    await phone.settle();
    expect(namesOf(phone).slice(3, 5)).toEqual(['$pull_down', '$reach_bottom']);
    expect(named(phone, '$page_leave')[0].props).toEqual({ scroll_px: 300, reached_bottom: true });
  });

  it('tells of shares to a chat and to many, of favourites, and who came by which share', async () => {
    const { phone, run } = started();
    run.define('pages/goods/detail', {
      onShareAppMessage: () => ({ title: '来看看', path: '/pages/goods/detail?id=7' }),
      onShareTimeline: () => ({ title: '好物' }),
      onAddToFavorites: () => ({ query: 'id=7' }),
    });
    run.launch(HOME);
    const page = run.open('pages/goods/detail', { id: '7' });
    const card = page.onShareAppMessage({ from: 'button', target: { id: 'share' } });
    const [, id] = /^\/pages\/goods\/detail\?id=7&mp_s=(\w+)$/.exec(card.path)!;
    expect(card.title).toBe('来看看');
    expect(page.onShareTimeline({}).query).toMatch(/^id=7&mp_s=\w+$/);
    expect(page.onAddToFavorites({}).query).toMatch(/^id=7&mp_s=\w+$/);
    await flushed(phone);
    expect(named(phone, '$share').map(({ props }) => props.method)).toEqual([
      'message',
      'timeline',
    ]);
    expect(named(phone, '$share')[0]).toMatchObject({
      page: 'pages/goods/detail',
      props: { share_id: id, from: 'button', element: 'share' },
    });
    expect(named(phone, '$favorite')).toHaveLength(1);

    const friend = started();
    friend.run.define('pages/goods/detail', {});
    friend.run.launch({ path: 'pages/goods/detail', query: { id: '7', mp_s: id }, scene: 1007 });
    friend.run.open('pages/goods/detail', { id: '7', mp_s: id });
    await flushed(friend.phone);
    for (const event of sent(friend.phone)) {
      expect(event.props.from_share).toBe(id);
      expect(event.query).toBe('id=7');
    }
  });

  it('does not tell of a share any more in the next open', async () => {
    const { phone, run } = started();
    run.launch({ path: 'pages/a', query: { mp_s: 'abc' }, scene: 1007 });
    run.hide();
    await phone.settle();
    phone.elapse(1800000);
    run.show();
    await flushed(phone);
    expect(named(phone, '$show').map(({ props }) => props?.from_share)).toEqual(['abc', undefined]);
  });

  it('waits for the card that a page promises', async () => {
    const { run } = started();
    run.define('pages/a', {
      onShareAppMessage: () => ({
        title: 'now',
        path: '/pages/a',
        promise: Promise.resolve({ title: 'later', path: '/pages/b' }),
      }),
    });
    run.launch(HOME);
    const card = run.open('pages/a').onShareAppMessage({});
    expect(card.path).toMatch(/^\/pages\/a\?mp_s=/);
    expect(await card.promise).toMatchObject({
      title: 'later',
      path: expect.stringMatching(/^\/pages\/b\?mp_s=/),
    });
  });
});

describe('what handlers answer', () => {
  it('tells a tap with place, element and text, once however many handlers it reaches', async () => {
    const { phone, run } = started();
    run.define('pages/list/list', {
      tapCard() {},
      tapBuy() {},
      helper() {
        return 1;
      },
    });
    run.launch(HOME);
    run.open('pages/list/list');
    const target = { id: 'buy', dataset: { text: '立即购买', index: 3, price: 9 } };
    run.tap('tapBuy', { timeStamp: 77, currentTarget: target });
    run.tap('tapCard', { timeStamp: 77 });
    run.tap('tapCard', { timeStamp: 78, detail: {}, changedTouches: [{ pageX: 5.6, pageY: 6 }] });
    run.stack[0]!.helper({ type: 'tap' });
    await flushed(phone);
    expect(
      named(phone, '$click').map(({ element, page, props }) => ({ element, page, ...props })),
    ).toEqual([
      {
        element: 'buy',
        page: 'pages/list/list',
        handler: 'tapBuy',
        index: 3,
        text: '立即购买',
        x: 10,
        y: 20,
      },
      { element: 'tapCard', page: 'pages/list/list', handler: 'tapCard', x: 6, y: 6 },
    ]);
  });

  it('tells that something was entered and never what', async () => {
    const { phone, run } = started();
    run.define('pages/form', { submit() {}, typed() {}, slid() {} });
    run.launch(HOME);
    run.open('pages/form');
    run.tap('typed', { type: 'input', detail: { value: 'secret' }, timeStamp: 1 });
    run.tap('typed', { type: 'blur', detail: { value: 'secret' }, timeStamp: 2 });
    run.tap('slid', { type: 'change', detail: { current: 1, source: 'autoplay' }, timeStamp: 3 });
    run.tap('submit', { type: 'submit', detail: { value: { name: 'secret' } }, timeStamp: 4 });
    await flushed(phone);
    expect(named(phone, '$interact').map(({ props }) => props.kind)).toEqual(['blur', 'submit']);
    expect(JSON.stringify(phone.asked)).not.toContain('secret');
  });

  it('sees handlers that uni-app makes on the instance while it draws, and their state', async () => {
    const { phone, run } = started();
    const calls: unknown[] = [];
    run.define(
      'pages/home/home',
      {
        methods: {
          onLoad(this: Record<string, unknown>) {
            const invoker = Object.assign((event: unknown) => invoker.value(event), {
              value: (event: unknown) => calls.push(event),
            });
            this.e0 = invoker;
          },
        },
      },
      'Component',
    );
    run.launch(HOME);
    const page = run.open('pages/home/home');
    run.tap('e0', { timeStamp: 5 });
    page.e0.value = () => calls.push('redrawn');
    run.tap('e0', { timeStamp: 6 });
    await flushed(phone);
    expect(calls).toHaveLength(2);
    expect(calls[1]).toBe('redrawn');
    expect(named(phone, '$click')).toHaveLength(2);
  });

  it('tells what uni-app (Vue 2) hides behind its one handler', async () => {
    const { phone, run } = started();
    run.define('pages/index/index', { methods: { __e() {} } }, 'Component');
    run.launch(HOME);
    run.open('pages/index/index');
    run.tap('__e', {
      currentTarget: { id: '', dataset: { eventOpts: [['tap', [['buy', ['$event']]]]] } },
    });
    run.tap('__e', { timeStamp: 9, currentTarget: { id: '', dataset: { eventOpts: 'odd' } } });
    await flushed(phone);
    expect(named(phone, '$click').map(({ element }) => element)).toEqual(['buy', '__e']);
  });

  it("sees Taro's one handler, and options whose members are read-only", async () => {
    const { phone, run } = started();
    const config = Object.create(Object.prototype, {
      eh: { value: () => 'handled', enumerable: true, configurable: true },
      onLoad: { value() {}, enumerable: true, configurable: true },
    });
    run.define('pages/index/index', config);
    run.launch(HOME);
    run.open('pages/index/index', { a: 1 });
    expect(run.tap('eh', { currentTarget: { id: '_n_12', dataset: {} } })).toBe('handled');
    await flushed(phone);
    expect(named(phone, '$click')[0].element).toBe('_n_12');
    expect(named(phone, '$page_view')[0].query).toBe('a=1');
  });
});

describe('troubles', () => {
  it('tells errors, rejections and missing pages, the same one not for ever', async () => {
    const { phone, run } = started();
    const seen: unknown[] = [];
    run.context.App({
      onError: (error: unknown) => seen.push(error),
      onPageNotFound: () => seen.push('page'),
    });
    run.launch(HOME);
    for (let i = 0; i < 5; i++) {
      run.app!.onError('boom\nat x');
    }
    run.app!.onUnhandledRejection({ reason: new Error('no'), promise: null });
    run.app!.onPageNotFound({ path: 'pages/gone', query: {} });
    await flushed(phone);
    expect(seen).toHaveLength(6);
    expect(named(phone, '$error').map(({ props }) => props.kind)).toEqual([
      'error',
      'error',
      'error',
      'rejection',
      'page_not_found',
    ]);
    expect(named(phone, '$error')[3].props.message).toMatch(/^no\n/);
  });

  it('leaves the page that Weixin shows for a missing page alone', () => {
    const { run } = started();
    run.context.App({});
    expect(run.app!.onPageNotFound).toBeUndefined();
  });

  it("tells the app's requests that fail or are slow, without their queries, and none of its own", async () => {
    const { phone, run } = started();
    taking(phone, 0, ({ url }) =>
      url.includes('/slow')
        ? 'timeout'
        : url.includes('/wrong')
          ? { status: 502 }
          : url.includes('/gone')
            ? 'offline'
            : url.includes('/fine')
              ? { status: 200, body: 'x' }
              : undefined,
    );
    run.launch(HOME);
    const got: unknown[] = [];
    const { wx } = run.context;
    wx.request({
      url: 'https://api/fine?token=1',
      success: (r: { data: unknown }) => got.push(r.data),
    });
    wx.request({ url: 'https://api/wrong?token=1', complete: () => got.push('complete') });
    wx.request({ url: 'https://api/gone?token=1', fail: () => got.push('fail') });
    wx.request({ url: 'https://api/slow?token=1', method: 'POST', timeout: 5000 });
    await phone.pass(6000);
    await flushed(phone);
    expect(got.sort()).toEqual(['complete', 'fail', 'x']);
    expect(
      named(phone, '$request').map(({ props }) => [
        props.url,
        props.outcome,
        props.status,
        props.method,
      ]),
    ).toEqual([
      ['https://api/wrong', 'failed', 502, 'GET'],
      ['https://api/gone', 'failed', undefined, 'GET'],
      ['https://api/slow', 'failed', undefined, 'POST'],
    ]);
  });

  it('tells attempts to pay, with callbacks and with a promise', async () => {
    const { phone, run } = started();
    run.launch(HOME);
    const { wx } = run.context;
    const got: string[] = [];
    wx.requestPayment({ success: () => got.push('success') });
    await phone.settle();
    run.paymentEnds = { fine: false, errMsg: 'requestPayment:fail cancel' };
    await wx.requestPayment({}).catch(() => got.push('caught'));
    run.paymentEnds = { fine: false, errMsg: 'requestPayment:fail no money' };
    wx.requestPayment({ fail: () => got.push('fail'), complete: () => got.push('complete') });
    await phone.settle();
    await flushed(phone);
    expect(got).toEqual(['success', 'caught', 'fail', 'complete']);
    expect(named(phone, '$pay_attempt').map(({ props }) => props.outcome)).toEqual([
      'success',
      'cancelled',
      'failed',
    ]);
  });

  it('tells how long Weixin took to launch and draw', async () => {
    const { phone, run } = started();
    run.launch(HOME);
    run.performance!([
      { name: 'appLaunch', duration: 812.4, path: 'pages/home/home' },
      { name: 'firstRender', startTime: 5, navigationStart: 9 },
      null,
    ]);
    await flushed(phone);
    expect(named(phone, '$performance').map(({ props }) => props)).toEqual([
      { metric: 'appLaunch', duration_ms: 812, path: 'pages/home/home' },
    ]);
  });

  it('lives with a phone that has no steady clock and sets its own back by days', async () => {
    const phone = new Phone();
    const run = phone.start();
    delete run.context.wx.getPerformance;
    run.minipulse.init(OPTIONS);
    run.define('pages/home/home', {});
    run.launch(HOME);
    run.open('pages/home/home');
    await phone.pass(20000); // an upload has failed and waits
    phone.moveClock(-3 * 86400000);
    taking(phone);
    run.hide();
    await phone.settle();
    const leave = named(phone, '$page_leave').at(-1)!;
    expect(leave.dwell_ms).toBe(0);
    expect(named(phone, '$hide').at(-1)!.dwell_ms).toBe(0);
  });

  it('keeps queries within what the server takes', async () => {
    const { phone, run } = started();
    run.launch({ path: 'pages/a', query: { long: '长'.repeat(9000) }, scene: 1001 });
    await flushed(phone);
    expect(new TextEncoder().encode(named(phone, '$launch')[0].query).length).toBeLessThanOrEqual(
      8192,
    );
  });

  it('survives a host that has next to nothing', async () => {
    const phone = taking(new Phone());
    const run = phone.start();
    for (const name of Object.keys(run.context.wx)) {
      if (name !== 'request') {
        delete run.context.wx[name];
      }
    }
    run.minipulse.init(OPTIONS);
    run.launch(HOME);
    run.minipulse.track('still');
    await flushed(phone);
    expect(namesOf(phone)).toEqual(['$launch', '$show', 'still']);
  });
});

it('makes events that look the same to a handler before and after it', () => {
  const { run } = started();
  let seen: unknown;
  run.define('pages/a', {
    tap(event: unknown) {
      seen = event;
    },
  });
  run.launch(HOME);
  run.open('pages/a');
  const event = Object.freeze(tapEvent({}, 1));
  run.stack[0]!.tap(event);
  expect(seen).toBe(event);
});
