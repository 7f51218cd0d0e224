// Runs the public Sensors SDK (npm sa-sdk-miniprogram, unchanged) as a mini program would: launch,
// pages, click, share, hide, a custom event. Requests really go over HTTP. Ends by printing as JSON
// what was done, so that a test can compute by hand what the server must answer.
//
//   node tests/sdk/sensors_drive.cjs SERVER_URL [--single] [--gzip] [--lose-reply] [--login]
//
//   --single      each event in a GET of its own (batch_send: false)
//   --gzip        with the SDK's gzip plugin
//   --lose-reply  the first upload arrives, but its reply is lost: the SDK sends the events again
//   --login       logs in before the last page
//
// The clock is the script's: it moves only when the story says so, so that dwell times are exact and
// nobody waits for them. It ends at the real time, when the batch goes off. With --single, where
// each event goes off at once, it is an hour slow, as a phone's may be, and the server corrects it.
'use strict';

const SDK = 'sa-sdk-miniprogram/dist/wechat/sensorsdata.cjs.js';
const GZIP_PLUGIN = 'sa-sdk-miniprogram/dist/wechat/plugin/gzip/index.cmd.js';

const DWELL_MS = { home: 4200, detail: 12345, homeAgain: 800, cart: 3000, before: 60000 };
const TOTAL_MS =
  DWELL_MS.before +
  DWELL_MS.home +
  DWELL_MS.detail +
  DWELL_MS.homeAgain +
  DWELL_MS.cart;
const SLOW_MS = 3600000;
const SETTLE_MS = 20;
const REPLY_MS_MAX = 15000;

const [, , serverUrl, ...flags] = process.argv;
const has = (flag) => flags.includes(`--${flag}`);

// ---- the clock ----
const RealDate = Date;
let now = RealDate.now() - TOTAL_MS - (has('single') ? SLOW_MS : 0);
global.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now);
    else super(...args);
  }
  static now() {
    return now;
  }
};
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- wx ----
const handlers = { show: [], hide: [] };
const storage = new Map();
const uploads = [];
let underWay = 0;
let repliesToLose = has('lose-reply') ? 1 : 0;
const launch = { path: 'pages/home/home', query: { from: 'card' }, scene: 1007 };

function send({ url, method = 'GET', data, header, success, fail, complete }) {
  const isUpload = url.startsWith(serverUrl.split('?')[0]);
  const body = method === 'POST' ? data : undefined;
  const isLost = repliesToLose > 0 && isUpload;
  repliesToLose -= isLost ? 1 : 0;
  underWay += 1;
  fetch(url, { method, body, headers: header })
    .then(async (reply) => {
      const text = await reply.text();
      uploads.push({ method, status: reply.status, isLost, reply: text });
      if (isLost) throw new Error('the reply was lost');
      success?.({ statusCode: reply.status, data: text, header: {} });
    })
    .catch((error) => {
      if (!isLost) uploads.push({ method, error: String(error) });
      fail?.({ errMsg: `request:fail ${error.message}` });
    })
    .finally(() => {
      underWay -= 1;
      complete?.();
    });
  return { abort() {} };
}

global.wx = {
  request: send,
  getSystemInfo: ({ success }) =>
    success({
      brand: 'HUAWEI', model: 'Mate 60 Pro', screenWidth: 412, screenHeight: 915,
      platform: 'android', system: 'Android 14', SDKVersion: '3.4.0', version: '8.0.50',
    }),
  getNetworkType: ({ success }) => success({ networkType: 'wifi' }),
  onNetworkStatusChange() {},
  getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0123456789abcdef', version: '2.3.1' } }),
  getLaunchOptionsSync: () => launch,
  getStorageSync: (key) => storage.get(key) ?? '',
  setStorageSync: (key, value) => storage.set(key, value),
  getStorage: ({ key, complete }) => complete({ data: storage.get(key) }),
  onAppShow: (handler) => handlers.show.push(handler),
  onAppHide: (handler) => handlers.hide.push(handler),
  setNavigationBarTitle() {},
  login() {},
};
global.__wxConfig = {
  page: { 'pages/home/home': { window: { navigationBarTitleText: '首页' } } },
};

async function settle() {
  const until = performance.now() + REPLY_MS_MAX;
  do {
    await sleep(SETTLE_MS);
  } while (underWay > 0 && performance.now() < until);
}

