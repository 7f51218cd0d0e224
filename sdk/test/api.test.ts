/** The functions an app calls. */
import { expect, it, describe } from 'vitest';
import { Phone } from './phone.mjs';
import { named, namesOf, OPTIONS, sent, taking } from './helpers';

function started(options = {}) {
  const phone = taking(new Phone());
  const run = phone.start({ ...OPTIONS, ...options });
  return { phone, run, minipulse: run.minipulse };
}
async function flushed({ phone }: { phone: Phone }) {
  phone.run!.minipulse.flush();
  await phone.settle();
  return sent(phone);
}

it('track keeps properties within the limits and drops what is none', async () => {
  const host = started();
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  host.minipulse.track('one', {
    text: 'a',
    number: 1.5,
    yes: true,
    none: null,
    act: () => 1,
    circle,
    nan: NaN,
    list: [1, 2],
    deep: { sku: 'A' },
    long: '长'.repeat(5000),
    ['n'.repeat(200)]: 1,
  });
  const [event] = await flushed(host);
  expect(event.props).toEqual({
    text: 'a',
    number: 1.5,
    yes: true,
    list: [1, 2],
    deep: { sku: 'A' },
    long: '长'.repeat(2730),
  });
});

it('identify gives the user what the guest did and is not yet sent: who logs in at the launch is one', async () => {
  const host = started();
  host.run.launch();
  host.minipulse.track('early');
  host.minipulse.identify('o6zA');
  host.minipulse.identify('o6zB'); // another one: what was A's stays A's
  expect((await flushed(host)).map(({ name, user }) => [name, user])).toEqual([
    ['$launch', 'o6zA'],
    ['$show', 'o6zA'],
    ['early', 'o6zA'],
    ['$identify', 'o6zA'],
    ['$identify', 'o6zB'],
  ]);
});

it("identify links the guest to the user, and events are the user's from then on", async () => {
  const host = started();
  host.minipulse.track('guest');
  await flushed(host);
  host.minipulse.identify('o6zA');
  host.minipulse.identify('o6zA');
  host.minipulse.track('member');
  const [guest, link, member] = await flushed(host);
  expect(link).toMatchObject({
    name: '$identify',
    user: 'o6zA',
    props: { previous_user: guest.user },
  });
  expect(member.user).toBe('o6zA');
  const again = host.phone.start(OPTIONS);
  again.minipulse.track('next day');
  expect((await flushed(host)).at(-1)!.user).toBe('o6zA');
});

it('reset makes another guest without common properties; setCommon goes with all until null', async () => {
  const host = started();
  host.minipulse.setCommon({ shop: 'north', tier: 2 });
  host.minipulse.setCommon({ tier: null });
  host.minipulse.track('one', { shop: 'south' });
  host.minipulse.track('two');
  host.minipulse.identify('o6zA');
  host.minipulse.reset();
  host.minipulse.track('three');
  const events = await flushed(host);
  expect(events.map(({ props }) => props)).toEqual([
    { shop: 'south' },
    { shop: 'north' },
    { shop: 'north', previous_user: expect.any(String) },
    undefined,
  ]);
  expect(events[3].user).toMatch(/^guest-/);
  expect(events[3].user).not.toBe(events[0].user);
});

it('setProfile, pay and refund say what the server knows', async () => {
  const host = started();
  host.minipulse.setProfile({ gender: 'female', age: 31 });
  host.minipulse.pay({ order_id: 'A-1', amount_fen: 1990, coupon: 'X' });
  host.minipulse.pay({ order_id: 'A-2', amount_fen: 5, password_free: true });
  host.minipulse.refund({ order_id: 'A-1', amount_fen: 990, refund_id: 'R-1' });
  const events = await flushed(host);
  expect(events.map(({ name }) => name)).toEqual(['$profile', '$pay', '$pay', '$refund']);
  expect(events[0].props).toEqual({ gender: 'female', age: 31 });
  expect(events[1]).toMatchObject({
    order_id: 'A-1',
    amount_fen: 1990,
    password_free: false,
    props: { coupon: 'X' },
  });
  expect(events[2].password_free).toBe(true);
  expect(events[3]).toMatchObject({
    order_id: 'A-1',
    amount_fen: 990,
    props: { refund_id: 'R-1' },
  });
});

