/** App(): opens, errors, and whether the app is among My Mini Programs. */
import type { Pages } from './pages';
import { pathOf, queryOf, shareIn } from './query';
import type { Recorder } from './recorder';
import { clip, isObject, safely } from './safe';
import { hook } from './wrap';

const ERRORS_MAX = 50; // of a run
const SAME_ERRORS_MAX = 3;
const MESSAGE_BYTES_MAX = 2048;

export function watchApp(app: object, recorder: Recorder, pages: Pages): void {
  let shownAt: number | undefined;
  let isLaunched = false;
  let errors = 0;
  const seen: Record<string, number> = {};

  function enter(options: unknown): { page?: string; query?: string } {
    const found = isObject(options) ? options : {};
    const page = pathOf(found.path);
    return { page: page || undefined, query: queryOf(found.query) };
  }
  function sceneOf(options: unknown): number | undefined {
    const scene = isObject(options) ? options.scene : undefined;
    return typeof scene === 'number' && scene >= 0 && scene <= 65535 ? scene : undefined;
  }
  function sourceOf(options: unknown): Record<string, unknown> {
    const info = isObject(options) ? options.referrerInfo : undefined;
    return isObject(info) && info.appId ? { referrer_app: info.appId } : {};
  }

  function launch(options: unknown): void {
    isLaunched = true;
    recorder.show(sceneOf(options), shareIn(isObject(options) ? options.query : undefined));
    recorder.beginOpen();
    recorder.record('$launch', enter(options), sourceOf(options));
  }
  function show(options: unknown): void {
    if (!isLaunched) {
      launch(options); // a framework that calls only this
    }
    const from = shareIn(isObject(options) ? options.query : undefined);
    if (recorder.show(sceneOf(options), from)) {
      pages.forget();
    }
    shownAt = recorder.clock.steady();
    recorder.record('$show', enter(options), sourceOf(options));
    askAdded();
  }
  function hide(): void {
    pages.leave();
    const ms = shownAt === undefined ? undefined : recorder.clock.since(shownAt);
    shownAt = undefined;
    recorder.record('$hide', { dwell_ms: ms });
    recorder.hide();
  }

  function askAdded(): void {
    safely(() =>
      wx.checkIsAddedToMyMiniProgram?.({
        success: (found) => {
          const isAdded = (found as unknown as { added: unknown }).added === true;
          // Who had it before we came is told as well; who never had it is no news.
          if (recorder.isOn() && isAdded !== (recorder.added ?? false)) {
            recorder.record(isAdded ? '$add' : '$remove');
            recorder.added = isAdded;
          }
        },
      }),
    );
  }

  function complain(kind: string, what: unknown): void {
    const error = isObject(what) && 'reason' in what ? what.reason : what;
    const text = isObject(error)
      ? `${String(error.message)}\n${String(error.stack)}`
      : String(error);
    const message = clip(text, MESSAGE_BYTES_MAX);
    seen[message] = (seen[message] ?? 0) + 1;
    if (seen[message] <= SAME_ERRORS_MAX && ++errors <= ERRORS_MAX) {
      recorder.record('$error', undefined, { kind, message });
    }
  }

  hook(app, 'onLaunch', true, (_, args) => launch(args[0]));
  hook(app, 'onShow', true, (_, args) => show(args[0]));
  hook(app, 'onHide', true, hide);
  hook(app, 'onError', true, (_, args) => complain('error', args[0]));
  hook(app, 'onUnhandledRejection', true, (_, args) => complain('rejection', args[0]));
  // Not added: Weixin shows its own page only where the app has no such handler.
  hook(app, 'onPageNotFound', false, (_, args) => {
    const missing = isObject(args[0]) ? args[0] : {};
    recorder.record(
      '$error',
      { page: pathOf(missing.path) || undefined, query: queryOf(missing.query) },
      { kind: 'page_not_found', message: String(missing.path) },
    );
  });
}
