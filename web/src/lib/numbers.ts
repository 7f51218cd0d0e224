/** Figures as people of a language read them: 1.2万, 12.3K; null is "–". */
import type { Figure, Unit } from '@/api/types';

export type Language = 'zh-CN' | 'en';
export const NOTHING = '–';
const COMPACT_FROM: Record<Language, number> = { 'zh-CN': 100_000, en: 100_000 };
const SECONDS_A_MINUTE = 60;
const SECONDS_AN_HOUR = 3600;

const formats = new Map<string, Intl.NumberFormat>();
function format(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language + JSON.stringify(options);
  const known = formats.get(key) ?? new Intl.NumberFormat(language, options);
  formats.set(key, known);
  return known;
}

function duration(seconds: number, language: Language): string {
  const [h, m, s] = language === 'en' ? ['h ', 'm ', 's'] : ['小时', '分', '秒'];
  if (seconds < SECONDS_A_MINUTE) {
    return format(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(seconds) + s;
  }
  const whole = Math.round(seconds);
  const minutes = Math.floor((whole % SECONDS_AN_HOUR) / SECONDS_A_MINUTE);
  const rest = `${whole % SECONDS_A_MINUTE}${s}`;
  const hours = Math.floor(whole / SECONDS_AN_HOUR);
  return hours > 0 ? `${hours}${h}${minutes}${m}${rest}` : `${minutes}${m}${rest}`;
}

function fractionDigits(unit: Unit, value: number): number {
  if (unit === 'yuan') return 2;
  return unit === 'pages' || !Number.isInteger(value) ? 2 : 0;
}

/** In full: for tables and tooltips. */
export function exact(value: Figure | undefined, unit: Unit, language: Language): string {
  if (value === null || value === undefined) return NOTHING;
  if (unit === 'seconds') return duration(value, language);
  if (unit === 'ratio') return percent(value, language);
  const digits = fractionDigits(unit, value);
  const text = format(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
  return unit === 'yuan' ? `¥${text}` : text;
}

/** Short, where there is little room: 123.5万, 1.2M. */
export function short(value: Figure | undefined, unit: Unit, language: Language): string {
  if (value === null || value === undefined) return NOTHING;
  const isLarge = Math.abs(value) >= COMPACT_FROM[language];
  if (!isLarge || unit === 'seconds' || unit === 'ratio') return exact(value, unit, language);
  const text = format(language, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
  return unit === 'yuan' ? `¥${text}` : text;
}

/** Of an axis: as short as can be. */
export function tick(value: number, unit: Unit, language: Language): string {
  if (unit === 'seconds') return duration(value, language);
  if (unit === 'ratio') return format(language, { style: 'percent' }).format(value);
  const text = format(language, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
  return unit === 'yuan' ? `¥${text}` : text;
}

export function percent(value: Figure | undefined, language: Language): string {
  if (value === null || value === undefined) return NOTHING;
  return format(language, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  }).format(value);
}

/** A change with its sign: +3.2%, −1.0%. */
export function signedPercent(value: Figure | undefined, language: Language): string {
  if (value === null || value === undefined) return NOTHING;
  return format(language, {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
    signDisplay: 'exceptZero',
  }).format(value);
}
