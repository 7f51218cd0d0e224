/** Retention over all cohorts of a range. */
import type { Grain, RetentionRow } from '@/api/types';
import { addDays, monday } from '@/lib/dates';

export type Mean = { n: number; users: number; of: number; ratio: number | null };

/** For each n the share over all cohorts that have come so far, each user counting alike. */
export function meanRetention(rows: RetentionRow[]): Mean[] {
  const steps = rows[0]?.retained.map((one) => one.n) ?? [];
  return steps.map((n, index) => {
    let users = 0;
    let of = 0;
    for (const row of rows) {
      const retained = row.retained[index];
      if (retained && retained.users !== null) {
        users += retained.users;
        of += row.users;
      }
    }
    return { n, users, of, ratio: of > 0 ? users / of : null };
  });
}

/** The cycle n after a cohort's has begun and not ended. */
function isRunning(row: RetentionRow, n: number, by: Grain, today: string): boolean {
  if (by === 'day') return addDays(row.from, n) === today;
  if (by === 'week') return addDays(row.from, 7 * n) === monday(today);
  const month = Number(row.from.slice(0, 4)) * 12 + Number(row.from.slice(5, 7)) + n;
  return month === Number(today.slice(0, 4)) * 12 + Number(today.slice(5, 7));
}

/** The rows with null for all that may still grow. */
export function settled(rows: RetentionRow[], by: Grain, today: string): RetentionRow[] {
  return rows.map((row) => ({
    ...row,
    retained: row.retained.map((one) =>
      isRunning(row, one.n, by, today) ? { n: one.n, users: null, ratio: null } : one,
    ),
  }));
}

/** Up to count elements, evenly from the first to the last. */
export function spread<T>(list: T[], count: number): T[] {
  if (list.length <= count) return list;
  return Array.from({ length: count }, (_, index) =>
    list[Math.round((index * (list.length - 1)) / (count - 1))] as T,
  );
}
