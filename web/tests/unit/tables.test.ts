import { expect, test } from 'vitest';
import { csvOf, found, sorted, type Column, type Row } from '@/components/table';
import { toCsv } from '@/lib/csv';

const columns: Column[] = [
  { key: 'page', title: 'Page' },
  { key: 'count', title: 'Visits', unit: 'count' },
];
const rows: Row[] = [
  { page: 'b', count: 2 },
  { page: 'a', count: null },
  { page: 'c', count: 10 },
];
const pages = (list: Row[]): unknown[] => list.map((row) => row['page']);

test('tables sort numbers as numbers, and nothing goes last either way', () => {
  expect(pages(sorted(rows, { key: 'count', isDescending: true }))).toEqual(['c', 'b', 'a']);
  expect(pages(sorted(rows, { key: 'count', isDescending: false }))).toEqual(['b', 'c', 'a']);
});

test('a search looks at texts as they are shown, in any case', () => {
  const shown: Column[] = [{ key: 'page', title: 'Page', show: (value) => `Page ${value}` }];
  expect(pages(found(rows, shown, 'PAGE C'))).toEqual(['c']);
  expect(found(rows, columns, '10')).toEqual([]);
});

test('CSV keeps numbers whole, quotes what needs it and disarms formulas', () => {
  const { head, rows: cells } = csvOf(columns, [{ page: '=1+1', count: 0.125 }, { page: 'a,"b"', count: null }]);
  expect(toCsv(head, cells)).toBe("\uFEFFPage,Visits\r\n'=1+1,0.125\r\n\"a,\"\"b\"\"\",\r\n");
});
