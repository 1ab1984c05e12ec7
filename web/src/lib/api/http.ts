// The one place where the page talks to the server. Every problem arrives as an ApiError that says what to do.

export class ApiError extends Error {
  override name = 'ApiError';

  constructor(
    readonly code: string,
    message: string,
    readonly hint = '',
    readonly status = 0,
  ) {
    super(message);
  }
}

type Value = string | number | boolean | null | undefined;
export type Params = Record<string, Value | readonly Value[]>;

/** `/api/v1` + path + query; empty, null, undefined and false values are left out, lists are repeated. */
export function address(path: string, params: Params = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== '' && one !== false) pairs.append(name, String(one));
    }
  }
  const query = pairs.toString();
  return `/api/v1${path}${query ? `?${query}` : ''}`;
}

async function problem(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string; hint?: string } };
    return new ApiError(error.code, error.message, error.hint ?? '', response.status);
  } catch {
    return new ApiError('unclear', `The server answered with status ${response.status}.`, 'Try again.', response.status);
  }
}

/** True for a request that was given up because a newer one replaced it. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('page', error instanceof Error ? error.message : String(error));
}

export async function send(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new ApiError('server_gone', 'The server does not answer.', 'Is `hearken serve` still running? The page tries again by itself.');
  }
  if (!response.ok) throw await problem(response);
  return response;
}

export async function getJson<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  const response = await send(address(path, params), signal ? { signal } : {});
  return (await response.json()) as T;
}

export async function sendJson<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, params: Params = {}): Promise<T> {
  const init: RequestInit =
    body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await send(address(path, params), init);
  return (response.status === 204 ? undefined : await response.json()) as T;
}
