/** A stream of real-time figures that comes back by itself. */
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import { get } from '@/api/client';
import { updated, type Live, type LiveUpdate } from '@/lib/live';

const REOPEN_MS = 3000;

export function useLive(path: () => string) {
  const data = shallowRef<Live | null>(null);
  const isConnected = ref(false);
  let stream: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function close(): void {
    clearTimeout(timer);
    stream?.close();
    stream = null;
    isConnected.value = false;
  }
  function open(): void {
    close();
    const mine = new EventSource(path());
    stream = mine;
    mine.addEventListener('figures', (event) => {
      data.value = JSON.parse((event as MessageEvent<string>).data) as Live;
      isConnected.value = true;
    });
    mine.addEventListener('update', (event) => {
      if (!data.value) return;
      data.value = updated(data.value, JSON.parse((event as MessageEvent<string>).data) as LiveUpdate);
      isConnected.value = true;
    });
    mine.addEventListener('error', () => {
      isConnected.value = false;
      // A browser comes back by itself, but not after an answer other than 200.
      if (mine.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(() => void reopen(), REOPEN_MS);
    });
  }
  async function reopen(): Promise<void> {
    // Whose session is over is led to log-in by this.
    await get('/v1/session').catch(() => undefined);
    if (stream) open();
  }

  watch(path, () => {
    data.value = null;
    open();
  }, { immediate: true });
  onScopeDispose(close);
  return { data, isConnected };
}
