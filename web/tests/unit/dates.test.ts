import { expect, test } from 'vitest';
import { addDays, comparedRange, completeDay, cycleLabel, daysOf, momentIn, monday, presetRange, todayIn } from '@/lib/dates';

test('today is the day of the zone, not of the browser', () => {
  const moment = new Date('2026-11-24T16:30:00Z');
  expect(todayIn('Asia/Shanghai', moment)).toBe('2026-11-25');
  expect(todayIn('America/New_York', moment)).toBe('2026-11-24');
});

test('presets end yesterday, but those of this week and month, which end today', () => {
  const today = '2026-11-25';
  expect(presetRange('yesterday', today)).toEqual({ from: '2026-11-24', to: '2026-11-24' });
  expect(presetRange('7d', today)).toEqual({ from: '2026-11-18', to: '2026-11-24' });
  expect(daysOf(presetRange('30d', today))).toBe(30);
  expect(presetRange('this_week', today)).toEqual({ from: '2026-11-23', to: today });
  expect(presetRange('last_week', today)).toEqual({ from: '2026-11-16', to: '2026-11-22' });
  expect(presetRange('this_month', today)).toEqual({ from: '2026-11-01', to: today });
  expect(presetRange('last_month', '2026-03-31')).toEqual({ from: '2026-02-01', to: '2026-02-28' });
});

test('weeks begin on Monday', () => {
  expect(monday('2026-11-23')).toBe('2026-11-23');
  expect(monday('2026-11-29')).toBe('2026-11-23');
});

test('a range is compared with as many days before it, the year before, or a range of choice', () => {
  const range = { from: '2026-11-18', to: '2026-11-24' };
  expect(comparedRange('previous', range)).toEqual({ from: '2026-11-11', to: '2026-11-17' });
  expect(comparedRange('year', range)).toEqual({ from: '2025-11-18', to: '2025-11-24' });
  expect(comparedRange('2026-01-01/2026-01-07', range)).toEqual({ from: '2026-01-01', to: '2026-01-07' });
  expect(comparedRange('2026-01-07/2026-01-01', range)).toBeNull();
  expect(comparedRange('', range)).toBeNull();
});

test('29 February has a year before', () => {
  expect(comparedRange('year', { from: '2028-02-29', to: '2028-02-29' })).toEqual({ from: '2027-02-28', to: '2027-02-28' });
});

test('days are added across the changes of clocks', () => {
  expect(addDays('2026-03-07', 2)).toBe('2026-03-09');
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
});

test('complete is the day before the one in which completeness ends', () => {
  expect(completeDay('2026-11-22T15:35:53.999Z', 'Asia/Shanghai')).toBe('2026-11-21');
  expect(completeDay('2026-11-22T16:00:00.000Z', 'Asia/Shanghai')).toBe('2026-11-22');
  expect(completeDay(null, 'Asia/Shanghai')).toBeNull();
});

test('a cycle and a moment are written briefly', () => {
  expect(cycleLabel({ from: '2026-11-16', to: '2026-11-22' }, 'week')).toBe('11-16~11-22');
  expect(cycleLabel({ from: '2026-11-01', to: '2026-11-30' }, 'month')).toBe('2026-11');
  expect(momentIn('Asia/Shanghai', '2026-11-24T16:05:00Z')).toBe('2026-11-25 00:05');
});
