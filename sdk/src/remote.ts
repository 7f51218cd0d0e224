/** What the server says of collecting: on or off, sampling, when an open ends. Kept, and asked
 * again when its Cache-Control is over. */
import { read, write } from './storage';
import { isObject } from './safe';

const NAME = 'config';
const AGE_S_DEFAULT = 3600; // a server that does not know the route says nothing of it
const AGE_S_TROUBLE = 60;
const AGE_S_MAX = 86400;

export interface Config {
  enabled: boolean;
  sampling: Record<string, unknown>;
  open_timeout_ms?: number;
}

interface Kept {
  config: Config;
  etag: string;
  until: number;
}

export interface Remote {
  readonly config: Config;
  isStale(): boolean;
  readonly etag: string;
  /** An answer of the server, whatever it says. */
  take(status: number, body: unknown, header: (name: string) => string): void;
}

export function createRemote(): Remote {
  const blank: Kept = { config: { enabled: true, sampling: {} }, etag: '', until: 0 };
  const found = read<Kept>(NAME);
  let kept = found && isObject(found.config) ? found : blank;

  return {
    get config() {
      return kept.config;
    },
    get etag() {
      return kept.etag;
    },
    isStale() {
      const left = kept.until - Date.now();
      return left <= 0 || left > AGE_S_MAX * 1000; // the clock went back
    },
    take(status, body, header) {
      const age = /max-age=(\d+)/.exec(header('cache-control'));
      const said = age ? Number(age[1]) : AGE_S_DEFAULT;
      const ageS = status >= 500 ? AGE_S_TROUBLE : Math.min(said, AGE_S_MAX);
      let { config, etag } = kept;
      if (status === 200 && isObject(body)) {
        config = {
          enabled: body.enabled !== false,
          sampling: isObject(body.sampling) ? body.sampling : {},
          open_timeout_ms:
            typeof body.open_timeout_ms === 'number' ? body.open_timeout_ms : undefined,
        };
        etag = header('etag');
      }
      kept = { config, etag, until: Date.now() + ageS * 1000 };
      write(NAME, kept);
    },
  };
}
