/** CSV as spreadsheets open it: UTF-8 with a mark, CRLF, formulas made harmless. */
export type Cell = string | number | null;

const MARK = '\uFEFF';
const IS_FORMULA = /^[=+\-@\t\r]/;

function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = IS_FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv(head: string[], rows: Cell[][]): string {
  return MARK + [head, ...rows].map((row) => row.map(cell).join(',') + '\r\n').join('');
}

export function download(name: string, content: Blob | string): void {
  const url =
    typeof content === 'string'
      ? content
      : URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  if (typeof content !== 'string') setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function downloadCsv(name: string, head: string[], rows: Cell[][]): void {
  download(`${name}.csv`, new Blob([toCsv(head, rows)], { type: 'text/csv;charset=utf-8' }));
}
