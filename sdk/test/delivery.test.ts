/** How events leave the phone. Against a real server: tests/sdk/test_minipulse_sdk.py. */
import { describe, expect, it } from 'vitest';
import { Phone } from './phone.mjs';
import { named, namesOf, OPTIONS, sent, taking } from './helpers';

const uploads = (phone: Phone) => phone.asked.filter(({ url }) => url.endsWith('/v1/collect'));

describe('uploads', () => {
  it('go off after five seconds, or when twenty events wait, or when the app is hidden', async () => {
    const phone = taking(new Phone());
    const run = phone.start(OPTIONS);
    await phone.settle();
    run.minipulse.track('one');
    await phone.pass(4900);
    expect(uploads(phone)).toHaveLength(0);
    await phone.pass(200);
    expect(namesOf(phone)).toEqual(['one']);
    for (let i = 0; i < 20; i++) {
      run.minipulse.track('many');
    }
    await phone.pass(1);
    expect(sent(phone)).toHaveLength(21);
    run.launch();
    run.hide();
    await phone.settle();
    expect(namesOf(phone).at(-1)).toBe('$hide');
  });

  it('bear the key, the clock, the context and what a chunk shares', async () => {
    const phone = taking(new Phone());
    const run = phone.start(OPTIONS);
    await phone.settle();
    run.minipulse.track('one');
    run.minipulse.flush();
    await phone.settle();
    const [upload] = uploads(phone);
    expect(upload!.url).toBe('https://stats.example.com/v1/collect');
    expect(upload!.header['X-Minipulse-Key']).toBe('mpw_key');
    const body = JSON.parse(upload!.data);
    expect(body).toMatchObject({
      v: 1,
      sent: phone.now,
      user: expect.stringMatching(/^guest-/),
      context: {
        app_version: '2.3.1',
        sdk: 'minipulse/0.1.0',
        platform: 'android',
        brand: 'HUAWEI',
        model: 'Mate 60 Pro',
        os_version: '14',
        client_version: '8.0.50',
        library_version: '3.4.0',
        screen_width: 412,
        screen_height: 915,
        language: 'zh_CN',
        network: 'wifi',
      },
    });
    expect(body.events).toEqual([{ id: expect.any(String), name: 'one', time: phone.now }]);
  });

  it('are one at a time', async () => {
    const phone = taking(new Phone());
    const run = phone.start({ ...OPTIONS, batchEvents: 5 });
    for (let i = 0; i < 230; i++) {
      run.minipulse.track('many');
      run.minipulse.flush();
    }
    await phone.settle();
    await phone.pass(20000);
    expect(phone.underWayMax).toBe(1);
    expect(sent(phone)).toHaveLength(230);
  });

  it.each([
    ['offline'],
    ['timeout'],
    [{ status: 500 }],
    [{ status: 503 }],
    [{ status: 401 }],
    [{ status: 404 }],
  ])('are repeated with growing pauses and the same ids after %j', async (reply) => {
    const phone = taking(new Phone());
    const run = phone.start({ ...OPTIONS, timeoutMs: 1000 });
    await phone.settle();
    taking(phone, 0, ({ url }) => (url.endsWith('/v1/collect') ? (reply as 'offline') : undefined));
    run.minipulse.track('one');
    await phone.pass(3600000);
    const tries = uploads(phone);
    expect(tries.length).toBeGreaterThan(10);
    expect(tries.length).toBeLessThan(40);
    expect(new Set(sent(phone).map(({ id }) => id)).size).toBe(1);
    taking(phone);
    await phone.pass(400000);
    const count = uploads(phone).length;
    await phone.pass(400000);
    expect(uploads(phone)).toHaveLength(count);
  });

  it('wait as long as the server asks', async () => {
    const phone = taking(new Phone());
    const run = phone.start(OPTIONS);
    await phone.settle();
    taking(phone, 0, ({ url }) =>
      url.endsWith('collect') ? { status: 503, header: { 'Retry-After': '120' } } : undefined,
    );
    run.minipulse.track('one');
    await phone.pass(6000);
    expect(uploads(phone)).toHaveLength(1);
    await phone.pass(115000);
    expect(uploads(phone)).toHaveLength(1);
    await phone.pass(6000);
    expect(uploads(phone)).toHaveLength(2);
  });

  it('that the server cannot understand are given up, and too large ones cut', async () => {
    const phone = taking(new Phone());
    const run = phone.start(OPTIONS);
    await phone.settle();
    const taken: string[] = [];
    taking(phone, 0, ({ url, data }) => {
      const names = url.endsWith('collect')
        ? JSON.parse(data).events.map((event: { name: string }) => event.name)
        : [];
      if (names.length > 2) return { status: 413 };
      if (names.includes('bad')) return { status: 400 };
      taken.push(...names);
      return undefined;
    });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'bad']) {
      run.minipulse.track(name);
    }
    run.minipulse.flush();
    await phone.pass(60000);
    expect(taken.sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']); // g shared its upload with the bad one
  });
});

