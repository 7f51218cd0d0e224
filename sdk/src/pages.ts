/**
 * Page(), Component() and Behavior(): views and leaves, shares, pull-downs, reach-bottoms, scroll
 * depth; and each handler is handed to `handled`.
 */
import { pathOf, pathWithShare, queryOf, withShare } from './query';
import type { Recorder } from './recorder';
import { isObject, randomId } from './safe';
import { hook, put, watched } from './wrap';
import type { Fn } from './wrap';

/** Of these nothing is a handler. */
const LIFE = [
  'onLoad',
  'onShow',
  'onReady',
  'onHide',
  'onUnload',
  'onRouteDone',
  'onPullDownRefresh',
  'onReachBottom',
  'onPageScroll',
  'onResize',
  'onTabItemTap',
  'onShareAppMessage',
  'onShareTimeline',
  'onAddToFavorites',
  'onSaveExitState',
  'created',
  'attached',
  'ready',
  'moved',
  'detached',
  'error',
  'data',
  'observers',
  'relations',
  'definitionFilter',
  'export',
];
const VIEW = ['onShow', 'onHide', 'onUnload'] as const;
/** uni-app (Vue 3) puts its handlers on the instance under such names. */
const LATE_HANDLER = /^e\d+/;

interface Shown {
  page: object;
  path: string;
  at: number;
  scrollPx: number;
  isBottom: boolean;
}

export interface Pages {
  page<T extends object>(options: T): T;
  component<T extends object>(options: T): T;
  behavior<T extends object>(options: T): T;
  /** Notes what a behavior brings, under what the runtime calls it. */
  named(options: object, name: unknown): void;
  /** The page shown is left, as the app goes to the background. */
  leave(): void;
  /** Another open: there is no page before. */
  forget(): void;
}

interface Instance {
  route?: unknown;
  __route__?: unknown;
  options?: unknown;
}

function textIn(value: unknown, name: string): string | undefined {
  const found = isObject(value) ? value[name] : undefined;
  return typeof found === 'string' ? found : undefined;
}

