import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { byteStream, createHost, memory, serve, withStream, type Host } from 'rx-libp2p';
import { FILE, receive, send } from '../../examples/transfer/protocol.js';

const quiet = () => () => undefined;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const bytes = randomBytes(3_000_000);

async function world(): Promise<{
  folder: string;
  path: string;
  from: number[];
  receiver: Host;
  sender: Host;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'transfer-'));
  const path = join(mkdtempSync(join(tmpdir(), 'transfer-')), 'holiday.bin');
  writeFileSync(path, bytes);
  const from: number[] = [];
  const receiver = await createHost({ listen: ['/memory/0'], transports: [memory()] });
  const starts = (what: string) => {
    let first = true;
    return (done: number) => {
      if (first && what.startsWith('receiving')) from.push(done);
      first = false;
    };
  };
  receiver
    .handle(FILE)
    .pipe(serve((stream) => receive(stream, folder, starts)))
    .subscribe();
  return { folder, path, from, receiver, sender: await createHost({ listen: [], transports: [memory()] }) };
}

it('a file arrives whole, and its part is gone', async () => {
  const { folder, path, receiver, sender } = await world();
  await lastValueFrom(sender.newStream(receiver.addrs, FILE).pipe(withStream((s) => send(s, path, quiet))));
  expect(readdirSync(folder)).toEqual(['holiday.bin']);
  expect(readFileSync(join(folder, 'holiday.bin')).equals(bytes)).toBe(true);
  await Promise.all([sender.stop(), receiver.stop()]);
});

it('what broke off goes on where it was, and only the rest is sent', async () => {
  const { folder, path, from, receiver, sender } = await world();
  const breakOff = (what: string) => (done: number) => {
    if (what === 'sending' && done > 1_000_000) throw new Error('the cable was pulled');
  };
  const attempt = (progress: typeof breakOff): Promise<void> =>
    lastValueFrom(sender.newStream(receiver.addrs, FILE).pipe(withStream((s) => send(s, path, progress))));
  await expect(attempt(breakOff)).rejects.toThrow('the cable was pulled');
  await attempt(quiet);
  expect(from).toEqual([0, expect.any(Number)]);
  expect(from[1]).toBeGreaterThan(0);
  expect(readFileSync(join(folder, 'holiday.bin')).equals(bytes)).toBe(true);
  await Promise.all([sender.stop(), receiver.stop()]);
});

it('a part that is not the beginning of the file is thrown away, and the next attempt succeeds', async () => {
  const { folder, path, receiver, sender } = await world();
  writeFileSync(join(folder, `${sha256(bytes)}.part`), randomBytes(1_000));
  const attempt = (): Promise<void> =>
    lastValueFrom(sender.newStream(receiver.addrs, FILE).pipe(withStream((s) => send(s, path, quiet))));
  await expect(attempt()).rejects.toThrow();
  expect(readdirSync(folder)).toEqual([]);
  await attempt();
  expect(readdirSync(folder)).toEqual(['holiday.bin']);
  await Promise.all([sender.stop(), receiver.stop()]);
});

it.each([
  ['../../escaped', 'escaped'],
  ['.profile', undefined],
  ['', undefined],
])('a file that calls itself %j is written as %j, or not at all', async (name, written) => {
  const { folder, receiver, sender } = await world();
  const offer = new TextEncoder().encode(
    JSON.stringify({ name, byteLength: 3, sha256: sha256(bytes.subarray(0, 3)) }),
  );
  const stream = await lastValueFrom(sender.newStream(receiver.addrs, FILE));
  const io = byteStream(stream);
  await io.write(Uint8Array.of(0, 0, 0, offer.byteLength));
  await io.write(offer);
  await io.read(8).catch(() => undefined);
  await io.write(bytes.subarray(0, 3));
  stream.complete();
  await io.read(2).catch(() => undefined);
  expect(readdirSync(folder)).toEqual(written === undefined ? [] : [written]);
  await Promise.all([sender.stop(), receiver.stop()]);
});
