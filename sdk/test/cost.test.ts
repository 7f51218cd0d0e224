/** What it costs an app. The time is measured by `make bench`; here only that it is not absurd. */
import fs from 'node:fs';
import zlib from 'node:zlib';
import { expect, it } from 'vitest';
import { BUNDLE } from './phone.mjs';

const BYTES_MAX = 10000;

it(`the file has at most ${BYTES_MAX} bytes gzipped`, () => {
  for (const file of [BUNDLE, BUNDLE.replace(/cjs$/, 'mjs')]) {
    expect(zlib.gzipSync(fs.readFileSync(file), { level: 9 }).length).toBeLessThanOrEqual(
      BYTES_MAX,
    );
  }
});

it("the file needs nothing: no import, no require, no global but the phone's", () => {
  const text = fs.readFileSync(BUNDLE.replace(/cjs$/, 'mjs'), 'utf8');
  expect(text).not.toMatch(/\bimport\s*[({'"]|\brequire\s*\(/);
  expect(text).not.toMatch(
    /\b(window|document|localStorage|XMLHttpRequest|fetch|process)\b\s*[.(]/,
  );
});
