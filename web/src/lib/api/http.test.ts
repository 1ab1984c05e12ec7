import { afterEach, expect, it, vi } from 'vitest';
import { address, ApiError, getJson } from './http';

afterEach(() => vi.unstubAllGlobals());

const answer = (status: number, body: string) => vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status })));

it('leaves out empty values, repeats lists and escapes', () => {
  expect(address('/x', { a: '', b: null, c: undefined, d: false, e: 0, f: ['wav', 'été & co'], g: true })).toBe('/api/v1/x?e=0&f=wav&f=%C3%A9t%C3%A9+%26+co&g=true');
  expect(address('')).toBe('/api/v1');
});

it('passes on what the server says is wrong', async () => {
  answer(404, '{"error": {"code": "not_found", "message": "There is nothing here.", "hint": "Look elsewhere."}}');
  await expect(getJson('/x')).rejects.toMatchObject({ code: 'not_found', message: 'There is nothing here.', hint: 'Look elsewhere.', status: 404 });
});

it('makes an error of an answer that is none of the server’s', async () => {
  answer(502, '<html>');
  await expect(getJson('/x')).rejects.toMatchObject({ code: 'unclear', status: 502 });
});

it('says that the server is gone, but lets a request be given up', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
  await expect(getJson('/x')).rejects.toBeInstanceOf(ApiError);
  await expect(getJson('/x')).rejects.toMatchObject({ code: 'server_gone' });
  vi.stubGlobal('fetch', () => Promise.reject(new DOMException('given up', 'AbortError')));
  await expect(getJson('/x')).rejects.toMatchObject({ name: 'AbortError' });
});
