/** Steps of distributions. */
export type Step = { from: number; to: number | null; users: number };

/** The steps in which frequencies are shown: single to 5, then wider. */
const FREQUENCIES: [from: number, to: number | null][] = [
  [1, 1],
  [2, 2],
  [3, 3],
  [4, 4],
  [5, 5],
  [6, 10],
  [11, 20],
  [21, 50],
  [51, null],
];

export function frequencySteps(rows: { session_cnt: number; users: number }[]): Step[] {
  return FREQUENCIES.map(([from, to]) => ({
    from,
    to,
    users: rows
      .filter((row) => row.session_cnt >= from && (to === null || row.session_cnt <= to))
      .reduce((sum, row) => sum + row.users, 0),
  }));
}

/** "3", "6–10", ">100". */
export function bounds(from: number, to: number | null): string {
  if (to === null) return `>${from - 1}`;
  return from === to ? String(from) : `${from}–${to}`;
}
