import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { concatMap, firstValueFrom, from, lastValueFrom, mergeMap, toArray } from 'rxjs';
import { createHost, StreamResetError, type Host } from '../../src/index.js';
import { cells, ownOptions } from './cells.js';
import { CODE, digest, offer } from './offer.js';
import { exchange } from '../support/exchange.js';
import { Peer } from './peer.js';

const SIZES = [1, 65_536, 16 * 1024 * 1024];

describe.each(cells)('with $implementation over $over', (cell) => {
  const { implementation, resetCodes, heedless } = cell;
  let host: Host;
  let peer: Peer;
  beforeAll(async () => {
    [host, peer] = await Promise.all([createHost(ownOptions(cell)), Peer.start(implementation, cell.speaks)]);
    offer(host);
    // It also loses, now and then, an end that comes before its handler runs; what waits for the answer waits in vain.
    if (heedless) jest.retryTimes(2, { logErrorsBeforeRetry: true });
  });
  afterAll(async () => {
    jest.retryTimes(0);
    await host.stop();
    await peer.stop();
  });
  const own = (): string => String(host.addrs[0]);
  const ask = (id: string, sent: Uint8Array, lazy = false, readAfterMs = 0): Promise<Buffer> =>
    exchange(host.newStream(peer.addr, id, { lazy, timeoutMs: 30_000 }), sent, readAfterMs);

  describe('we dial', () => {
    it('three pings', async () => {
      const times$ = host.services.ping.ping(peer.addr, { count: 3, everyMs: 20 });
      expect(await lastValueFrom(times$.pipe(toArray()))).toHaveLength(3);
    });

    it.each(SIZES)('an echo of %d bytes', async (size) => {
      const sent = randomBytes(size);
      for (const lazy of [false, true]) {
        const buffer = lazy ? Buffer.from(sent) : sent;
        expect((await ask('/interop/echo/1', buffer, lazy)).equals(sent)).toBe(true);
      }
    });

    it('the answer comes after our half-close', async () => {
      const sent = randomBytes(100_000);
      expect((await ask('/interop/count/1', Buffer.from(sent))).toString()).toBe(digest(sent));
    });

    it('a reader that stops for a second loses nothing', async () => {
      const sent = randomBytes(3_000_000);
      if (heedless) {
        const got = await ask('/interop/echo/1', Buffer.from(sent), false, 1_000);
        expect(got.equals(sent)).toBe(true);
        return;
      }
      expect((await ask('/interop/slow/1', Buffer.from(sent))).toString()).toBe(digest(sent));
    });

    it('100 streams at once', async () => {
      const all = from(Array.from({ length: 100 }, (_, i) => randomBytes(1000 + i))).pipe(
        mergeMap((sent) =>
          from(ask('/interop/echo/1', Buffer.from(sent))).pipe(concatMap((got) => [got.equals(sent)])),
        ),
        toArray(),
      );
      expect((await lastValueFrom(all)).filter(Boolean)).toHaveLength(100);
    });

    it('their reset reaches our reader', async () => {
      const error: unknown = await ask('/interop/reset/1', Buffer.from('x')).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(StreamResetError);
      if (resetCodes) expect((error as StreamResetError).resetCode).toBe(CODE);
    });

    it('an unknown protocol is refused', async () => {
      const opening = firstValueFrom(host.newStream(peer.addr, '/interop/unknown/1'));
      await expect(opening).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_PROTOCOL' });
    });

    it('an unknown protocol is refused on the first read, when it was selected lazily', async () => {
      const stream = await firstValueFrom(host.newStream(peer.addr, '/interop/unknown/1', { lazy: true }));
      stream.next(Buffer.from('hello'));
      await expect(lastValueFrom(stream)).rejects.toMatchObject({ code: 'ERR_UNSUPPORTED_PROTOCOL' });
      expect(host.connections).toHaveLength(1);
    });
  });

  describe('they dial', () => {
    it('three pings', async () => {
      expect(await peer.run('ping', own(), 3)).toBe(3);
    });

    it.each(SIZES)('an echo of %d bytes', async (size) => {
      expect(await peer.run('echo', own(), size)).toBe(true);
    });

    it('our answer comes after their half-close', async () => {
      expect(await peer.run('count', own(), 100_000)).toBe(true);
    });

    it('our reader stops for a second and loses nothing', async () => {
      expect(await peer.run('slow', own(), 3_000_000)).toBe(true);
    });

    it('100 streams at once', async () => {
      expect(await peer.run('many', own())).toBe(100);
    });

    it('our reset reaches their reader', async () => {
      const result = peer.run('reset', own());
      if (implementation === 'go') expect(await result).toBe(resetCodes ? CODE : 0);
      else if (heedless) expect(await result).toBeUndefined();
      else await expect(result).rejects.toThrow();
    });

    it('an unknown protocol is refused', async () => {
      await expect(peer.run('unknown', own())).rejects.toThrow(/support|protocol/i);
      if (implementation === 'go')
        await expect(peer.run('unknown-lazily', own())).rejects.toThrow(/not supported|reset/i);
    });

    it('their reset carries its code', async () => {
      const handled = firstValueFrom(host.handle('/interop/watch-reset/1'));
      // The stream that is given away ends the handle's subscription, not the stream.
      const sending = peer.run('send-reset', own());
      const error: unknown = await lastValueFrom(await handled).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StreamResetError);
      if (resetCodes) expect((error as StreamResetError).resetCode).toBe(CODE);
      await sending;
    });
  });

  if (cell.echoes) {
    const insecure = cell.speaks.security === 'plaintext';
    it('the echo example answers go’s echo example', async () => {
      const { child, line } = startEcho('-l', '0x', insecure);
      const addr = (await line(/^I am (\S+)/))[1] ?? '';
      await line(/listening for connections/);
      expect(await peer.run('line', addr)).toBe('Hello, world!');
      await line(/read: Hello, world!/);
      child.kill();
    });

    it('the echo example asks go’s echo example', async () => {
      const { child, line } = startEcho('-d', peer.addr, insecure);
      await line(/sender opening stream/);
      await line(/sender saying hello/);
      await line(/read reply: "Hello, world!\\n"/);
      const status = await new Promise((resolve) => child.once('exit', resolve));
      expect(status).toBe(0);
    });
  }

  if (implementation === 'go') {
    it('our reset reaches go', async () => {
      // A reset that overtakes the proposal would never reach their handler.
      const opening = host.newStream(peer.addr, '/interop/watch-reset/1', { lazy: false });
      const stream = await firstValueFrom(opening);
      stream.next(Buffer.from('x'));
      stream.error(new Error('reset on purpose'), CODE);
      expect((await peer.event('reset')).code).toBe(resetCodes ? CODE : 0);
    });
  }
});

/** `npm start` with these flags, and the lines that it prints. A port of `0x` is one that was free a moment ago. */
function startEcho(
  flag: '-l' | '-d',
  value: string,
  insecure: boolean,
): { child: ChildProcess; line: (pattern: RegExp) => Promise<RegExpExecArray> } {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const port = String(20_000 + Math.floor(Math.random() * 20_000));
  const args = [
    '--import',
    'tsx',
    '--conditions=rx-libp2p-source',
    'examples/echo/echo.ts',
    flag,
    value === '0x' ? port : value,
  ];
  const child = spawn(process.execPath, [...args, ...(insecure ? ['-insecure'] : [])], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const next = await lines.next();
      if (next.done === true) throw new Error(`the echo example ended without ${String(pattern)}`);
      const match = pattern.exec(next.value);
      if (match !== null) return match;
    }
  };
  return { child, line };
}