describe('the queue', () => {
  it('survives a kill at any moment: the next run sends the same events', async () => {
    const phone = taking(new Phone());
    phone.network = () => 'offline';
    let run = phone.start(OPTIONS);
    for (let i = 0; i < 70; i++) {
      run.minipulse.track(`event-${i}`);
    }
    await phone.pass(1);
    run.kill();
    phone.elapse(3 * 86400000);
    phone.asked = [];
    taking(phone);
    run = phone.start(OPTIONS);
    await phone.pass(10000);
    expect(namesOf(phone)).toEqual(Array.from({ length: 70 }, (_, i) => `event-${i}`));
    run.kill();
    phone.asked = [];
    phone.start(OPTIONS);
    await phone.pass(10000);
    expect(sent(phone)).toHaveLength(0);
  });

  it('gives nothing up while many short runs leave a little each', async () => {
    const phone = new Phone();
    for (let i = 0; i < 40; i++) {
      const run = phone.start(OPTIONS);
      run.minipulse.track(`run-${i}`);
      await phone.pass(1);
      run.kill();
    }
    expect(phone.warnings).toEqual([]);
    phone.asked = [];
    taking(phone);
    phone.start(OPTIONS);
    await phone.pass(10000);
    expect(namesOf(phone)).toEqual(Array.from({ length: 40 }, (_, i) => `run-${i}`));
  });

  it('keeps what was paid before pay() returns', () => {
    const phone = new Phone();
    const run = phone.start(OPTIONS);
    run.minipulse.pay({ order_id: 'A-1', amount_fen: 1990 });
    run.kill();
    expect(JSON.stringify([...phone.storage])).toContain('A-1');
  });

  it('gives up custom events first, then the automatic ones, and payments last', async () => {
    const phone = new Phone();
    const run = phone.start({ ...OPTIONS, queueBytes: 16 << 10 });
    run.define('pages/home/home', {});
    run.launch();
    run.open('pages/home/home');
    for (let i = 0; i < 30; i++) {
      run.minipulse.pay({ order_id: `A-${i}`, amount_fen: i });
      run.minipulse.track('custom', { text: 'x'.repeat(800) });
    }
    expect(phone.warnings.flat().join()).toContain('the queue is full');
    phone.asked = [];
    taking(phone);
    run.minipulse.flush();
    await phone.pass(10000);
    expect(named(phone, '$pay')).toHaveLength(30);
    expect(namesOf(phone)).toContain('$launch');
    expect(namesOf(phone)).toContain('$page_view');
    expect(named(phone, 'custom').length).toBeLessThan(20);
    for (let i = 0; i < 400; i++) {
      phone.network = () => 'offline';
      run.minipulse.pay({ order_id: `B-${i}`, amount_fen: i });
    }
    await phone.settle();
    const kept = JSON.stringify([...phone.storage]);
    expect(kept.length).toBeLessThan(40 << 10);
    expect(kept).toContain('B-399');
  });

  it('lives in memory while the storage is full', async () => {
    const phone = new Phone();
    phone.isStorageFull = true;
    const run = phone.start(OPTIONS);
    for (let i = 0; i < 120; i++) {
      run.minipulse.track('one');
    }
    await phone.pass(1000);
    taking(phone);
    phone.asked = [];
    run.minipulse.flush();
    await phone.pass(10000);
    expect(sent(phone)).toHaveLength(120);
    expect(new Set(sent(phone).map(({ id }) => id)).size).toBe(120);
  });
});

