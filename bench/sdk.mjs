// What the SDK costs an app: the size of its file, and the time an event takes in the app's thread,
// with its part of storing and sending. Prints {"bytes": …, "events": {name: milliseconds}} as JSON.
// The phone is tests' own: its storage copies through JSON as Weixin's does, its network answers at
// once, both outside the time measured. Called by bench/run.py.
import fs from 'node:fs';
import zlib from 'node:zlib';
import { BUNDLE, Phone, tapEvent } from '../sdk/test/phone.mjs';

const ROUNDS = 7;
const EVENTS = 2000;
const EVENTS_OF_A_TURN = 10;

function phoneThatTakesAll() {
  return new Phone({
    envVersion: 'release',
    network: (asked) => ({
      status: 200,
      body: asked.url.includes('config') ? { enabled: true, sampling: {} } : { rejected: 0 },
      header: { 'Cache-Control': 'max-age=86400' },
    }),
  });
}

/** CPU milliseconds an event: of the calls, and of the turns in which they are stored and sent. */
async function measured(act) {
  const phone = phoneThatTakesAll();
  const run = phone.start({ app: 'mpw_key', server: 'https://stats.example.com' });
  run.define('pages/a', { tap() {} });
  run.define('pages/b', {});
  run.launch();
  run.open('pages/a', { id: '7' });
  await phone.settle();
  let spent = 0;
  let count = 0;
  while (count < EVENTS) {
    const began = process.cpuUsage();
    for (let i = 0; i < EVENTS_OF_A_TURN; i++) {
      count += act(run, count);
    }
    for (let timer = run.nextTimer(phone.steady); timer; timer = run.nextTimer(phone.steady)) {
      timer.act();
    }
    const { user, system } = process.cpuUsage(began);
    spent += user + system;
    phone.asked = [];
    await phone.settle();
    phone.elapse(50);
  }
  return spent / 1000 / count;
}

const KINDS = {
  track: (run, i) => {
    run.minipulse.track('add_to_cart', { sku: `A-${i}`, price_fen: 1990, name: '龙井 50 克' });
    return 1;
  },
  tap: (run, i) => {
    run.stack.at(-1).tap(tapEvent({ currentTarget: { id: 'buy', dataset: { index: 3 } } }, i + 1));
    return 1;
  },
  page: (run) => {
    run.open('pages/b');
    run.back();
    return 4; // leave, view, leave, view
  },
};

const events = {};
for (const [name, act] of Object.entries(KINDS)) {
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await measured(act));
  }
  events[name] = rounds.sort((one, other) => one - other)[ROUNDS >> 1];
}
const bytes = zlib.gzipSync(fs.readFileSync(BUNDLE.replace(/cjs$/, 'mjs')), { level: 9 }).length;
console.log(JSON.stringify({ bytes, events }));
process.exit(0);