const nonsense: unknown[] = [
  undefined,
  null,
  0,
  '',
  'x',
  NaN,
  [],
  {},
  () => 1,
  Symbol('s'),
  { order_id: 1 },
  { order_id: 'A', amount_fen: 1.5 },
  { order_id: 'A', amount_fen: -1 },
  new Proxy(
    {},
    {
      get() {
        throw new Error('trap');
      },
      ownKeys() {
        throw new Error('trap');
      },
    },
  ),
];

it.each(nonsense)('nothing throws whatever it is given: %#', (what) => {
  const { minipulse } = started();
  for (const name of Object.keys(minipulse).filter((each) => each !== 'default')) {
    expect(() => minipulse[name](what)).not.toThrow();
    expect(() => minipulse[name]('name', what)).not.toThrow();
  }
  const fresh = new Phone().start().minipulse;
  for (const name of Object.keys(fresh).filter((each) => each !== 'default')) {
    expect(() => fresh[name](what, what)).not.toThrow();
  }
});

it.each([
  ['track', ['$own'], 'not begin with $'],
  ['track', [''], 'must have 1 to'],
  ['track', ['a', 5], 'must be an object'],
  ['identify', [5], 'identify'],
  ['pay', [{ order_id: 'A', amount_fen: 19.9 }], 'whole fen'],
  ['pay', [{ amount_fen: 1 }], 'order_id'],
  ['setProfile', [1], 'must be an object'],
  ['init', [OPTIONS], 'called already'],
])(
  'wrong use of %s is told in the develop version and sends nothing',
  async (name, args, words) => {
    const host = started();
    host.minipulse[name](...args);
    expect(host.phone.warnings.flat().join(' ')).toContain(words);
    expect(await flushed(host)).toEqual([]);
    const quiet = new Phone({ envVersion: 'release' });
    quiet.start(OPTIONS).minipulse[name](...args);
    expect(quiet.warnings).toEqual([]);
  },
);

describe("with consent: 'required'", () => {
  it('nothing is stored or sent before optIn, and then what was held is', async () => {
    const host = started({ consent: 'required' });
    host.phone.isAdded = true;
    host.run.launch();
    host.minipulse.reset();
    host.minipulse.track('one');
    host.minipulse.identify('o6zA');
    await host.phone.pass(60000);
    expect(host.phone.asked).toEqual([]);
    expect(host.phone.storage.size).toBe(0);
    host.minipulse.optIn();
    await host.phone.pass(10000);
    expect(namesOf(host.phone)).toEqual(['$launch', '$show', 'one', '$identify', '$add']);
    const again = host.phone.start({ ...OPTIONS, consent: 'required' });
    again.minipulse.track('two');
    await host.phone.pass(10000);
    expect(named(host.phone, 'two')).toHaveLength(1);
  });

  it('optIn may be called at every start, and listens once', async () => {
    for (const consent of ['required', 'implied']) {
      const host = started({ consent });
      host.minipulse.optIn();
      host.minipulse.optIn();
      await host.phone.settle();
      expect(host.run.networkListeners).toHaveLength(1);
      expect(host.phone.asked).toHaveLength(1);
    }
  });

  it('optOut deletes what waits and the guest, and is remembered', async () => {
    const host = started();
    host.phone.network = () => 'offline';
    host.minipulse.track('one');
    await host.phone.pass(1);
    host.minipulse.optOut();
    host.minipulse.track('two');
    host.minipulse.identify('o6zA');
    host.minipulse.reset();
    expect([...host.phone.storage.keys()]).toEqual(['minipulse.consent']);
    taking(host.phone);
    host.phone.asked = [];
    const again = host.phone.start(OPTIONS);
    again.launch();
    again.minipulse.track('three');
    await host.phone.pass(60000);
    expect(host.phone.asked).toEqual([]);
    again.minipulse.optIn();
    again.minipulse.track('four');
    await host.phone.pass(10000);
    expect(namesOf(host.phone)).toEqual(['four']);
  });
});
