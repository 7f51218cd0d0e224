/** Who is logged in; asked once when the page opens. */
import { computed, ref, shallowRef } from 'vue';
import { ask, get, Problem, setCsrfToken } from '@/api/client';
import type { AppRole, Session } from '@/api/types';

export const session = shallowRef<Session | null>(null);
/** Whether the server has no user yet. */
export const isSetUpNeeded = ref(false);
export const apps = computed<AppRole[]>(() => session.value?.apps ?? []);

let asked: Promise<void> | null = null;

export function keep(told: Session | null): void {
  session.value = told;
  setCsrfToken(told?.csrf_token ?? '');
}

async function begin(): Promise<void> {
  try {
    keep(await get<Session>('/v1/session'));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    keep(null);
    isSetUpNeeded.value = (await get<{ is_needed: boolean }>('/v1/setup')).is_needed;
  }
}

/** Resolves once it is known who is there; may be called again after a failure. */
export function whoAmI(): Promise<void> {
  asked ??= begin().catch((error: unknown) => {
    asked = null;
    throw error;
  });
  return asked;
}

export async function logIn(name: string, password: string): Promise<void> {
  keep(await ask<Session>('POST', '/v1/session', { name, password }));
}

export async function makeUser(
  path: '/v1/setup' | '/v1/join',
  code: string,
  name: string,
  password: string,
): Promise<void> {
  keep(await ask<Session>('POST', path, { code, name, password }));
  isSetUpNeeded.value = false;
}

export async function logOut(): Promise<void> {
  await ask('DELETE', '/v1/session').catch((error: unknown) => {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
  });
  keep(null);
}

/** After apps or roles have changed. */
export async function refreshSession(): Promise<void> {
  keep(await get<Session>('/v1/session'));
}

export const appOf = (id: string): AppRole | undefined => apps.value.find((app) => app.id === id);
