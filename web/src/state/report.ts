/** Asks for a report whenever its address changes. What is there stays while the next is asked for;
 * an answer that was overtaken is dropped; who is away for a moment is asked again. */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { get, Problem } from '@/api/client';

const RETRY_S_DEFAULT = 3;

export type Asked<T> = {
  data: ShallowRef<T | null>;
  problem: ShallowRef<Problem | null>;
  isLoading: Ref<boolean>;
  again: () => void;
};

export function useReport<T>(path: () => string): Asked<T> {
  const data = shallowRef<T | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const isLoading = ref(true);
  let under: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function load(): Promise<void> {
    under?.abort();
    clearTimeout(timer);
    const mine = new AbortController();
    under = mine;
    isLoading.value = true;
    try {
      const told = await get<T>(path(), mine.signal);
      if (under !== mine) return;
      data.value = told;
      problem.value = null;
      isLoading.value = false;
    } catch (error) {
      if (under !== mine) return;
      problem.value = error instanceof Problem ? error : new Problem(0, String(error));
      isLoading.value = false;
      if (problem.value.isPassing) {
        const wait = Math.min(problem.value.retryAfterS ?? RETRY_S_DEFAULT, RETRY_S_DEFAULT);
        timer = setTimeout(() => void load(), wait * 1000);
      }
    }
  }

  watch(path, () => void load(), { immediate: true });
  onScopeDispose(() => {
    under?.abort();
    under = null;
    clearTimeout(timer);
  });
  return { data, problem, isLoading, again: () => void load() };
}
