/** Today step by step, as the stream tells it: whole at first, then what has changed. */
export const LIVE_IDS = ['session_cnt', 'visit_pv', 'visit_uv', 'visit_uv_new'] as const;
export type LiveId = (typeof LIVE_IDS)[number];
export type LiveCounts = Record<LiveId, number>;
export type LiveRow = LiveCounts & { start: string };
export type LiveDay = { day: string; total: LiveCounts; rows: LiveRow[] };
export type Live = LiveDay & {
  zone: string;
  now: string;
  is_settled: boolean;
  is_whole: boolean;
  step: number;
  compare?: { yesterday?: LiveDay; last_week?: LiveDay };
};
export type LiveUpdate = Pick<Live, 'now' | 'day' | 'is_settled' | 'is_whole' | 'total' | 'rows'>;

/** The rows of an update take their place by their start. */
export function updated(live: Live, update: LiveUpdate): Live {
  const rows = new Map(live.rows.map((row) => [row.start, row]));
  for (const row of update.rows) rows.set(row.start, row);
  return {
    ...live,
    ...update,
    rows: [...rows.values()].sort((a, b) => a.start.localeCompare(b.start)),
  };
}

/** What a day had come to by the moment that today has reached: its steps up to there. */
export function soFar(day: LiveDay, steps: number, id: 'session_cnt' | 'visit_pv' | 'visit_uv_new'): number {
  return day.rows.slice(0, steps).reduce((sum, row) => sum + row[id], 0);
}

/** "09:05" on the clock of the zone. */
export function clock(start: string, zone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(new Date(start));
}
