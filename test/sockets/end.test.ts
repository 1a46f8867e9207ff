/** Shutdown (END) with real sockets: `stop()` is finite with hostile peers attached, and leaves the process nothing (P15, P23). */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { firstValueFrom, Subject } from 'rxjs';
import { createHost, type Host } from '../../src/index.js';
import { HEADER_FRAME } from '../../src/protocols/multistream/codec.js';
import { openHandles, until } from './sockets.js';

const LOOPBACK = '/ip4/127.0.0.1/tcp/0';
const portOf = (host: Host): number => Number(/\/tcp\/(\d+)/.exec(String(host.addrs[0]))?.[1]);
const hostile = async (port: number, bytes: Uint8Array): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  // Never read from: what the host says stays in the way.
  socket.pause().write(bytes);
  return socket;
};
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

it('P23, END-4: stop() ends within 5 s with peers that say nothing, something, or never read, and no handle is left', async () => {
  const [handles, before] = [openHandles(), timers()];
  const host = await createHost({ listen: [LOOPBACK, LOOPBACK] });
  const other = await createHost({ listen: [] });
  host.handle('/never').subscribe();
  const sockets = [
    await hostile(portOf(host), new Uint8Array(0)),
    await hostile(portOf(host), Buffer.from(HEADER_FRAME)),
    await hostile(portOf(host), new Uint8Array(100).fill(0xff)),
  ];
  const stream = await firstValueFrom(other.newStream(host.addrs, '/never'));
  stream.subscribe({ error: () => undefined });
  stream.next(new Uint8Array(1 << 20));
  // One that subscribes and never takes anything.
  stream.read(new Subject<boolean>()).subscribe({ error: () => undefined });
  const startedAt = performance.now();
  await host.stop();
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  await until(() => other.connections.length === 0);
  await other.stop();
  for (const socket of sockets) socket.destroy();
  await until(() => openHandles() <= handles && timers() <= before);
}, 30_000);

it('END-1: `await using` stops a host, and its port is free for the next', async () => {
  let port: number;
  {
    await using host = await createHost({ listen: [LOOPBACK] });
    port = portOf(host);
  }
  await using next = await createHost({ listen: [`/ip4/127.0.0.1/tcp/${String(port)}`] });
  expect(portOf(next)).toBe(port);
});

it('P23: a process whose hosts are stopped exits by itself', async () => {
  const program = `
    import { createHost } from 'rx-libp2p';
    import { firstValueFrom } from 'rxjs';
    const [a, b] = [await createHost({ listen: ['${LOOPBACK}'] }), await createHost({ listen: ['${LOOPBACK}'] })];
    b.handle('/x').subscribe();
    const stream = await firstValueFrom(a.newStream(b.addrs, '/x'));
    stream.subscribe({ error: () => undefined });
    a.keepConnected(b.peerId).subscribe({ error: () => undefined });
    a.services.ping.ping(b.peerId).subscribe({ error: () => undefined });
    await Promise.all([a.stop(), b.stop()]);
    console.log('stopped');`;
  const root = resolve(import.meta.dirname, '../..');
  const args = ['--conditions=rx-libp2p-source', '--import', 'tsx', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 30_000 });
  expect(stdout).toBe('stopped\n');
}, 40_000);
