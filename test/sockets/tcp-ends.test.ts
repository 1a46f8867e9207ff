import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { codeOf, Libp2pError } from '../../src/core/errors.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { RawConnection } from '../../src/core/parts.js';
import {
  listening,
  openHandles,
  pair,
  pause,
  plainClient,
  plainServer,
  record,
  text,
  transport,
  until,
} from './sockets.js';

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

const uncaught: unknown[] = [];
const note = (error: unknown): void => {
  uncaught.push(error);
};
let baseline = 0;
beforeAll(() => {
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
});
afterAll(() => {
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
});
beforeEach(() => {
  baseline = openHandles();
});
afterEach(async () => {
  await until(() => openHandles() <= baseline);
  expect(uncaught).toEqual([]);
});

function released({ released$ }: RawConnection): Promise<void> {
  return new Promise((resolve) => {
    released$?.subscribe({ complete: resolve });
  });
}

describe('half-close', () => {
  it('by us ends what the remote reads, and we read on until it ends as well; then the socket is gone', async () => {
    const { near, far, close } = await pair();
    const [nearSeen, farSeen] = [record(near.duplex), record(far.duplex)];
    near.duplex.sink.next(bytes('question'));
    near.duplex.sink.complete();
    near.duplex.sink.complete();
    near.duplex.sink.next(bytes('ignored'));
    expect([await farSeen.end, text(farSeen.chunks)]).toEqual(['complete', 'question']);
    await pause(20);
    far.duplex.sink.next(bytes('answer'));
    far.duplex.sink.complete();
    expect([await nearSeen.end, text(nearSeen.chunks)]).toEqual(['complete', 'answer']);
    await Promise.all([released(near), released(far)]);
    close();
  });

  it('goes behind everything that was written', async () => {
    const { near, far, close } = await pair();
    near.duplex.sink.next(new Uint8Array(16 * 1024 * 1024));
    near.duplex.sink.complete();
    await pause(20);
    const seen = record(far.duplex);
    expect([await seen.end, seen.byteLength]).toEqual(['complete', 16 * 1024 * 1024]);
    close();
  });

  it('by a plain socket that reads on is answered', async () => {
    const listener = await listening(transport());
    const client = await plainClient(listener.port, true);
    const { duplex } = await listener.accept();
    client.end('question');
    const seen = record(duplex);
    expect([await seen.end, text(seen.chunks)]).toEqual(['complete', 'question']);
    duplex.sink.next(bytes('answer'));
    duplex.sink.complete();
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toBe('answer');
    await once(client, 'close');
    listener.subscription.unsubscribe();
  });

  it('that has not gone out does not go out after a reset', async () => {
    const { near, far, close } = await pair();
    near.duplex.sink.next(new Uint8Array(16 * 1024 * 1024));
    near.duplex.sink.complete();
    near.duplex.sink.error(new Error('enough'));
    const seen = record(far.duplex);
    await seen.end;
    expect(seen.byteLength).toBeLessThan(16 * 1024 * 1024);
    await released(near);
    close();
  });
});

