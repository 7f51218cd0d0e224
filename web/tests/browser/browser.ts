/** Debian's Chromium, and what every page is watched for. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { PASSWORD, type Server } from './server';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
export const SCREENS = resolve(import.meta.dirname, '../../../build/artifacts/screens');

export function launch(): Promise<Browser> {
  mkdirSync(SCREENS, { recursive: true });
  return chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** What went wrong in a page, or was asked of others; empty when all is well. */
export type Watched = { page: Page; faults: string[] };

export async function open(browser: Browser, server: Server, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({
    baseURL: server.url, locale: 'zh-CN', viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // Chromium tells every answer from 400 on; those are looked at by the tests that expect them.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) faults.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== server.url && !['data:', 'blob:'].includes(protocol)) faults.push(`asked of others: ${request.url()}`);
  });
  return { page, faults };
}

export async function logIn(page: Page, name: string, path = '/'): Promise<void> {
  await page.goto(path);
  await page.fill('input[name=name]', name);
  await page.fill('input[name=password]', PASSWORD);
  await page.click('button[type=submit]');
  await page.waitForSelector('#content');
}

const CLICK_MS = 60; // in which a click has reached the address, and the address the panels

/** Until the page is there, nothing is being asked for, and every chart is drawn. */
export async function settle(page: Page): Promise<void> {
  await page.waitForSelector('#content h1');
  await page.waitForTimeout(CLICK_MS);
  await page.waitForFunction(() => {
    const isBusy = document.querySelector('[aria-busy=true]') !== null;
    const charts = [...document.querySelectorAll('[data-drawn]')];
    return !isBusy && charts.every((chart) => chart.getAttribute('data-drawn') === 'true');
  });
}

export async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENS, `${name}.png`), fullPage: true });
}

/** What axe finds that is serious or critical: rule and place. */
export async function axe(page: Page): Promise<string[]> {
  // Through the protocol, not as a script in the page, which the policy forbids.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; impact: string; nodes: { target: string[]; html: string }[] }[] }> } };
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations
      .filter((one) => ['serious', 'critical'].includes(one.impact))
      .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')} ${node.html.slice(0, 120)}`));
  });
}