export function createPages(
  recorder: Recorder,
  handled: (event: unknown, handler: string) => void,
): Pages {
  let shown: Shown | undefined;
  let before: string | undefined;
  const queries = new WeakMap<object, unknown>();
  const hooked = new WeakMap<object, string[]>(); // by options of a behavior: what it brings
  const brought = new Map<unknown, string[]>(); // by name of a behavior

  function routeOf(self: unknown): string {
    const { route, __route__: older } = (self ?? {}) as Instance;
    return pathOf(route ?? older);
  }

  function view(self: unknown): void {
    const path = routeOf(self);
    if (!path || shown?.page === self) {
      return;
    }
    leave(); // a page that went without a word
    shown = {
      page: self as object,
      path,
      at: recorder.clock.steady(),
      scrollPx: 0,
      isBottom: false,
    };
    recorder.setPage(path);
    const query = queryOf(queries.get(self as object) ?? (self as Instance).options);
    recorder.record('$page_view', { page: path, query, referrer: before });
    catchLateHandlers(self as object);
  }

  function leave(): void {
    if (shown) {
      const { path, at, scrollPx, isBottom } = shown;
      shown = undefined;
      before = path;
      recorder.record(
        '$page_leave',
        { page: path, dwell_ms: recorder.clock.since(at) },
        {
          scroll_px: scrollPx > 0 ? Math.round(scrollPx) : undefined,
          reached_bottom: isBottom || undefined,
        },
      );
    }
  }
  function left(self: unknown): void {
    if (shown?.page === self) {
      leave();
    }
  }

  // ---- shares ----

  function shareId(): string | undefined {
    return recorder.isOn() && recorder.settings.shareTrace ? randomId() : undefined;
  }
  function here(self: unknown): string {
    const query = queryOf(queries.get(self as object) ?? (self as Instance).options);
    return `/${routeOf(self)}${query ? `?${query}` : ''}`;
  }
  function share(name: string, self: unknown, props: Record<string, unknown>): void {
    recorder.record(name, { page: routeOf(self) || undefined }, props);
  }

  function message(self: unknown, args: unknown[], result: unknown): unknown {
    const id = shareId();
    const detail = args[0];
    const target = isObject(detail) && isObject(detail.target) ? detail.target : {};
    share('$share', self, {
      method: 'message',
      from: textIn(detail, 'from'),
      share_id: id,
      element: textIn(target, 'id') || undefined,
    });
    const traced = (card: unknown): unknown => {
      const path = textIn(card, 'path') || (routeOf(self) ? here(self) : '');
      return id && path && (card === undefined || isObject(card))
        ? { ...card, path: pathWithShare(path, id) }
        : card;
    };
    if (isObject(result) && isObject(result.promise) && typeof result.promise.then === 'function') {
      const promise = (result.promise as unknown as Promise<unknown>).then(traced);
      return { ...(traced(result) as object), promise };
    }
    return traced(result);
  }

  function toMany(name: string, method: string) {
    return (self: unknown, _: unknown[], result: unknown): unknown => {
      const id = shareId();
      share(name, self, { method, share_id: id });
      if (!id || !(result === undefined || isObject(result))) {
        return result;
      }
      const own = textIn(result, 'query');
      const query = own ?? queryOf(queries.get(self as object) ?? (self as Instance).options) ?? '';
      return { ...result, query: withShare(query, id) };
    };
  }

  // ---- what is hooked ----

  function handlersOf(methods: object): void {
    for (const name in methods) {
      const original = (methods as Record<string, unknown>)[name];
      if (typeof original === 'function' && !LIFE.includes(name)) {
        put(
          methods,
          name,
          watched(original as Fn, (_, args) => handled(args[0], name)),
        );
      }
    }
  }

  /** Handlers that a framework makes while it draws. A proxy, as it keeps state on them. */
  function catchLateHandlers(self: object): void {
    for (const name of Object.keys(self)) {
      const original = (self as Record<string, unknown>)[name];
      if (LATE_HANDLER.test(name) && typeof original === 'function' && !caught.has(original)) {
        const proxy = new Proxy(original as Fn, {
          apply(target, that, args) {
            try {
              handled(args[0], name);
              catchLateHandlers(self);
            } catch {
              // Not the app's concern.
            }
            return Reflect.apply(target, that, args);
          },
        });
        caught.add(proxy);
        put(self, name, proxy);
      }
    }
  }
  const caught = new WeakSet<object>();

  function optional(target: object): void {
    hook(target, 'onLoad', false, (self, args) => {
      if (routeOf(self)) {
        queries.set(self as object, args[0]);
      }
    });
    hook(target, 'onReady', false, (self) => catchLateHandlers(self as object));
    hook(target, 'onPullDownRefresh', false, (self) => share('$pull_down', self, {}));
    hook(target, 'onReachBottom', false, bottom);
    hook(target, 'onPageScroll', false, (self, args) => {
      const top = isObject(args[0]) ? args[0].scrollTop : undefined;
      if (shown?.page === self && typeof top === 'number') {
        shown!.scrollPx = Math.max(shown!.scrollPx, top);
      }
    });
    hook(target, 'onShareAppMessage', false, undefined, message);
    hook(target, 'onShareTimeline', false, undefined, toMany('$share', 'timeline'));
    hook(target, 'onAddToFavorites', false, undefined, toMany('$favorite', 'favorite'));
  }
  function bottom(self: unknown): void {
    if (shown?.page === self) {
      shown!.isBottom = true;
    }
    share('$reach_bottom', self, {});
  }
  function views(target: object, adds: (name: string) => boolean): void {
    const acts = { onShow: view, onHide: left, onUnload: left };
    for (const name of VIEW) {
      hook(target, name, adds(name), (self, args) => {
        if (!isEvent(args[0])) {
          acts[name](self);
        }
      });
    }
  }

  /** Names that its behaviors define: a hook of ours must not take their place. */
  function broughtBy(options: object): string[] {
    const list = (options as { behaviors?: unknown }).behaviors;
    return Array.isArray(list)
      ? ([] as string[]).concat(...list.map((name) => brought.get(name) ?? []))
      : [];
  }
  function part(options: object, name: string): object {
    const found = (options as Record<string, unknown>)[name];
    if (isObject(found)) {
      return found;
    }
    const made = {};
    put(options, name, made);
    return made;
  }

  return {
    page(options) {
      const taken = broughtBy(options);
      handlersOf(options);
      optional(options);
      views(options, (name) => !taken.includes(name));
      if (!taken.includes('onReachBottom')) {
        hook(options, 'onReachBottom', !('onReachBottom' in options), bottom);
      }
      return options;
    },
    component(options) {
      const { methods } = options as { methods?: unknown };
      if (isObject(methods)) {
        handlersOf(methods);
        optional(methods);
        views(methods, () => false);
      }
      // Pages may be made by Component(); only they have a route. These run beside the behaviors'.
      const life = part(options, 'pageLifetimes');
      hook(life, 'show', true, view);
      hook(life, 'hide', true, left);
      const { lifetimes } = options as { lifetimes?: { detached?: unknown } };
      const isOld = 'detached' in options && !lifetimes?.detached;
      hook(isOld ? options : part(options, 'lifetimes'), 'detached', true, left);
      return options;
    },
    behavior(options) {
      const { methods } = options as { methods?: unknown };
      const names = [...broughtBy(options), ...Object.keys(options)];
      if (isObject(methods)) {
        names.push(...Object.keys(methods));
        handlersOf(methods);
        optional(methods);
        views(methods, () => false);
      }
      views(options, () => false); // a page's behavior may have them at its top
      hooked.set(options, names);
      return options;
    },
    named(options, name) {
      brought.set(name, hooked.get(options) ?? []);
    },
    leave,
    forget() {
      before = undefined;
    },
  };
}

/** What Weixin hands to handlers. */
export function isEvent(value: unknown): value is Record<string, unknown> & { type: string } {
  return isObject(value) && typeof value.type === 'string' && isObject(value.currentTarget);
}
