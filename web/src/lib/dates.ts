/** Days as texts, "2026-11-24"; computed in UTC, so that no zone's clock changes come between. */
import type { Grain } from '@/api/types';

export type Range = { from: string; to: string };
export const PRESETS = [
  'yesterday',
  '7d',
  '30d',
  'this_week',
  'last_week',
  'this_month',
  'last_month',
] as const;
export type Preset = (typeof PRESETS)[number];

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

const toMs = (day: string): number => Date.parse(`${day}T00:00:00Z`);
const toDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export function isDay(text: unknown): text is string {
  return typeof text === 'string' && DAY.test(text) && !Number.isNaN(toMs(text));
}

export const addDays = (day: string, days: number): string => toDay(toMs(day) + days * DAY_MS);

/** How many days the range has, both ends counted. */
export const daysOf = (range: Range): number =>
  Math.round((toMs(range.to) - toMs(range.from)) / DAY_MS) + 1;

export function todayIn(zone: string, now = new Date()): string {
  return new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  }).format(now);
}

/** The Monday of a day's week. */
export function monday(day: string): string {
  const weekday = (new Date(toMs(day)).getUTCDay() + 6) % 7;
  return addDays(day, -weekday);
}

export const firstOfMonth = (day: string): string => `${day.slice(0, 7)}-01`;

export function presetRange(preset: Preset, today: string): Range {
  const yesterday = addDays(today, -1);
  switch (preset) {
    case 'yesterday':
      return { from: yesterday, to: yesterday };
    case '7d':
      return { from: addDays(today, -7), to: yesterday };
    case '30d':
      return { from: addDays(today, -30), to: yesterday };
    case 'this_week':
      return { from: monday(today), to: today };
    case 'last_week':
      return { from: addDays(monday(today), -7), to: addDays(monday(today), -1) };
    case 'this_month':
      return { from: firstOfMonth(today), to: today };
    case 'last_month': {
      const last = addDays(firstOfMonth(today), -1);
      return { from: firstOfMonth(last), to: last };
    }
  }
}

/** The same day a year before; 29 February becomes the 28th. */
function yearBefore(day: string): string {
  const candidate = `${Number(day.slice(0, 4)) - 1}${day.slice(4)}`;
  return toDay(toMs(candidate)) === candidate ? candidate : addDays(candidate.slice(0, 8) + '28', 0);
}

export function comparedRange(kind: string, range: Range): Range | null {
  if (kind === 'previous') {
    return { from: addDays(range.from, -daysOf(range)), to: addDays(range.from, -1) };
  }
  if (kind === 'year') return { from: yearBefore(range.from), to: yearBefore(range.to) };
  const [from, to] = kind.split('/');
  return isDay(from) && isDay(to) && from <= to ? { from, to } : null;
}

/** What stands under a chart's axis: "11-24", "11-16–22", "2026-11". */
export function cycleLabel(cycle: { from: string; to: string }, by: Grain): string {
  if (by === 'month') return cycle.from.slice(0, 7);
  if (by === 'week') return `${cycle.from.slice(5)}~${cycle.to.slice(5)}`;
  return cycle.from.slice(5);
}

/** A moment on the clock of a zone: "2026-11-24 09:05". */
export function momentIn(zone: string, moment: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(new Date(moment));
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}`;
}

/** The last day whose figures do not change any more; null when none is told. */
export function completeDay(completeUntil: string | null, zone: string): string | null {
  return completeUntil ? addDays(todayIn(zone, new Date(completeUntil)), -1) : null;
}
