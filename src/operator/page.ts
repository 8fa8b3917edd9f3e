import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context, Env, Hono } from 'hono';

/** The files of the live page by their paths, with their media types. */
const FILES = {
  '/': { name: 'index.html', type: 'text/html; charset=utf-8' },
  '/page.js': { name: 'page.js', type: 'text/javascript; charset=utf-8' },
  '/page.css': { name: 'page.css', type: 'text/css; charset=utf-8' },
  '/icon.svg': { name: 'icon.svg', type: 'image/svg+xml' },
} as const;

export type PageFile = (typeof FILES)[keyof typeof FILES]['name'];

export const PAGE_FILES: readonly PageFile[] = Object.values(FILES).map(({ name }) => name);

/** Reads a file of the live page. */
export type ReadPageFile = (name: PageFile) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * With this policy, the page uses only its own script and style, connects only to this server, is
 * not embedded in other pages, and creates no markup from text.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const compress = promisify(gzip);

/** Serves the files of the live page. They are compressed if the client accepts that. */
export function servePage<E extends Env>(app: Hono<E>, read: ReadPageFile): void {
  for (const [path, { name, type }] of Object.entries(FILES)) {
    app.get(path, async (c: Context) => {
      const headers = {
        'content-type': type,
        'content-security-policy': PAGE_POLICY,
        'cross-origin-opener-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
      };
      const bytes = await read(name);
      if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(bytes, 200, headers);
      return c.body(await compress(bytes, { level: 9 }), 200, { ...headers, 'content-encoding': 'gzip' });
    });
  }
}