describe('a reset', () => {
  it('by us errors our reader with our reason and the remote’s with the system’s, never a plain end', async () => {
    const { near, far, close } = await pair();
    const [nearSeen, farSeen] = [record(near.duplex), record(far.duplex)];
    near.duplex.sink.error(new Libp2pError('ERR_YAMUX', 'remote', 'enough'));
    near.duplex.sink.error(new Error('again'));
    expect([await nearSeen.end, await farSeen.end]).toEqual(['ERR_YAMUX', 'ERR_TRANSPORT']);
    expect((farSeen.error as Libp2pError).fault).toBe('network');
    expect((farSeen.error as Libp2pError).message).toContain('ECONNRESET');
    expect(codeOf((farSeen.error as Libp2pError).cause)).toBe('ECONNRESET');
    await Promise.all([released(near), released(far)]);
    for (const { sink } of [near.duplex, far.duplex]) {
      sink.next(bytes('ignored'));
      sink.complete();
      sink.error(undefined);
    }
    close();
  });

  it('lets the last words through that the system had taken', async () => {
    const { near, far, close } = await pair();
    const seen = record(far.duplex);
    near.duplex.sink.next(bytes('go away'));
    near.duplex.sink.error(new Error('enough'));
    await seen.end;
    expect(text(seen.chunks)).toBe('go away');
    close();
  });

  it('after our end is a plain end of the socket', async () => {
    const { near, far, close } = await pair();
    const seen = record(far.duplex);
    near.duplex.sink.complete();
    near.duplex.sink.error(new Error('enough'));
    expect(await seen.end).toBe('complete');
    await released(near);
    close();
  });

  it('completes room$, and tells a later reader the same error', async () => {
    const { near, far, close } = await pair();
    near.duplex.sink.error(new Error('enough'));
    await record(far.duplex).end;
    await released(far);
    const rooms: unknown[] = [];
    far.duplex.room$.subscribe({ complete: () => rooms.push('complete') });
    expect([rooms, await record(far.duplex).end]).toEqual([['complete'], 'ERR_TRANSPORT']);
    close();
  });

  it('released$ completes for whoever looks late', async () => {
    const { near, far, close } = await pair();
    near.duplex.sink.error(new Error('enough'));
    await record(far.duplex).end;
    await released(near);
    await released(near);
    close();
  });

  it.each([0, 1, 2, 100, 65_536, 300_000])(
    'by the remote after %d bytes is one typed error, whether we are writing or not',
    async (byteLength) => {
      const listener = await listening(transport());
      for (const writing of [false, true]) {
        const client = await plainClient(listener.port);
        const { duplex } = await listener.accept();
        if (writing) duplex.sink.next(new Uint8Array(2 * 1024 * 1024));
        const seen = record(duplex);
        client.write(new Uint8Array(byteLength), () => client.resetAndDestroy());
        if (byteLength === 0) client.resetAndDestroy();
        // Node may tell of a reset that comes right behind bytes as of an end; alone, it is always an error.
        expect(byteLength === 0 ? ['ERR_TRANSPORT'] : ['ERR_TRANSPORT', 'complete']).toContain(
          await seen.end,
        );
        expect(seen.byteLength).toBeLessThanOrEqual(byteLength);
        if (writing) duplex.sink.next(new Uint8Array(2 * 1024 * 1024));
        duplex.sink.error(new Error('enough'));
      }
      listener.subscription.unsubscribe();
    },
  );

  it('by the remote while nobody reads raises nothing, and is told to who reads later', async () => {
    const listener = await listening(transport());
    const client = await plainClient(listener.port);
    const { duplex } = await listener.accept();
    client.resetAndDestroy();
    await pause(50);
    expect(await record(duplex).end).toBe('ERR_TRANSPORT');
    listener.subscription.unsubscribe();
  });

  it('by the remote right after connecting is an error of the channel or of the dial', async () => {
    const { server, addr } = await plainServer((socket) => socket.resetAndDestroy());
    for (let i = 0; i < 50; i += 1) {
      const end = await firstValueFrom(transport().dial(addr)).then(
        ({ duplex }) => record(duplex).end,
        (error: unknown) => codeOf(error),
      );
      expect(end).toBe('ERR_TRANSPORT');
    }
    server.close();
  });

  it('of a writer whose remote is gone is one error, not an event that nobody hears', async () => {
    let theirs: Socket | undefined;
    const { server, addr } = await plainServer((socket) => (theirs = socket));
    const { duplex } = await firstValueFrom(transport().dial(addr));
    await until(() => theirs !== undefined);
    const seen = record(duplex);
    theirs?.destroy();
    for (let i = 0; i < 20; i += 1) {
      duplex.sink.next(new Uint8Array(64 * 1024));
      await pause(1);
    }
    expect(['ERR_TRANSPORT', 'complete']).toContain(await seen.end);
    duplex.sink.error(new Error('enough'));
    server.close();
  });
});

