import { beforeAll, expect, test, vi } from 'vitest';

// What the modules ask of a browser when they are loaded.
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
vi.stubGlobal('navigator', { languages: ['fr', 'en-GB', 'zh'] });
vi.stubGlobal('document', { documentElement: { lang: '' }, createElement: () => ({}) });

let view: typeof import('@/state/view');
beforeAll(async () => {
  view = await import('@/state/view');
});
const today = '2026-11-25';

test('an address without a view shows the last 30 days by day', () => {
  expect(view.readView({}, today)).toEqual({
    preset: '30d', range: { from: '2026-10-26', to: '2026-11-24' }, by: 'day', compare: '', filters: {},
  });
});

test('what is nonsense in an address counts as not said', () => {
  const nonsense = { from: '2026-11-30', to: '2026-11-01', by: 'hour', compare: 'x', range: 'always', platform: '' };
  expect(view.readView(nonsense, today)).toEqual(view.readView({}, today));
});

test('a view is read back as it was written', () => {
  const query = view.writeView({ metric: 'visit_pv' }, { range: 'last_week', by: 'week', province: '广东,unknown', compare: 'year' });
  expect(query).toEqual({ metric: 'visit_pv', range: 'last_week', by: 'week', province: '广东,unknown', compare: 'year' });
  const read = view.readView(query, today);
  expect(read.range).toEqual({ from: '2026-11-16', to: '2026-11-22' });
  expect(read.filters).toEqual({ province: '广东,unknown' });
  expect(view.writeView(query, { province: '', by: '' })).not.toHaveProperty('province');
});

test('range and filters go along to the next page, what belongs to one page does not', () => {
  expect(view.carried({ range: '7d', platform: 'ios', sort: 'page', metric: 'x' })).toEqual({ range: '7d', platform: 'ios' });
});

test('the language at first is the first of the browser that there is', async () => {
  const { language } = await import('@/i18n');
  expect(language.value).toBe('en');
});

test('every text is there in both languages, with the same places to fill', async () => {
  const { default: zh } = await import('@/i18n/zh');
  const { default: en } = await import('@/i18n/en');
  const flat = (tree: object, path = ''): [string, string][] =>
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === 'string' ? [[`${path}${key}`, value] as [string, string]] : flat(value as object, `${path}${key}.`),
    );
  const places = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
  const english = new Map(flat(en));
  for (const [key, text] of flat(zh)) {
    expect(english.has(key), key).toBe(true);
    expect(places(english.get(key) ?? ''), key).toEqual(places(text));
  }
  expect(english.size).toBe(flat(zh).length);
});
