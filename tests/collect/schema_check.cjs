// Reads a JSON list of bodies from stdin and prints, as a JSON list, which of them
// docs/collect.schema.json accepts.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const Ajv = require('ajv/dist/2020');

const file = path.join(__dirname, '..', '..', 'docs', 'collect.schema.json');
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false });
const accepts = ajv.compile(JSON.parse(fs.readFileSync(file, 'utf8')));
const bodies = JSON.parse(fs.readFileSync(0, 'utf8'));
console.log(JSON.stringify(bodies.map((body) => accepts(body))));
