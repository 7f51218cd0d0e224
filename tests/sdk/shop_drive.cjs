// Runs the sample shop (examples/shop, unchanged) on Weixin's component runtime (npm
// miniprogram-simulate) in jsdom, with Minipulse's SDK in it, and taps through it as a shopper does.
// Requests really go over HTTP. Ends by printing as JSON what was done.
//
//   node tests/sdk/shop_drive.cjs SERVER_URL WRITE_KEY SHOPPER [SHARED_BY]
//
// SHOPPER names who logs in at the launch; with SHARED_BY, the parameter mp_s of a friend's card, the shopper comes
// by that card. The clock is the script's; it ends at the real time, when the last upload goes off.
'use strict';
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const SHOP = path.join(ROOT, 'examples', 'shop');
const sdkRequire = require('node:module').createRequire(path.join(ROOT, 'sdk', 'package.json'));
const [, , server, key, shopper, sharedBy] = process.argv;

const DWELL_MS = {
  list: 4200,
  detail: 9100,
  cart: 2000,
  order: 12345,
  listAgain: 800,
  profile: 3000,
};
const TOTAL_MS = 60000 + Object.values(DWELL_MS).reduce((sum, ms) => sum + ms, 0);

// ---- jsdom, as the runtime wants it ----
const { JSDOM } = sdkRequire('jsdom');
const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });
for (const name of [
  'document',
  'HTMLElement',
  'Node',
  'Event',
  'CustomEvent',
  'TouchEvent',
  'MutationObserver',
  'requestAnimationFrame',
]) {
  global[name] = window[name];
}
global.window = window;

async function main() {
  const { Phone, overHttp } = await import('../../sdk/test/phone.mjs');
  const phone = new Phone({ now: Date.now() - TOTAL_MS });
  // The server's date is of real time, and here time is the script's.
  phone.network = async (asked) => {
    const reply = await overHttp(asked);
    return reply === 'offline'
      ? reply
      : { ...reply, header: { ...reply.header, date: new Date(phone.now).toUTCString() } };
  };
  const RealDate = Date;
  global.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length ? args : [phone.now]));
    }
    static now() {
      return phone.now;
    }
  };
  const simulate = sdkRequire('miniprogram-simulate');
  const pass = async (ms) => {
    await phone.settle();
    phone.elapse(ms);
  };

  // ---- Weixin: App, Page, the stack of pages ----
  const run = phone.start(); // its wx; the app's code runs in this realm
  const register = global.Component; // the runtime's own
  let app;
  const stack = [];
  const views = [];
  const stay = {};
  global.App = (options) => {
    app = options;
  };
  global.getApp = () => app;
  global.getCurrentPages = () => stack.map(({ self }) => self);
  /** pageLifetimes of the last file that ran: the runtime calls none, Weixin, which we play, does. */
  let lifetimes;
  global.Page = ({ data, ...methods }) => {
    lifetimes = undefined;
    register({ data, methods });
  };
  // What Weixin registers in the end, seen on its way from the SDK to the runtime.
  global.Component = (options) => {
    lifetimes = options.pageLifetimes;
    register(options);
  };

  function show(page) {
    views.push(page.self.route);
    page.shownAt = phone.steady;
    page.self.onShow?.();
    page.lifetimes?.show?.call(page.self);
  }
  function left(page) {
    const { route } = page.self;
    stay[route] = (stay[route] ?? 0) + phone.steady - page.shownAt;
  }
  function hide(page) {
    page.self.onHide?.();
    page.lifetimes?.hide?.call(page.self);
    left(page);
  }
  function load(url) {
    const [route, text = ''] = url.replace(/^\//, '').split('?');
    const query = Object.fromEntries(new URLSearchParams(text));
    const id = simulate.load(path.join(SHOP, route), 'page', {
      compiler: 'simulate',
      rootPath: SHOP,
    });
    const component = simulate.render(id);
    component.attach(window.document.body);
    const self = component.instance;
    self.route = route;
    self.options = query;
    const page = { component, self, lifetimes };
    stack.push(page);
    self.onLoad?.(query);
    show(page);
    self.onReady?.();
    return page;
  }
  function unload() {
    const page = stack.pop();
    page.self.onUnload?.();
    left(page);
    page.component.detach();
  }
  const own = {
    navigateTo: ({ url }) => {
      hide(stack.at(-1));
      load(url);
    },
    redirectTo: ({ url }) => {
      unload();
      load(url);
    },
    navigateBack: () => {
      unload();
      show(stack.at(-1));
    },
    stopPullDownRefresh: () => {},
    login: ({ success }) => run.later(() => success({ code: shopper })),
  };
  const wx = run.context.wx;
  for (const name of Object.keys(own)) wx[name] = own[name];
  global.wx = wx;

  // ---- the shopper ----
  const clicks = [];
  async function tap(id) {
    const { component, self } = stack.at(-1);
    const parts = [component, ...component.querySelectorAll('.card')];
    const found = parts.map((part) => part.querySelector(`#${id}`)).find(Boolean);
    if (!found) throw new Error(`${self.route} has no #${id}: ${component.dom.innerHTML}`);
    clicks.push({ element: id, page: self.route });
    phone.elapse(1); // no two taps at once
    found.dispatchEvent('tap');
    await phone.settle();
  }

  const config = require(path.join(SHOP, 'config.js'));
  // One upload at the end, when the script's clock is right: before, the server would correct it.
  Object.assign(config, { app: key, server, batchEvents: 50, flushMs: 600000 });
  require(path.join(SHOP, 'app.js'));
  await pass(60000);

  const query = sharedBy ? { id: '2', mp_s: sharedBy } : {};
  const scene = sharedBy ? 1007 : 1011;
  const first = sharedBy ? 'pages/detail/detail' : 'pages/list/list';
  const options = { path: first, query, scene, referrerInfo: {} };
  app.onLaunch(options);
  app.onShow(options);
  load(sharedBy ? `/${first}?id=2&mp_s=${sharedBy}` : first);
  if (!sharedBy) {
    stack.at(-1).self.onPullDownRefresh();
    await pass(DWELL_MS.list);
    await tap('card-2');
  }
  await pass(DWELL_MS.detail);
  await tap('add');
  const card = stack.at(-1).self.onShareAppMessage({ from: 'button' });
  await tap('to-cart');
  await pass(DWELL_MS.cart);
  await tap('order');
  await pass(DWELL_MS.order);
  const note = stack.at(-1).component.querySelector('#note');
  note.dispatchEvent('blur', { detail: { value: 'a secret note' } });
  await tap('pay');
  await phone.settle();
  if (!stack.at(-1).component.querySelector('#paid')) throw new Error('not paid');
  wx.navigateBack();
  if (!stack.at(-1).component.querySelector('#empty')) throw new Error('the cart is not empty');
  wx.navigateTo({ url: '/pages/list/list' });
  await pass(DWELL_MS.listAgain);
  await tap('to-profile');
  await tap('female');
  await pass(DWELL_MS.profile);
  phone.elapse(Math.max(0, RealDate.now() - phone.now));
  hide(stack.at(-1));
  app.onHide();
  await phone.settle();
  console.log(
    JSON.stringify({
      views,
      stay,
      clicks,
      scene,
      entry: first,
      exit: stack.at(-1).self.route,
      amount_fen: 12900,
      share: /mp_s=(\w+)/.exec(card.path)[1],
      warnings: phone.warnings.map((each) => each.join(' ')),
      waiting: [...phone.storage.keys()].filter((name) => name.startsWith('minipulse.queue')),
    }),
  );
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
