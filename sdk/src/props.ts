/** Properties within the server's limits (docs/collect.md), so that one bad one costs no event. */
import type { Props } from './public';
import { clip, warn } from './safe';

const PROPS_MAX = 100; // the server takes 128, the SDK's own among them
const NAME_BYTES_MAX = 120;
const TEXT_BYTES_MAX = 8192;

function json(value: object): unknown {
  const text = JSON.stringify(value); // throws on circles
  return text.length * 3 <= TEXT_BYTES_MAX ? JSON.parse(text) : clip(text, TEXT_BYTES_MAX);
}

export function clean(props: Props): Props | undefined {
  const found: Props = {};
  let count = 0;
  for (const name of Object.keys(props)) {
    const value = props[name];
    try {
      if (value == null || typeof value === 'function' || typeof value === 'symbol') {
        continue;
      }
      // eslint-disable-next-line no-control-regex
      if (!name || /[\u0000-\u001f\u007f]/.test(name) || clip(name, NAME_BYTES_MAX) !== name) {
        warn(`property ${name}: such a name is not taken`);
      } else if (++count > PROPS_MAX) {
        warn(`property ${name}: over ${PROPS_MAX} properties`);
      } else if (typeof value === 'string') {
        found[name] = clip(value.replace(/\0/g, ''), TEXT_BYTES_MAX);
      } else if (typeof value === 'number') {
        if (isFinite(value)) {
          found[name] = value;
        }
      } else {
        found[name] =
          typeof value === 'object'
            ? json(value)
            : typeof value === 'bigint'
              ? String(value)
              : value;
      }
    } catch {
      warn(`property ${name}: is no JSON`);
    }
  }
  return count > 0 ? found : undefined;
}
