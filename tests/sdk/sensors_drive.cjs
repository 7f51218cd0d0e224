// Runs the public sa-sdk-miniprogram package, unchanged, in Node: a small stub of wx, App and Page
// drives one believable visit, and every wx.request is really sent. Prints what it did as JSON.
//
//   node sensors_drive.cjs SERVER_URL single|batch [STEP_MS]
//
// With CAPTURE=1 in the environment the requests are printed instead of being sent.
'use strict';
const { createRequire } = require('node:module');

const [, , serverUrl, mode, stepText] = process.argv;
const stepMs = Number(stepText ?? 300);
const requests = [];
const storage = new Map();
const system = {
  brand: 'HUAWEI', model: 'Mate 60', pixelRatio: 3, screenWidth: 390, screenHeight: 844,
  windowWidth: 390, windowHeight: 780, language: 'zh_CN', version: '8.0.50', system: 'Android 14',
  platform: 'android', SDKVersion: '3.4.0', benchmarkLevel: 30,
};

let pending = 0;
async function send(options) {
  requests.push({ url: options.url, method: options.method ?? 'GET', data: options.data });
  if (process.env.CAPTURE) return options.success?.({ statusCode: 200, data: '' });
  pending += 1;
  try {
    const isPost = (options.method ?? 'GET') === 'POST';
    const answer = await fetch(options.url, {
      method: options.method ?? 'GET',
      headers: isPost ? { 'content-type': 'application/x-www-form-urlencoded', ...options.header } : {},
      body: isPost ? options.data : undefined,
    });
    const text = await answer.text();
    if (answer.status !== 200) console.error(`HTTP ${answer.status}: ${text}`);
    options.success?.({ statusCode: answer.status, data: text });
  } catch (error) {
    options.fail?.({ errMsg: String(error) });
  } finally {
    pending -= 1;
    options.complete?.({});
  }
}

const pages = [];
const listeners = { show: [], hide: [] };
globalThis.wx = {
  request: (options) => { send(options); return { abort() {} }; },
  getSystemInfoSync: () => ({ ...system }),
  getSystemInfo: ({ success, complete }) => { success?.({ ...system }); complete?.({ ...system }); },
  getWindowInfo: () => ({ ...system }),
  getDeviceInfo: () => ({ ...system }),
  getAppBaseInfo: () => ({ ...system }),
  getAccountInfoSync: () => ({ miniProgram: { appId: 'wx0123456789abcdef', version: '2.1.0', envVersion: 'release' } }),
  getNetworkType: ({ success, complete }) => { success?.({ networkType: 'wifi' }); complete?.({}); },
  onNetworkStatusChange: () => {},
  getStorageSync: (key) => storage.get(key) ?? '',
  setStorageSync: (key, value) => storage.set(key, value),
  setStorage: ({ key, data, success }) => { storage.set(key, data); success?.({}); },
  getStorage: ({ key, success, fail }) => (storage.has(key) ? success?.({ data: storage.get(key) }) : fail?.({})),
  removeStorageSync: (key) => storage.delete(key),
  getLaunchOptionsSync: () => ({ path: 'pages/list/list', query: { q: 'tea' }, scene: 1001 }),
  getEnterOptionsSync: () => ({ path: 'pages/list/list', query: { q: 'tea' }, scene: 1001 }),
  onAppShow: (f) => { listeners.show.push(f); },
  onAppHide: (f) => { listeners.hide.push(f); },
  canIUse: () => true,
  showModal: () => {},
  navigateTo: () => {},
};
globalThis.getCurrentPages = () => pages;
let app;
globalThis.App = (options) => { app = options; };
const made = [];
globalThis.Page = (options) => { made.push(options); };
globalThis.Component = () => {};
globalThis.Behavior = () => {};
globalThis.getApp = () => app;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const load = createRequire(`${process.env.MP_NODE_MODULES ?? `${__dirname}/../../node_modules`}/`);
const packageRoot = require('node:path').dirname(load.resolve('sa-sdk-miniprogram/package.json'));
// The package's own file in a scope without module.exports magic of ours.
const loaded = require(`${packageRoot}/dist/wechat/sensorsdata.cjs.js`);
const sensors = loaded.default ?? loaded;

sensors.setPara({
  name: 'sensors', server_url: serverUrl, show_log: false,
  batch_send: mode === 'batch' ? { send_timeout: 500, max_length: 6 } : false,
  autoTrack: { appLaunch: true, appShow: true, appHide: true, pageShow: true, pageShare: true, mpClick: true, pageLeave: true, mpFavorite: true },
});

function openPage(options, route) {
  const page = Object.assign(Object.create(options), { route, options: {}, __route__: route });
  pages.push(page);
  return page;
}

async function main() {
  const did = [];
  const note = (name, page) => did.push({ name, page: page ?? null, at: Date.now() });
  sensors.identify?.('openid-of-li-lei');
  sensors.init();
  App({ onLaunch() {}, onShow() {}, onHide() {} });
  Page({ onLoad() {}, onShow() {}, onHide() {}, onUnload() {}, onShareAppMessage: () => ({ title: 'list', path: '/pages/list/list?from=share' }), onTapItem: () => 'tapped' });
  Page({ onLoad() {}, onShow() {}, onHide() {}, onUnload() {}, onShareAppMessage: () => ({ title: 'detail', path: '/pages/detail/detail' }) });

  const start = { path: 'pages/list/list', query: { q: 'tea' }, scene: 1001 };
  app.onLaunch(start);
  note('$launch');
  app.onShow(start);
  listeners.show.forEach((f) => f(start));
  note('$show');

  const list = openPage(made[0], 'pages/list/list');
  list.onLoad({ q: 'tea' });
  list.onShow();
  note('$page_view', 'pages/list/list');
  await sleep(stepMs);
  list.onTapItem({ type: 'tap', currentTarget: { id: 'item-7', dataset: { type: 'item', content: 'green tea' } }, target: { id: 'item-7', dataset: {} }, detail: {} });
  note('$click', 'pages/list/list');
  list.onShareAppMessage({ from: 'menu' });
  note('$share', 'pages/list/list');
  sensors.track('AddToCart', { sku: 'tea-7', price: 39.9, gift: false, tags: ['green', 'spring'] });
  note('AddToCart', 'pages/list/list');
  await sleep(stepMs);
  list.onHide();
  note('$page_leave', 'pages/list/list');

  const detail = openPage(made[1], 'pages/detail/detail');
  detail.onLoad({});
  detail.onShow();
  note('$page_view', 'pages/detail/detail');
  await sleep(2 * stepMs);
  detail.onHide();
  note('$page_leave', 'pages/detail/detail');
  app.onHide();
  listeners.hide.forEach((f) => f({}));
  note('$hide');

  await sleep(1500);
  for (let i = 0; i < 100 && pending > 0; i += 1) await sleep(50);
  console.log(JSON.stringify({ did, requests, user: 'openid-of-li-lei' }));
  process.exit(0);
}
main();
