/** Events as the server takes them (docs/collect.md), and which of them matter most. */
import type { Props, Sampled } from './public';

export interface Open {
  id: string;
  start: number;
}

export interface Event {
  id: string;
  name: string;
  time: number;
  user: string;
  open: Open;
  page?: string;
  query?: string;
  referrer?: string;
  dwell_ms?: number;
  scene?: number;
  element?: string;
  order_id?: string;
  amount_fen?: number;
  password_free?: boolean;
  props?: Props;
}

/** Fields of one event beside what all have. */
export type Fields = Partial<Omit<Event, 'id' | 'name' | 'time' | 'open' | 'props'>>;

const CLASSES: Record<string, Sampled | undefined> = {
  $page_view: 'page',
  $page_leave: 'page',
  $pull_down: 'page',
  $reach_bottom: 'page',
  $share: 'share',
  $favorite: 'share',
  $click: 'click',
  $interact: 'interact',
  $error: 'error',
  $request: 'request',
  $performance: 'performance',
};

/** undefined: always sent. */
export function classOf(name: string): Sampled | undefined {
  return name.charAt(0) === '$' ? CLASSES[name] : 'custom';
}

/** When there is no room, what goes first: 0 yours, 1 the automatic ones, 2 opens and payments. */
export const RANKS = 3;
export function rankOf(name: string): number {
  const kind = classOf(name);
  return kind === 'custom' ? 0 : kind ? 1 : 2;
}

/** The event as it were had its clock been right. */
export function moved(event: Event, ms: number): Event {
  return {
    ...event,
    time: event.time + ms,
    open: { id: event.open.id, start: event.open.start + ms },
  };
}
