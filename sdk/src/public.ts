/** What an app sees of the SDK. This file, as it is, becomes dist/minipulse.d.ts. */

/** Properties of yours: texts, numbers, booleans; objects are flattened, lists are kept as JSON. */
export interface Props {
  [name: string]: unknown;
}

/** Classes of events that can be sampled. Opens, payments and people are always sent. */
export type Sampled =
  'page' | 'share' | 'click' | 'interact' | 'error' | 'request' | 'performance' | 'custom';

export interface Options {
  /** The app's write key, as `minipulse app add` prints it. */
  app: string;
  /** Where Minipulse listens: `https://…`, without a path. */
  server: string;
  /** `'required'`: nothing is stored or sent before optIn(). */
  consent?: 'required' | 'implied';
  /** Warn in the console. Default: only in the develop version. */
  debug?: boolean;
  /** Shares of each class, 0 to 1, decided once an open: `{ click: 0.1 }`. The server's count. */
  sampling?: Partial<Record<Sampled, number>>;
  /** Send after so many events … (20) */
  batchEvents?: number;
  /** … or after so long (5000). */
  flushMs?: number;
  /** What waits takes at most so many bytes of storage (1048576). */
  queueBytes?: number;
  /** A request without an answer has failed after (10000). */
  timeoutMs?: number;
  /** An open ends after so long in the background (1800000, or as the server says). */
  openTimeoutMs?: number;
  /** Requests of yours that take longer are told as slow (3000). */
  slowRequestMs?: number;
  /** Adds `mp_s=…` to what is shared, so that one sees who came by whose share (true). */
  shareTrace?: boolean;
}

export interface Payment extends Props {
  order_id: string;
  /** Whole fen. */
  amount_fen: number;
  /** By contract or auto-debit (免密): kept, and not counted in the figures of payment. */
  password_free?: boolean;
}

export interface Refund extends Props {
  order_id: string;
  amount_fen: number;
  /** Tells several refunds of one order apart. */
  refund_id?: string;
}

/** Nothing here throws. Wrong use is told in the console of the develop version. */
export interface Minipulse {
  /** Once, before App(). */
  init(options: Options): void;
  /** An event of yours. Names with `$` are Minipulse's. */
  track(name: string, props?: Props): void;
  /** From now on this is the user: the openid. What the guest did stays linked to it. */
  identify(user: string): void;
  /** What is known of the user: `gender`, `age` and whatever else. */
  setProfile(props: Props): void;
  /** Go with every event of this run; null takes one away. */
  setCommon(props: Props): void;
  /** A payment that succeeded; an order counts once. */
  pay(payment: Payment): void;
  refund(refund: Refund): void;
  /** The user agrees; remembered. */
  optIn(): void;
  /** The user does not: what waits is deleted, nothing more is collected; remembered. */
  optOut(): void;
  /** Sends what waits, now. */
  flush(): void;
  /** Another user begins: a new guest, no common properties. What waits is still sent. */
  reset(): void;
}
