/** How long the launch, the first drawing and the routes took, as Weixin measures them. */
import type { Recorder } from './recorder';
import { isObject, safely } from './safe';

const ENTRIES_MAX = 60; // told in a run

export function watchPerformance(recorder: Recorder): void {
  let told = 0;
  const take = (entry: unknown) => {
    if (!isObject(entry)) {
      return;
    }
    const ms =
      typeof entry.duration === 'number' && entry.duration > 0
        ? entry.duration
        : Number(entry.startTime) - Number(entry.navigationStart);
    if (ms >= 0 && isFinite(ms) && ++told <= ENTRIES_MAX) {
      recorder.record('$performance', undefined, {
        metric: entry.name,
        duration_ms: Math.round(ms),
        path: typeof entry.path === 'string' ? entry.path : undefined,
      });
    }
  };
  safely(() => {
    const observer = wx.getPerformance().createObserver((list) => {
      safely(() => (list as unknown as { getEntries(): unknown[] }).getEntries().forEach(take));
    }) as unknown as { observe(options: object): void };
    observer.observe({ entryTypes: ['navigation', 'render'] });
  });
}
