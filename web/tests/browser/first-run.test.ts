import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axe, launch, logIn, open, settle, shoot } from './browser';
import { PASSWORD, Server, until } from './server';

const server = new Server();
let browser: Browser;
beforeAll(async () => {
  await server.start();
  browser = await launch();
  await server.waitReady();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

test('from the link that serve prints to the first event, which the page tells by itself', async () => {
  const { page, faults } = await open(browser, server);
  await page.goto('/');
  await page.waitForURL('**/set-up');
  await shoot(page, 'set-up-zh');
  const link = /http:\S+\/set-up#mps_\S+/.exec(server.log)?.[0] ?? '';
  await page.goto('about:blank');
  await page.goto(link);
  await page.fill('input[name=name]', 'boss');
  await page.fill('input[name=password]', PASSWORD);
  await page.fill('input[name=again]', PASSWORD + '!');
  await page.click('button[type=submit]');
  await page.getByText('两次输入的密码不一致').waitFor();
  await page.fill('input[name=again]', PASSWORD);
  expect(await axe(page)).toEqual([]);
  await page.click('button[type=submit]');

  await page.getByRole('heading', { name: '创建第一个应用' }).waitFor();
  await shoot(page, 'first-app-zh');
  expect(await axe(page)).toEqual([]);
  await page.fill('input[name=app-name]', '我的小店');
  await page.fill('input[name=app-id]', 'shop');
  await page.click('form button[type=submit]');

  await page.getByText('正在等待第一条数据').waitFor();
  await settle(page);
  await shoot(page, 'connect-waiting-zh');
  expect(await axe(page)).toEqual([]);
  const key = /app: '(mpw_[\w-]+)'/.exec(await page.locator('pre').nth(1).innerText())?.[1] ?? '';
  await new Promise((done) => setTimeout(done, 1200)); // serve looks at its apps once a second
  const answer = await fetch(`${server.url}/v1/collect`, {
    method: 'POST',
    headers: { 'X-Minipulse-Key': key, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      v: 1, user: 'u1', events: [{ id: '1', name: '$page_view', time: Date.now(), page: 'pages/index' }],
    }),
  });
  expect(await answer.json()).toEqual({ accepted: 1, rejected: 0, errors: [] });
  await page.getByText('第一条数据已到达').waitFor();
  await shoot(page, 'connect-arrived-zh');
  expect(faults).toEqual([]);
  await page.context().close();
}, 60_000);

test('an app without data says so and what to do', async () => {
  const { page, faults } = await open(browser, server);
  await logIn(page, 'boss', '/apps/shop/source?range=last_month');
  await page.getByText('所选条件下没有数据').first().waitFor();
  await page.goto('/apps/shop/overview?range=last_month');
  await page.getByText('还没有接入？查看接入指引').waitFor();
  await settle(page);
  await shoot(page, 'overview-empty-zh');
  expect(faults).toEqual([]);
  await page.context().close();
});

test('real-time figures move by themselves, also after the server was away', async () => {
  const { page, faults } = await open(browser, server);
  await logIn(page, 'boss', '/apps/shop/realtime?step=1');
  const told = (await (await page.request.get('/v1/apps/shop')).json()) as { write_key: string };
  const value = page.locator('[data-figure=visit_pv] .value');
  const see = async (id: string, count: number): Promise<void> => {
    const event = { id, name: '$page_view', time: Date.now(), page: 'pages/live' };
    const answer = await fetch(`${server.url}/v1/collect`, {
      method: 'POST',
      headers: { 'X-Minipulse-Key': told.write_key, 'Content-Type': 'application/json' },
      body: JSON.stringify({ v: 1, user: 'u2', events: [event] }),
    });
    expect(answer.status).toBe(200);
    await until(`${id} is seen`, async () => (await value.innerText()) === String(count), 20_000);
  };
  await page.locator('[data-test=live].on').waitFor();
  const begun = Number(await value.innerText());
  await see('live-1', begun + 1);
  await see('live-2', begun + 2);
  await shoot(page, 'realtime-moving-zh');
  await server.stop();
  await page.locator('[data-test=live]:not(.on)').waitFor();
  await server.start();
  await server.waitReady();
  await page.locator('[data-test=live].on').waitFor({ timeout: 20_000 });
  await see('live-3', begun + 3);
  expect(faults.filter((each) => !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET/.test(String(each)))).toEqual([]);
  await page.context().close();
}, 90_000);

test('failed log-ins are told, then held up with the time to wait', async () => {
  const { page } = await open(browser, server, { locale: 'en' });
  await page.goto('/log-in');
  await page.fill('input[name=name]', 'nobody');
  await page.fill('input[name=password]', 'wrong password');
  await page.click('button[type=submit]');
  await page.getByText('The user name or password is wrong').waitFor();
  for (let tries = 0; tries < 30 && !(await page.getByText('Too many attempts').isVisible()); tries++) {
    const answered = page.waitForResponse('**/v1/session');
    await page.click('button[type=submit]');
    await answered;
    await page.waitForTimeout(50);
  }
  await page.getByText(/Too many attempts. Try again in \d/).waitFor();
  expect(await page.locator('button[type=submit]').isDisabled()).toBe(true);
  await shoot(page, 'log-in-throttled-en');
  expect(await axe(page)).toEqual([]);
  await page.context().close();
}, 60_000);
