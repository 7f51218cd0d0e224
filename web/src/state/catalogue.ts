/** The indicators, with units and definitions, and the source groups: names as the server tells them. */
import { shallowRef } from 'vue';
import { get } from '@/api/client';
import type { Group, Indicator, Unit } from '@/api/types';
import { language } from '@/i18n';

type SourceGroup = { key: number; name: { zh: string; en: string } };
const indicators = shallowRef<Map<string, Indicator>>(new Map());
const groups = shallowRef<Map<number, SourceGroup>>(new Map());
let asked: Promise<void> | null = null;

export function loadCatalogue(): Promise<void> {
  asked ??= get<{ indicators: Indicator[]; source_groups: SourceGroup[] }>('/v1/catalogue')
    .then((told) => {
      indicators.value = new Map(told.indicators.map((one) => [one.id, one]));
      groups.value = new Map(told.source_groups.map((one) => [one.key, one]));
    })
    .catch((error: unknown) => {
      asked = null;
      throw error;
    });
  return asked;
}

export const indicator = (id: string): Indicator | undefined => indicators.value.get(id);

export const nameOf = (id: string): string =>
  indicator(id)?.name[language.value === 'en' ? 'en' : 'zh'] ?? id;

export const definitionOf = (id: string): string =>
  indicator(id)?.definition[language.value === 'en' ? 'en' : 'zh'] ?? '';

/** A mean of counts is shown with two decimals, as pages are. */
export function unitOf(id: string): Unit {
  const unit = indicator(id)?.unit ?? 'count';
  return id.endsWith('_per_user') && unit === 'count' ? 'pages' : unit;
}

/** The ids of a group's indicators of a cycle or page, in the catalogue's order. */
export const idsOf = (group: Group): string[] =>
  [...indicators.value.values()].filter((one) => one.group === group).map((one) => one.id);

/** A source group's name; its key where the server has none. */
export const groupNameOf = (key: number): string =>
  groups.value.get(key)?.name[language.value === 'en' ? 'en' : 'zh'] ?? String(key);

/** The keys of all source groups. */
export const groupKeys = (): number[] => [...groups.value.keys()];
