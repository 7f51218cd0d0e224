/** What tables show: columns, and rows of raw values, which sorting and CSV go by. */
import type { Unit } from '@/api/types';
import type { Cell } from '@/lib/csv';

export type Value = string | number | null;
export type Row = Record<string, Value>;
export type Column = {
  key: string;
  title: string;
  /** Of numbers; texts have none. */
  unit?: Unit;
  /** Shown beside the title on hover. */
  definition?: string;
  /** How a value is shown, where its unit does not say it. */
  show?: (value: Value, row: Row) => string;
  isSortable?: boolean;
};
export type Order = { key: string; isDescending: boolean };

/** In a stable order; null goes last either way. */
export function sorted(rows: Row[], order: Order | null): Row[] {
  if (!order) return rows;
  const sign = order.isDescending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = a[order.key] ?? null;
    const right = b[order.key] ?? null;
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === 'number' && typeof right === 'number') return sign * (left - right);
    return sign * String(left).localeCompare(String(right));
  });
}

export function found(rows: Row[], columns: Column[], text: string): Row[] {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return rows;
  return rows.filter((row) =>
    columns.some((column) => {
      const value = row[column.key] ?? null;
      const shown = column.show ? column.show(value, row) : value;
      return !column.unit && String(shown ?? '').toLowerCase().includes(wanted);
    }),
  );
}

/** Numbers stay numbers; texts are as they are shown. */
export function csvOf(columns: Column[], rows: Row[]): { head: string[]; rows: Cell[][] } {
  return {
    head: columns.map((column) => column.title),
    rows: rows.map((row) =>
      columns.map((column) => {
        const value = row[column.key] ?? null;
        return typeof value === 'number' && column.unit ? value : column.show ? column.show(value, row) : value;
      }),
    ),
  };
}
