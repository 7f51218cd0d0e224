// Plays many lives of an app with Minipulse's SDK on one phone, while all goes wrong: no network,
// errors, time-outs, lost replies, kills in the middle of an upload, a clock that is moved by days, a
// full storage, a server that is restarted. Ends with a healthy run and prints as JSON what was done.
//
//   node tests/sdk/chaos_drive.mjs SERVER_URL WRITE_KEY SEED
//
// "restart" on its output asks the test to restart the server and to answer with a line.
import readline from 'node:readline';
import { overHttp, Phone } from '../../sdk/test/phone.mjs';

const [, , server, app, seed] = process.argv;
const RUNS = 24;
const EVENTS_OF_RUN = 12;
const RESTART_EVERY = 8;
const DAY_MS = 86400000;
const PEACE_MS = 3600000;

// mulberry32: the same story for the same seed.
let state = Number(seed);
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}
const below = (most) => Math.floor(random() * most);

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function restartServer() {
  console.log('restart');
  await lines.next();
}

const faults = {};
const noted = (name) => (faults[name] = (faults[name] ?? 0) + 1);
/** Each request meets one of these; what was sent may have arrived nevertheless. */
const TROUBLES = {
  offline: async () => 'offline',
  failed: async () => ({ status: 500 }),
  busy: async () => ({ status: 503, header: { 'Retry-After': '3' } }),
  proxy: async () => ({ status: 502, body: '<html>' }),
  timeout: async () => 'timeout',
  late: async (asked) => (await overHttp(asked), 'timeout'),
  lost: async (asked) => (await overHttp(asked), 'offline'),
  fine: overHttp,
  fineToo: overHttp,
  fineAsWell: overHttp,
};
async function trouble(asked) {
  const name = Object.keys(TROUBLES)[below(Object.keys(TROUBLES).length)];
  noted(name);
  return TROUBLES[name](asked);
}

const done = { custom: [], orders: [], launches: 0, views: 0, kills: 0, faults };
const phone = new Phone({ now: Date.now() });

async function live(number) {
  const run = phone.start({ app, server, timeoutMs: 2000 });
  for (const page of ['pages/home/home', 'pages/cart/cart']) run.define(page, { buy() {} });
  run.launch({ path: 'pages/home/home', query: {}, scene: 1007 });
  done.launches += 1;
  run.open('pages/home/home');
  done.views += 1;
  phone.isStorageFull = below(4) === 0;
  for (let i = 0; i < EVENTS_OF_RUN; i++) {
    const id = `${number}-${i}`;
    run.minipulse.track('did', { id });
    done.custom.push(id);
    if (below(6) === 0) {
      run.minipulse.pay({ order_id: `order-${id}`, amount_fen: 100 + i });
      done.orders.push(`order-${id}`);
    }
    if (below(8) === 0) {
      run.hide();
      phone.elapse(below(2) ? 60000 : 3 * PEACE_MS);
      if (below(2)) phone.moveClock((below(9) - 4) * DAY_MS);
      run.show();
      done.views += 1;
    }
    if (below(10) === 0) phone.moveClock((below(9) - 4) * DAY_MS);
    await phone.pass(below(8000));
  }
  phone.isStorageFull = false;
  await phone.pass(1);
  run.minipulse.flush();
  if (below(3) > 0) {
    done.kills += phone.underWay; // the upload is on its way, nobody waits for its reply
    run.kill();
  } else {
    run.hide();
    await phone.settle();
    run.kill();
  }
  await phone.settle();
  phone.elapse(below(2) ? 5000 : DAY_MS);
}

async function main() {
  phone.network = trouble;
  for (let number = 0; number < RUNS; number++) {
    await live(number);
    if (number % RESTART_EVERY === RESTART_EVERY - 1) await restartServer();
  }
  phone.network = overHttp;
  phone.start({ app, server });
  await phone.pass(PEACE_MS);
  done.left = [...phone.storage.keys()].filter((key) => key.startsWith('minipulse.queue.'));
  done.warnings = phone.warnings.map((words) =>
    words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word))).join(' '),
  );
  done.requestsAtOnce = phone.underWayMax;
  console.log(JSON.stringify(done));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
