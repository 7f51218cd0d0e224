import { expect, test } from 'vitest';
import type { RetentionRow } from '@/api/types';
import { chinese, provinceName } from '@/i18n/provinces';
import { meanRetention, settled, spread } from '@/lib/cohorts';
import { clock, soFar, updated, type Live } from '@/lib/live';
import { bounds, frequencySteps } from '@/lib/steps';

const cohort = (from: string, users: number, ...retained: (number | null)[]): RetentionRow => ({
  cycle: from, from, to: from, is_running: false, users,
  retained: retained.map((value, index) => ({ n: index + 1, users: value, ratio: value === null ? null : value / users })),
});

test('mean retention counts each user alike, over the cohorts that have come so far', () => {
  const rows = [cohort('2026-11-01', 100, 50, 20), cohort('2026-11-02', 300, 90, null)];
  expect(meanRetention(rows).map((one) => one.ratio)).toEqual([140 / 400, 20 / 100]);
  expect(meanRetention([])).toEqual([]);
});

test('a cycle that has not ended counts in no curve', () => {
  const rows = [cohort('2026-11-23', 10, 5, 1)];
  expect(settled(rows, 'day', '2026-11-25')[0]?.retained.map((one) => one.users)).toEqual([5, null]);
  expect(settled([cohort('2026-11-16', 10, 5)], 'week', '2026-11-25')[0]?.retained[0]?.users).toBeNull();
  expect(settled([cohort('2025-12-01', 10, 5)], 'month', '2026-01-09')[0]?.retained[0]?.users).toBeNull();
});

test('some of many are taken evenly, with the first and the last', () => {
  expect(spread([1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([1, 5, 9]);
  expect(spread([1, 2], 3)).toEqual([1, 2]);
});

test('frequencies lose nobody on their way into steps', () => {
  const rows = [1, 2, 5, 6, 10, 11, 50, 51, 900].map((session_cnt) => ({ session_cnt, users: 1 }));
  const steps = frequencySteps(rows);
  expect(steps.reduce((sum, step) => sum + step.users, 0)).toBe(rows.length);
  expect(steps.map((step) => bounds(step.from, step.to)).at(-1)).toBe('>50');
});

test('provinces are found under their long and their short name', () => {
  expect(chinese('广东省')).toBe('广东');
  expect(chinese('内蒙古自治区')).toBe('内蒙古');
  expect(chinese('California')).toBeNull();
  expect(provinceName('陕西省', 'en')).toBe('Shaanxi');
  expect(provinceName('陕西省', 'zh-CN')).toBe('陕西省');
});

const none = { session_cnt: 0, visit_pv: 0, visit_uv: 0, visit_uv_new: 0 };
test('an update puts new steps and changed ones where they belong', () => {
  const live: Live = {
    day: 'd', zone: 'Asia/Shanghai', now: 'a', is_settled: true, is_whole: true, step: 5, total: none,
    rows: [{ start: '2026-11-25T00:00:00.000Z', ...none }, { start: '2026-11-25T00:05:00.000Z', ...none }],
  };
  const after = updated(live, {
    now: 'b', day: 'd', is_settled: false, is_whole: true, total: { ...none, visit_pv: 7 },
    rows: [{ start: '2026-11-25T00:10:00.000Z', ...none }, { start: '2026-11-25T00:05:00.000Z', ...none, visit_pv: 7 }],
  });
  expect(after.rows.map((row) => row.visit_pv)).toEqual([0, 7, 0]);
  expect(after.total.visit_pv).toBe(7);
  expect(soFar(after, 2, 'visit_pv')).toBe(7);
  expect(clock('2026-11-25T00:05:00.000Z', 'Asia/Shanghai')).toBe('08:05');
});
