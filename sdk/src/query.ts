/** Paths and queries. What is shared carries who shared it in the parameter mp_s. */
import { clip, isObject } from './safe';

const SHARE = 'mp_s';
const QUERY_BYTES_MAX = 8192;

/** As the path of a page is told: no leading slash. */
export function pathOf(path: unknown): string {
  return typeof path === 'string' ? path.replace(/^\/+/, '').replace(/\?.*$/, '') : '';
}

/** `id=7&from=card`, without our own. */
export function queryOf(query: unknown): string | undefined {
  if (!isObject(query)) {
    return undefined;
  }
  const parts = Object.keys(query).filter((name) => name !== SHARE);
  const text = parts.map((name) => `${name}=${String(query[name])}`).join('&');
  return clip(text, QUERY_BYTES_MAX) || undefined;
}

export function shareIn(query: unknown): string | undefined {
  const found = isObject(query) ? query[SHARE] : undefined;
  return typeof found === 'string' && found ? found : undefined;
}

export function withShare(query: string, id: string): string {
  return `${query}${query ? '&' : ''}${SHARE}=${id}`;
}

export function pathWithShare(path: string, id: string): string {
  const at = path.indexOf('?');
  return at < 0
    ? `${path}?${withShare('', id)}`
    : path.slice(0, at + 1) + withShare(path.slice(at + 1), id);
}
