// Reads {"answers": [[operation id, status, answer], …]} from stdin and prints
// {"errors": […], "operations": […]}: what is wrong with docs/openapi.yaml or with answers that do
// not fit its schemas, and what the file says of each operation, references resolved.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const file = fileURLToPath(new URL('../../docs/openapi.yaml', import.meta.url));
const { answers } = JSON.parse(fs.readFileSync(0, 'utf8'));
const errors = [];
const validator = new Validator();
const { valid, errors: faults } = await validator.validate(file);
if (!valid) {
  errors.push(JSON.stringify(faults));
}

const document = validator.specification;
const resolved = (value) =>
  value && value.$ref ? value.$ref.slice(2).split('/').reduce((at, key) => at[key], document) : value;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ $id: 'openapi', ...document });

const operations = [];
const schemas = new Map();
for (const [path, item] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    const pointer = `/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method}`;
    operations.push({
      id: operation.operationId,
      route: `${method.toUpperCase()} ${path}`,
      who: operation['x-who'],
      parameters: (operation.parameters ?? []).map(resolved).filter((each) => each.in === 'query'),
      statuses: Object.keys(operation.responses),
      example: operation.responses['200']?.content?.['application/json']?.example,
    });
    for (const [status, response] of Object.entries(operation.responses)) {
      const content = resolved(response).content ?? {};
      const type = Object.keys(content).find((each) => each.includes('json'));
      if (!type) {
        continue;
      }
      schemas.set(`${operation.operationId} ${status}`, response.$ref
        ? `${response.$ref.slice(1)}/content/${type.replaceAll('/', '~1')}/schema`
        : `${pointer}/responses/${status}/content/${type.replaceAll('/', '~1')}/schema`);
    }
  }
}
for (const [id, status, answer] of answers) {
  const pointer = schemas.get(`${id} ${status}`);
  if (!pointer) {
    errors.push(`${id} ${status}: the file knows no such answer`);
    continue;
  }
  const fits = ajv.compile({ $ref: `openapi#${encodeURI(pointer)}` });
  if (!fits(answer)) {
    errors.push(`${id} ${status}: ${ajv.errorsText(fits.errors)}`);
  }
}
console.log(JSON.stringify({ errors, operations }));
