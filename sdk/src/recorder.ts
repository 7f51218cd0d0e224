/**
 * Makes events: who, in which open, on which page, when; decides what is sampled; and keeps what
 * must outlive a kill. All that is watched comes together here.
 */
import { createClock } from './clock';
import type { Clock } from './clock';
import { watchNetwork } from './context';
import { classOf } from './event';
import type { Event, Fields, Open } from './event';
import type { Props } from './public';
import { clean } from './props';
import { createQueue, EVENT_BYTES_MAX } from './queue';
import { createRemote } from './remote';
import { hashed, randomId, safely, warn } from './safe';
import { createSender } from './sender';
import type { Settings } from './settings';
import { read, remove, write } from './storage';

const META = 'meta';
const HELD_EVENTS_MAX = 200; // before consent, in memory alone

interface Meta {
  guest: string;
  user?: string;
  offset?: number;
  added?: boolean;
}

export interface Recorder {
  readonly settings: Settings;
  readonly clock: Clock;
  /** False: the user has said no, or the server has. */
  isOn(): boolean;
  record(name: string, fields?: Fields, props?: Props): void;
  /** The app came to the foreground; true when another open begins. */
  show(scene: number | undefined, from: string | undefined): boolean;
  hide(): void;
  beginOpen(): void;
  setPage(path: string): void;
  identify(user: string): void;
  setCommon(props: Props): void;
  setConsent(isGiven: boolean): void;
  /** What waits is in storage when this returns. */
  keep(): void;
  flush(): void;
  reset(): void;
  added: boolean | undefined;
}

export function createRecorder(settings: Settings, request: typeof wx.request): Recorder {
  let consent = read<string>('consent');
  let meta = read<Meta>(META);
  let held: (() => void)[] = [];
  let common: Props = {};
  let page: string | undefined;
  let scene: number | undefined;
  let fromShare: string | undefined;
  let added = meta?.added;
  let hiddenAt: number | undefined;
  let runId = randomId();
  let count = 0;

  const clock = createClock(meta?.offset);
  const remote = createRemote();
  const queue = createQueue(settings.queueBytes);
  let open = openNow();

  const sender = createSender({
    settings,
    queue,
    clock,
    remote,
    request,
    isOpen: () => isAllowed() && isEnabled(),
    learnt(offMs) {
      if (offMs !== 0) {
        queue.shift(clock.epoch, offMs);
        open = { id: open.id, start: open.start + offMs };
      }
      if (meta && meta.offset !== clock.offset && (offMs !== 0 || meta.offset === undefined)) {
        saveMeta({ offset: clock.offset });
      }
    },
    configured() {
      if (!remote.config.enabled) {
        queue.clear();
      }
    },
  });

  function openNow(): Open {
    return { id: randomId(), start: clock.now() };
  }
  function isAllowed(): boolean {
    return settings.isConsentRequired ? consent === 'in' : consent !== 'out';
  }
  function isEnabled(): boolean {
    return remote.config.enabled || remote.isStale(); // an old "off" is asked again
  }
  function isOn(): boolean {
    return consent !== 'out' && remote.config.enabled;
  }
  function saveMeta(change: Partial<Meta>): Meta {
    meta = { ...(meta ?? { guest: `guest-${randomId()}` }), ...change };
    write(META, meta);
    return meta;
  }
  function person(): Meta {
    return meta ?? saveMeta({});
  }

  /** Whether this open's events of the class are kept, and the rate when it is not all. */
  function sampled(name: string): number {
    const kind = classOf(name);
    if (!kind) {
      return 1;
    }
    const said = remote.config.sampling[kind] ?? settings.sampling[kind];
    const rate = typeof said === 'number' && said >= 0 && said < 1 ? said : 1;
    return rate === 1 || hashed(open.id + kind) < rate ? rate : 0;
  }

  function put(event: Event): void {
    if (JSON.stringify(event).length > EVENT_BYTES_MAX) {
      warn(`${event.name}: too large`);
      return;
    }
    queue.add(event, clock.epoch, clock.offset === undefined);
    sender.notice();
  }

  function record(name: string, fields?: Fields, props?: Props): void {
    const rate = isOn() ? sampled(name) : 0;
    if (rate === 0) {
      return;
    }
    const all: Props = { ...common, ...props };
    if (fromShare !== undefined) {
      all.from_share = fromShare;
    }
    if (rate < 1) {
      all.sample_rate = rate;
    }
    const event = {
      id: `${runId}-${(count++).toString(36)}`,
      name,
      time: clock.now(),
      user: '',
      open,
      page,
      scene,
      ...fields,
      props: clean(all),
    };
    whenAllowed(() => put({ ...event, user: event.user || userNow() }));
  }
  /** Now, or once the user agrees. */
  function whenAllowed(act: () => void): void {
    if (isAllowed()) {
      act();
    } else if (consent !== 'out' && held.length < HELD_EVENTS_MAX) {
      held.push(act);
    }
  }
  function userNow(): string {
    const { user, guest } = person();
    return user ?? guest;
  }

  let isStarted = false;
  function start(): void {
    if (isStarted) {
      return;
    }
    isStarted = true;
    watchNetwork(() => sender.flush(true));
    if (queue.size > 0) {
      sender.flush(true); // what an earlier run left
    } else {
      sender.refresh();
    }
  }
  if (isAllowed()) {
    start();
  }

  return {
    settings,
    clock,
    isOn,
    record,
    show(shownScene, from) {
      const hidden = hiddenAt;
      const openTimeoutMs = remote.config.open_timeout_ms ?? settings.openTimeoutMs;
      scene = shownScene;
      if (hidden !== undefined) {
        hiddenAt = undefined;
        clock.beginEpoch();
        sender.flush(true);
      }
      const isNew = hidden !== undefined && clock.now() - hidden >= openTimeoutMs;
      if (isNew) {
        open = openNow();
        fromShare = undefined;
      }
      fromShare = from ?? fromShare;
      return isNew;
    },
    hide() {
      hiddenAt = clock.now();
      queue.keep();
      sender.flush(false);
    },
    beginOpen() {
      open = openNow();
    },
    setPage(path) {
      page = path;
    },
    identify(user) {
      whenAllowed(() => identifyFrom(userNow(), user));
    },
    setCommon(props) {
      common = { ...common, ...props };
      Object.keys(common).forEach((name) => common[name] == null && delete common[name]);
    },
    setConsent(isGiven) {
      consent = isGiven ? 'in' : 'out';
      if (isGiven) {
        write('consent', consent);
        held.forEach((act) => safely(act));
        start();
      } else {
        queue.clear();
        remove(META);
        remove('config');
        meta = undefined;
        added = undefined;
        write('consent', consent);
      }
      held = [];
    },
    keep: queue.keep,
    flush() {
      queue.keep();
      sender.flush(true);
    },
    reset() {
      common = {};
      whenAllowed(() => saveMeta({ guest: `guest-${randomId()}`, user: undefined }));
    },
    get added() {
      return added;
    },
    set added(isAdded) {
      added = isAdded;
      whenAllowed(() => saveMeta({ added: isAdded }));
    },
  };

  function identifyFrom(before: string, user: string): void {
    if (before !== user) {
      // Whoever logs in at the launch was never anybody else: no visitor, and no open, too many.
      if (before === meta?.guest) {
        queue.rename(before, user);
      }
      saveMeta({ user });
      record('$identify', { user }, { previous_user: before });
      queue.keep();
    }
  }
}
