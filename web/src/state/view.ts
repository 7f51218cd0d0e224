/** What is shown: range, grain, comparison and filters, all kept in the address, so that a link
 * shows the same view. */
import { computed } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import type { LocationQuery } from 'vue-router';
import type { Grain } from '@/api/types';
import {
  comparedRange,
  isDay,
  presetRange,
  PRESETS,
  todayIn,
  type Preset,
  type Range,
} from '@/lib/dates';
import { appOf } from '@/state/session';

export const FILTERS = [
  'source_group',
  'platform',
  'province',
  'app_version',
  'visitor',
] as const;
export type Filter = (typeof FILTERS)[number];

export type View = {
  preset: Preset | 'custom';
  range: Range;
  by: Grain;
  /** '' = none, 'previous', 'year' or 'FROM/TO'. */
  compare: string;
  filters: Partial<Record<Filter, string>>;
};

export const PRESET_DEFAULT: Preset = '30d';
const GRAINS: readonly string[] = ['day', 'week', 'month'];

const one = (query: LocationQuery, name: string): string => {
  const value = query[name];
  return typeof value === 'string' ? value : '';
};

export function readView(query: LocationQuery, today: string): View {
  const from = one(query, 'from');
  const to = one(query, 'to');
  const named = one(query, 'range');
  const isCustom = isDay(from) && isDay(to) && from <= to;
  const preset = PRESETS.find((preset) => preset === named) ?? PRESET_DEFAULT;
  const range = isCustom ? { from, to } : presetRange(preset, today);
  const by = one(query, 'by');
  const compare = one(query, 'compare');
  const filters: View['filters'] = {};
  for (const name of FILTERS) {
    if (one(query, name)) filters[name] = one(query, name);
  }
  return {
    preset: isCustom ? 'custom' : preset,
    range,
    by: GRAINS.includes(by) ? (by as Grain) : 'day',
    compare: comparedRange(compare, range) ? compare : '',
    filters,
  };
}

/** The query that says the patched view; what is the default or empty is not said. */
export function writeView(query: LocationQuery, patch: Record<string, string>): LocationQuery {
  const next: LocationQuery = { ...query };
  for (const [name, value] of Object.entries(patch)) {
    if (value) next[name] = value;
    else delete next[name];
  }
  return next;
}

/** The parameters that every report takes. */
export function parametersOf(view: View): Record<string, string | undefined> {
  return { from: view.range.from, to: view.range.to, ...view.filters };
}

/** What goes along when one page leads to another. */
export function carried(query: LocationQuery): LocationQuery {
  const names = ['range', 'from', 'to', 'by', 'compare', ...FILTERS];
  return Object.fromEntries(Object.entries(query).filter(([name]) => names.includes(name)));
}

export function useView() {
  const route = useRoute();
  const router = useRouter();
  const app = computed(() => String(route.params['app'] ?? ''));
  const zone = computed(() => appOf(app.value)?.zone ?? 'Asia/Shanghai');
  const today = computed(() => todayIn(zone.value));
  const view = computed(() => readView(route.query, today.value));
  const text = (name: string): string => one(route.query, name);
  const set = (patch: Record<string, string>): void => {
    void router.replace({ query: writeView(route.query, patch) });
  };
  return { app, zone, today, view, text, set };
}