describe('a remote that takes nothing', () => {
  it('for the time allowed is cut off, with how much waits', async () => {
    let theirs: Socket | undefined;
    const { server, addr } = await plainServer((socket) => (theirs = socket.pause()));
    const connection = await firstValueFrom(transport({ writeStallMs: 300 }).dial(addr));
    const seen = record(connection.duplex);
    connection.duplex.sink.next(new Uint8Array(64 * 1024 * 1024));
    expect(await seen.end).toBe('ERR_WRITE_STALLED');
    expect((seen.error as Error).message).toMatch(/\d+ bytes wait.*none for 300 ms/);
    await released(connection);
    theirs?.destroy();
    server.close();
  });

  it('while nothing waits is left alone', async () => {
    let theirs: Socket | undefined;
    const { server, addr } = await plainServer((socket) => (theirs = socket.pause()));
    const { duplex } = await firstValueFrom(transport({ writeStallMs: 50 }).dial(addr));
    const seen = record(duplex);
    duplex.sink.next(bytes('a little'));
    await pause(200);
    theirs?.end('fine');
    expect([await seen.end, text(seen.chunks)]).toEqual(['complete', 'fine']);
    duplex.sink.complete();
    theirs?.resume();
    server.close();
  });

  it('at once, but some all the time, is only slow', async () => {
    let theirs: Socket | undefined;
    const { server, addr } = await plainServer((socket) => (theirs = socket.pause()));
    const connection = await firstValueFrom(transport({ writeStallMs: 2_000 }).dial(addr));
    const seen = record(connection.duplex);
    connection.duplex.sink.next(new Uint8Array(24 * 1024 * 1024));
    // Takes a while, and each pause is shorter than what is allowed: together they are not.
    for (let turn = 0; turn < 10; turn += 1) {
      await pause(300);
      for (let taken = 0; taken < 1024 * 1024 && seen.error === undefined;) {
        const piece = theirs?.read() as Buffer | null;
        taken += piece?.byteLength ?? 0;
        if (piece === null) await pause(1);
      }
    }
    expect(seen.error).toBeUndefined();
    theirs?.resume();
    connection.duplex.sink.complete();
    theirs?.end();
    expect(await seen.end).toBe('complete');
    server.close();
  }, 30_000);
});

describe('a listener', () => {
  it('whose socket the system closes errors', async () => {
    const made = transport();
    const ended: string[] = [];
    const before = new Set(handles());
    const port = await new Promise<string>((resolve) => {
      made.listen(parseMultiaddr('/ip4/127.0.0.1/tcp/0')).subscribe({
        next: (event) => {
          if (event.type === 'listening') resolve(String(event.addrs[0]));
        },
        error: (error: unknown) => ended.push(`${codeOf(error)} ${(error as Error).message}`),
      });
    });
    for (const handle of handles()) if (!before.has(handle)) handle.close?.();
    await until(() => ended.length > 0);
    expect(ended[0]).toMatch(/^ERR_LISTEN_FAILED .*127\.0\.0\.1/);
    expect(port).toContain('/tcp/');
  });

  it('P22: that fails to accept says so once a second at most, and lives on', async () => {
    const before = new Set(handles());
    const listener = await listening(transport());
    const server = handles().find((handle) => !before.has(handle));
    const failure = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });
    for (let i = 0; i < 100; i += 1) server?.emit?.('error', failure);
    const warnings = listener.events.filter(({ type }) => type === 'warning');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toHaveProperty('error.message', expect.stringContaining('EMFILE'));
    const client = connect(listener.port, '127.0.0.1');
    const { duplex } = await listener.accept();
    const seen = record(duplex);
    client.end('hello');
    expect([await seen.end, text(seen.chunks)]).toEqual(['complete', 'hello']);
    duplex.sink.complete();
    listener.subscription.unsubscribe();
  });
});

interface Handle {
  close?(): void;
  emit?(name: string, value: unknown): void;
}
/** Node's own list of what keeps the process alive: how a test gets hold of the server inside. */
function handles(): Handle[] {
  return (process as unknown as { _getActiveHandles(): Handle[] })._getActiveHandles();
}
