/** Retention over all cohorts of a range. */
import type { RetentionRow } from '@/api/types';

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