// Time passes for the SDK once all that it sent has arrived.
async function pass(ms) {
  await settle();
  now += ms;
}

// ---- App, Page and the page stack ----
const stack = [];
let lastPage = null;
global.App = () => {};
global.Component = () => {};
global.Page = (options) => {
  lastPage = options;
};
global.getCurrentPages = () => stack;
global.getApp = () => ({});

function definePage(route) {
  Page({
    onLoad() {},
    onShow() {},
    onHide() {},
    onUnload() {},
    tapBuy() {},
    onShareAppMessage: () => ({ title: '来看看', path: `${route}?from=share` }),
  });
  return Object.assign(Object.create(lastPage), { route });
}
function open(page, query = {}) {
  stack.at(-1)?.onHide();
  stack.push(page);
  page.onLoad(query);
  page.onShow();
}
function back() {
  stack.at(-1).onUnload();
  stack.pop();
  stack.at(-1)?.onShow();
}

// ---- the story ----
const done = [];
const did = (name, fields = {}) => done.push({ name, ...fields });

async function story(sensors) {
  const home = definePage('pages/home/home');
  const detail = definePage('pages/goods/detail');
  const cart = definePage('pages/cart/cart');
  const openedAt = now;

  handlers.show.forEach((handler) => handler(launch));
  did('$launch', { page: home.route, scene: 1007 });
  did('$show', { page: home.route, scene: 1007 });
  open(home, launch.query);
  did('$page_view', { page: home.route, title: '首页', query: 'from=card' });

  await pass(DWELL_MS.home);
  open(detail, { id: '7' });
  did('$page_leave', { page: home.route, dwell_ms: DWELL_MS.home });
  did('$page_view', { page: detail.route, query: 'id=7', referrer: home.route });
  await pass(DWELL_MS.detail);
  detail.tapBuy({
    type: 'tap',
    currentTarget: { id: 'buy', dataset: { type: 'button', content: '立即购买' } },
    target: { id: 'buy' },
  });
  did('$click', { page: detail.route, element: 'buy' });
  detail.onShareAppMessage({ from: 'button' });
  did('$share', { page: detail.route });
  sensors.track('AddToCart', {
    sku: 'A-7', price: 19.9, count: 2, tags: ['新品', '包邮'], is_member: true, note: 'x'.repeat(20),
  });
  did('AddToCart', { page: detail.route });

  back();
  did('$page_leave', { page: detail.route, dwell_ms: DWELL_MS.detail });
  did('$page_view', { page: home.route, title: '首页' });
  await pass(DWELL_MS.homeAgain);
  if (has('login')) {
    sensors.login('member-42');
    did('$identify', { user: 'member-42' });
  }
  open(cart);
  did('$page_leave', { page: home.route, dwell_ms: DWELL_MS.homeAgain });
  did('$page_view', { page: cart.route, referrer: home.route });
  await pass(DWELL_MS.cart);
  cart.onHide();
  handlers.hide.forEach((handler) => handler());
  did('$page_leave', { page: cart.route, dwell_ms: DWELL_MS.cart });
  did('$hide', { page: cart.route, dwell_ms: now - openedAt });
}

async function main() {
  const sensors = require(SDK);
  if (has('gzip')) sensors.use(require(GZIP_PLUGIN));
  sensors.setPara({
    server_url: serverUrl,
    autoTrack: {
      appLaunch: true, appShow: true, appHide: true, pageShow: true, pageShare: true,
      mpClick: true, pageLeave: true,
    },
    batch_send: has('single') ? false : { send_timeout: 3600000, max_length: 1000 },
  });
  sensors.init();
  await settle(); // the SDK knows the device only then
  await pass(DWELL_MS.before);
  await story(sensors);
  await settle();
  if (has('lose-reply')) {
    sensors.sendStrategy.batchSend(); // as the SDK's own timer does
    await settle();
  }
  const anonymous = sensors.getAnonymousID();
  console.log(
    JSON.stringify({
      user: anonymous,
      events: [{ name: '$profile' }, ...done],
      visit_pv: done.filter(({ name }) => name === '$page_view').length,
      stay_ms: done
        .filter(({ name }) => name === '$page_leave')
        .reduce((sum, { dwell_ms: ms }) => sum + ms, 0),
      depth: new Set(done.filter(({ name }) => name === '$page_view').map(({ page }) => page)).size,
      uploads,
    }),
  );
  process.exit(0); // the SDK's timers never end
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
