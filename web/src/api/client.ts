/** Asks the server; errors are Problem, as RFC 9457 tells them. */
export class Problem extends Error {
  constructor(
    /** HTTP's status; 0: nobody answered. */
    readonly status: number,
    readonly title: string,
    readonly detail = '',
    readonly field = '',
    /** Seconds after which to ask again, where the server says so. */
    readonly retryAfterS: number | null = null,
  ) {
    super(detail ? `${title}: ${detail}` : title);
  }

  /** Whether the same question may be answered later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

let csrfToken = '';
let onExpired: () => void = () => undefined;

export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** Called when the server does not know the session any more. */
export function setOnExpired(callback: () => void): void {
  onExpired = callback;
}

async function problemOf(response: Response): Promise<Problem> {
  const wait = Number(response.headers.get('Retry-After'));
  const told = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const text = (name: string): string => (typeof told[name] === 'string' ? told[name] : '');
  return new Problem(
    response.status,
    text('title') || response.statusText || String(response.status),
    text('detail'),
    text('field'),
    Number.isFinite(wait) && wait > 0 ? wait : null,
  );
}

export async function ask<T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET' && csrfToken) headers['X-CSRF-Token'] = csrfToken;
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: 'same-origin',
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, 'No answer');
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    const isLoggingIn = method === 'POST' && path === '/v1/session';
    if (response.status === 401 && csrfToken && !isLoggingIn) onExpired();
    throw problem;
  }
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> =>
  ask<T>('GET', path, undefined, signal);

/** "/v1/apps/shop/trend?by=day"; what is empty is left out. */
export function reportPath(
  app: string,
  report: string,
  parameters: Record<string, string | undefined>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value) query.set(name, value);
  }
  const text = query.toString();
  return `/v1/apps/${encodeURIComponent(app)}/${report}${text ? `?${text}` : ''}`;
}
