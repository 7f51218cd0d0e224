/** A change that a person asks for: busy meanwhile, the problem told, success shown for a moment. */
import { ref } from 'vue';
import { Problem } from '@/api/client';

const SHOWN_MS = 2500;

export function useChange() {
  const isBusy = ref(false);
  const isDone = ref(false);
  const error = ref('');
  async function run(change: () => Promise<unknown>, tell?: (problem: Problem) => string): Promise<boolean> {
    isBusy.value = true;
    error.value = '';
    try {
      await change();
      isDone.value = true;
      setTimeout(() => (isDone.value = false), SHOWN_MS);
      return true;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      error.value = tell?.(problem) ?? problem.message;
      return false;
    } finally {
      isBusy.value = false;
    }
  }
  return { isBusy, isDone, error, run };
}
