/** Options with their defaults; the remote ones go before. */
import type { Options, Sampled } from './public';
import { isObject, warn } from './safe';

export interface Settings {
  app: string;
  server: string;
  isConsentRequired: boolean;
  sampling: Partial<Record<Sampled, number>>;
  batchEvents: number;
  flushMs: number;
  queueBytes: number;
  timeoutMs: number;
  openTimeoutMs: number;
  slowRequestMs: number;
  shareTrace: boolean;
}

function number(value: unknown, least: number, most: number, otherwise: number): number {
  return typeof value === 'number' && value >= least && value <= most ? value : otherwise;
}

/** undefined, and told why, when nothing can come of it. */
export function settingsOf(options: Options): Settings | undefined {
  if (!isObject(options) || typeof options.app !== 'string' || !options.app) {
    warn('init: app must be the write key');
    return undefined;
  }
  if (typeof options.server !== 'string' || !/^https?:\/\/[^/?#]+/.test(options.server)) {
    warn('init: server must be an address as https://stats.example.com');
    return undefined;
  }
  return {
    app: options.app,
    server: options.server.replace(/\/+$/, ''),
    isConsentRequired: options.consent === 'required',
    sampling: isObject(options.sampling) ? options.sampling : {},
    batchEvents: number(options.batchEvents, 1, 50, 20),
    flushMs: number(options.flushMs, 0, 600000, 5000),
    queueBytes: number(options.queueBytes, 16 << 10, 8 << 20, 1 << 20),
    timeoutMs: number(options.timeoutMs, 100, 60000, 10000),
    openTimeoutMs: number(options.openTimeoutMs, 1000, 86400000, 1800000),
    slowRequestMs: number(options.slowRequestMs, 1, 600000, 3000),
    shareTrace: options.shareTrace !== false,
  };
}
