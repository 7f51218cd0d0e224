import { Phone, eventsOf } from './phone.mjs';
import type { Asked, Reply } from './phone.mjs';

export const OPTIONS = { app: 'mpw_key', server: 'https://stats.example.com' };

/** A server that takes all, at the phone's time plus `aheadMs`, or what `reply` says. */
export function taking(phone: Phone, aheadMs = 0, reply?: (asked: Asked) => Reply | undefined) {
  phone.network = (asked) => {
    const said = reply?.(asked);
    if (said) {
      return said;
    }
    const header = { Date: new Date(phone.now + aheadMs).toUTCString() };
    return asked.url.includes('/v1/sdk/config')
      ? {
          status: 200,
          body: { enabled: true, sampling: {} },
          header: { ...header, 'Cache-Control': 'max-age=300', ETag: '"1"' },
        }
      : {
          status: 200,
          body: { accepted: JSON.parse(asked.data).events.length, rejected: 0, errors: [] },
          header,
        };
  };
  return phone;
}

export const sent = (phone: Phone) => eventsOf(phone.asked);
export const namesOf = (phone: Phone) => sent(phone).map(({ name }) => name);
export const named = (phone: Phone, name: string) =>
  sent(phone).filter((event) => event.name === name);
