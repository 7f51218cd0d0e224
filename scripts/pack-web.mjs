#!/usr/bin/env node
// Packs the built dashboard for the binary: DIST → OUT/files.bin, every file plain, gzipped and by
// Brotli, one after the other, and OUT/files.c, their table (src/api/web_files.h).
//   scripts/pack-web.mjs DIST OUT
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.woff2': 'font/woff2',
};
// What is not at least that much smaller is sent as it is.
const WORTH_IT = 0.9;
const [, , dist, out] = process.argv;

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

function codings(plain) {
  const options = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
  };
  const smaller = (packed) => (packed.length < WORTH_IT * plain.length ? packed : Buffer.alloc(0));
  return [
    plain,
    smaller(gzipSync(plain, { level: 9 })),
    smaller(brotliCompressSync(plain, { params: options })),
  ];
}

const bytes = [];
let offset = 0;
const rows = filesUnder(dist)
  .sort()
  .map((path) => {
    const type = TYPES[extname(path)];
    if (!type) throw new Error(`${path}: say in pack-web.mjs what type that is`);
    const plain = readFileSync(path);
    const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
    const packed = codings(plain);
    const offsets = packed.map((piece) => {
      bytes.push(piece);
      offset += piece.length;
      return offset - piece.length;
    });
    const tags = ['', '-gzip', '-br'].map((ending) => `"\\"${hash}${ending}\\""`);
    return (
      `    {"/${relative(dist, path)}", "${type}", {${tags.join(', ')}},\n` +
      `     {${offsets.join(', ')}}, {${packed.map((piece) => piece.length).join(', ')}}},\n`
    );
  });
writeFileSync(join(out, 'files.bin'), Buffer.concat(bytes));
writeFileSync(
  join(out, 'files.c'),
  `/* Made by scripts/pack-web.mjs. */
#include "api/web_files.h"

__asm__(".section .rodata\\n"
        ".global api_web_bytes\\n"
        "api_web_bytes:\\n"
        ".incbin \\"" MP_WEB_BYTES "\\"\\n"
        ".byte 0\\n"
        ".previous\\n");

const struct web_file api_web_files[] = {
${rows.join('')}    {0},
};
`,
);
