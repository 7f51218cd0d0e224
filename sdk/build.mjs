// Makes the package: dist/ (ESM, CommonJS, types) and miniprogram_dist/ (what the developer tool's
// "build npm" copies). Says how large the file is.
import { build } from 'esbuild';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

const root = path.dirname(fileURLToPath(import.meta.url));
const at = (...parts) => path.join(root, ...parts);
const { version } = JSON.parse(fs.readFileSync(at('package.json'), 'utf8'));

// Stored, sent or asked of Weixin: none of them. So they may have short names in the file.
const OWN_MEMBERS = [
  'is[A-Z].*', 'beginEpoch', 'beginOpen', 'setConsent', 'setPage', 'scrollPx', 'steady', 'learnt?',
  'configured', 'notice', 'refresh', 'since', 'record', 'settings', 'clock', 'named', 'leave',
  'forget', 'rename',
];

async function bundle() {
  const made = await build({
    entryPoints: [at('src', 'index.ts')],
    write: false,
    format: 'esm',
    bundle: true,
    minify: true,
    target: 'es2018',
    charset: 'utf8',
    define: { SDK_VERSION: JSON.stringify(version) },
    reserveProps: /^is(Array|Connected)$/,
    mangleProps: new RegExp(`^(${OWN_MEMBERS.join('|')})$`),
    banner: { js: `/*! Minipulse ${version}, Apache-2.0 */` },
  });
  return made.outputFiles[0].text;
}

const module = await bundle();
// `const minipulse = require(…)` gives the object itself, as `import minipulse from` does.
const common = module.replace(
  /export\{(\S+) as default\};\s*$/,
  'module.exports=$1;Object.defineProperty($1,"default",{value:$1});\n',
);
if (common === module) {
  throw new Error('the bundle does not end with its export');
}
fs.mkdirSync(at('dist'), { recursive: true });
fs.writeFileSync(at('dist', 'minipulse.mjs'), module);
fs.writeFileSync(at('dist', 'minipulse.cjs'), common);
const types = fs.readFileSync(at('src', 'public.ts'), 'utf8');
const declaration = `${types}\ndeclare const minipulse: Minipulse;\nexport default minipulse;\n`;
fs.writeFileSync(at('dist', 'minipulse.d.ts'), declaration);
fs.writeFileSync(at('dist', 'minipulse.d.cts'), declaration);
fs.mkdirSync(at('miniprogram_dist'), { recursive: true });
fs.copyFileSync(at('dist', 'minipulse.cjs'), at('miniprogram_dist', 'index.js'));
fs.writeFileSync(at('miniprogram_dist', 'index.d.ts'), declaration);
fs.copyFileSync(at('dist', 'minipulse.cjs'), at('..', 'examples', 'shop', 'minipulse.js'));

const bytes = zlib.gzipSync(fs.readFileSync(at('dist', 'minipulse.mjs')), { level: 9 }).length;
console.log(`dist/minipulse.mjs: ${bytes} bytes gzipped`);