it('what did not fit into a full storage is kept once there is room', async () => {
  const phone = new Phone();
  let run = phone.start(OPTIONS);
  phone.isStorageFull = true;
  for (let i = 0; i < 50; i++) {
    run.minipulse.track('full');
  }
  await phone.pass(1);
  phone.isStorageFull = false;
  run.minipulse.track('room');
  await phone.pass(1);
  run.kill();
  phone.asked = [];
  taking(phone);
  run = phone.start(OPTIONS);
  await phone.pass(10000);
  expect(sent(phone)).toHaveLength(51);
});

describe('time', () => {
  const DAY = 86400000;
  const timeOf = (phone: Phone, name: string) => {
    const { asked } = phone;
    const upload = asked
      .filter(({ url }) => url.endsWith('collect'))
      .map(({ data }) => JSON.parse(data))
      .find((body) => body.events.some((event: { name: string }) => event.name === name));
    const event = upload.events.find((each: { name: string }) => each.name === name);
    return { time: event.time, sent: upload.sent };
  };

  it('is right when the clock is moved while the app runs', async () => {
    const phone = taking(new Phone());
    const run = phone.start(OPTIONS);
    const began = phone.now;
    run.minipulse.track('before');
    await phone.pass(1000);
    phone.moveClock(5 * DAY);
    taking(phone, -5 * DAY);
    run.minipulse.track('after');
    await phone.pass(20000);
    expect(timeOf(phone, 'before').time).toBe(began);
    expect(Math.abs(timeOf(phone, 'after').time - began - 1000)).toBeLessThan(3000);
  });

  it('is right when the clock is moved between two runs, for both', async () => {
    const phone = taking(new Phone());
    let run = phone.start(OPTIONS); // learns that the clock is right
    await phone.settle();
    phone.network = () => 'offline';
    const began = phone.now;
    run.minipulse.track('before');
    await phone.pass(1000);
    run.kill();
    phone.moveClock(-5 * DAY);
    phone.elapse(3600000);
    run = phone.start(OPTIONS);
    run.minipulse.track('after');
    await phone.pass(1000);
    taking(phone, 5 * DAY);
    await phone.pass(600000);
    const [before, after] = [timeOf(phone, 'before'), timeOf(phone, 'after')];
    expect(before.time).toBe(began);
    expect(Math.abs(after.time - began - 3601000)).toBeLessThan(4000);
    expect(Math.abs(before.sent - phone.now - 5 * DAY)).toBeLessThan(700000);
  });

  it("is asked for before an earlier run's events are sent, even when the configuration is fresh", async () => {
    const phone = taking(new Phone());
    let run = phone.start(OPTIONS);
    await phone.settle();
    phone.network = () => 'offline';
    const began = phone.now;
    run.minipulse.track('before');
    await phone.pass(1000);
    run.kill();
    phone.elapse(60000);
    phone.moveClock(-10 * 3600000);
    taking(phone, 10 * 3600000);
    phone.asked = [];
    run = phone.start(OPTIONS);
    await phone.pass(10000);
    expect(phone.asked.map(({ url }) => url.replace(/.*\/v1\//, '').replace(/\?.*/, ''))).toEqual([
      'sdk/config',
      'collect',
    ]);
    const { time, sent: when } = timeOf(phone, 'before');
    expect(time).toBe(began);
    expect(Math.abs(when - began - 61000)).toBeLessThan(4000);
  });

  it('is right on a phone whose clock was always wrong, from its first offline run on', async () => {
    const phone = new Phone();
    let run = phone.start(OPTIONS);
    const truth = phone.now + 2 * DAY;
    run.minipulse.track('before');
    await phone.pass(1000);
    run.kill();
    phone.elapse(60000);
    taking(phone, 2 * DAY);
    run = phone.start(OPTIONS);
    await phone.pass(10000);
    expect(Math.abs(timeOf(phone, 'before').time - truth)).toBeLessThan(4000);
  });

  it('never makes a dwell negative or days long', async () => {
    const phone = taking(new Phone());
    const run = phone.start(OPTIONS);
    run.define('pages/a', {});
    run.launch();
    run.open('pages/a');
    await phone.pass(500);
    phone.moveClock(-3 * DAY);
    run.hide();
    await phone.settle();
    expect(named(phone, '$page_leave')[0].dwell_ms).toBe(500);
    expect(named(phone, '$hide')[0].dwell_ms).toBe(500);
  });
});

describe('the remote switch', () => {
  const configured = (phone: Phone, config: object, age = 300) =>
    taking(phone, 0, ({ url }) =>
      url.includes('/v1/sdk/config')
        ? {
            status: 200,
            body: config,
            header: {
              ETag: '"7"',
              'Cache-Control': `max-age=${age}`,
              Date: new Date(phone.now).toUTCString(),
            },
          }
        : undefined,
    );

  it('turns collecting off and on again, and asks again only when its answer is over', async () => {
    const phone = configured(new Phone(), { enabled: false });
    let run = phone.start(OPTIONS);
    run.minipulse.track('early');
    await phone.pass(10000);
    run.minipulse.track('late');
    await phone.pass(10000);
    expect(sent(phone)).toHaveLength(0);
    run = phone.start(OPTIONS);
    await phone.pass(1000);
    expect(phone.asked).toHaveLength(1);
    configured(phone, { enabled: true });
    phone.elapse(300000);
    run = phone.start(OPTIONS);
    await phone.pass(1000);
    expect(phone.asked.at(-1)!.header['If-None-Match']).toBe('"7"');
    run.minipulse.track('on again');
    await phone.pass(10000);
    expect(namesOf(phone)).toEqual(['on again']);
  });

  it('samples by class and open, tells the rate, and leaves opens and payments whole', async () => {
    const phone = configured(new Phone(), {
      enabled: true,
      sampling: { custom: 0.25, page: 0, click: 1 },
    });
    let kept = 0;
    for (let i = 0; i < 200; i++) {
      const run = phone.start({ ...OPTIONS, sampling: { click: 0 } });
      await phone.settle();
      phone.asked = [];
      run.define('pages/a', { go() {} });
      run.launch();
      run.open('pages/a');
      run.tap('go');
      run.minipulse.track('one');
      run.minipulse.track('two');
      run.minipulse.pay({ order_id: `A-${i}`, amount_fen: 1 });
      run.minipulse.flush();
      await phone.settle();
      const custom = sent(phone).filter(({ name }) => name === 'one' || name === 'two');
      expect([0, 2]).toContain(custom.length);
      expect(custom.every(({ props }) => props.sample_rate === 0.25)).toBe(true);
      kept += custom.length / 2;
      expect(namesOf(phone).filter((name) => name !== 'one' && name !== 'two')).toEqual([
        '$launch',
        '$show',
        '$click',
        '$pay',
      ]);
    }
    expect(kept).toBeGreaterThan(25);
    expect(kept).toBeLessThan(80);
  }, 60000);

  it('does not stand in the way when the server has none', async () => {
    const phone = taking(new Phone(), 0, ({ url }) =>
      url.includes('config') ? { status: 404 } : undefined,
    );
    const run = phone.start(OPTIONS);
    run.minipulse.track('one');
    await phone.pass(10000);
    expect(namesOf(phone)).toEqual(['one']);
  });
});
