import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LevelDatastore } from 'datastore-level';
import { firstValueFrom } from 'rxjs';
import { createHost, type Target } from '../../src/index.js';
import { datastorePeerStore, loadOrCreateKey } from '../../src/datastore.js';
import { addr, peer } from '../support/peer-store.js';

const CHILD = fileURLToPath(new URL('../support/store-child.ts', import.meta.url));
/** One for the key in the first run, and one for each of six rounds. */
const WRITES = 7;

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'rx-libp2p-store-'));
});
afterEach(async () => {
  await rm(path, { recursive: true, force: true });
});

interface Run {
  readonly signal: string | undefined;
  readonly key: string | undefined;
  /** The last round that was begun, and the last that was flushed. */
  readonly begun: number;
  readonly flushed: number;
}

function run(killAt: number, when: 'during' | 'after'): Promise<Run> {
  return new Promise((resolve) => {
    const args = ['--import', 'tsx', CHILD, path, String(killAt), when];
    execFile(process.execPath, args, (error, stdout, stderr) => {
      if (error !== null && error.signal == null) throw new Error(stderr);
      const last = (what: string): string | undefined =>
        [...stdout.matchAll(new RegExp(`^${what} (.+)$`, 'gm'))].at(-1)?.[1];
      resolve({
        signal: error?.signal ?? undefined,
        key: last('key'),
        begun: Number(last('begun') ?? 0),
        flushed: Number(last('flushed') ?? 0),
      });
    });
  });
}

/** What is on the disk now: the key, and of each peer its round; every record whole. */
async function stored(): Promise<{ key: string; rounds: number[]; warnings: string[] }> {
  const datastore = new LevelDatastore(path);
  await datastore.open();
  const key = Buffer.from((await loadOrCreateKey(datastore)).publicKey.bytes).toString('hex');
  const store = datastorePeerStore(datastore);
  const warnings: string[] = [];
  store.warning$.subscribe((error) => warnings.push(error.message));
  await store.ready();
  const rounds = store.peers.map((id) => {
    const { tags, addrs } = store.get(id)!;
    const round = tags.get('round')!;
    expect(id.equals(peer(`p${String(round % 3)}`))).toBe(true);
    // Old or new, never a part of each.
    expect(addrs.map((entry) => String(entry.addr))).toEqual([addr(round)]);
    return round;
  });
  await store.close();
  await datastore.close();
  return { key, rounds, warnings };
}

it.each(['during', 'after'] as const)(
  'killed %s each write, one after the other, on one disk: nothing torn, nothing flushed lost, the same key (F1, P20)',
  async (when) => {
    let key: string | undefined;
    let flushed = 0;
    for (let killAt = 1; killAt <= WRITES; killAt += 1) {
      const killed = await run(killAt, when);
      if (killAt < WRITES || key === undefined) expect(killed.signal).toBe('SIGKILL');
      const found = await stored();
      expect(found.warnings).toEqual([]);
      // A key that was told to anybody is the key ever after.
      key ??= killed.key;
      if (key !== undefined) expect([killed.key ?? key, found.key]).toEqual([key, key]);
      flushed = Math.max(flushed, killed.flushed);
      const latest = Math.max(0, ...found.rounds);
      expect(latest).toBeGreaterThanOrEqual(flushed);
      expect(latest).toBeLessThanOrEqual(Math.max(flushed, killed.begun));
      // The two rounds before it are other peers', and were flushed before it began.
      for (const before of [latest - 1, latest - 2]) if (before > 0) expect(found.rounds).toContain(before);
      key ??= found.key;
    }
    expect(flushed).toBeGreaterThan(10);
  },
  180_000,
);

it('a host over a store on disk has the same peers and the same id the next time', async () => {
  const listen = ['/ip4/127.0.0.1/tcp/0'];
  const other = await createHost({ listen });
  const datastore = new LevelDatastore(path);
  await datastore.open();
  const again = async (target: Target): Promise<{ id: string; connected: boolean }> => {
    const privateKey = await loadOrCreateKey(datastore);
    const host = await createHost({ listen, privateKey, peerStore: datastorePeerStore(datastore) });
    const connection = await firstValueFrom(host.dial(target)).catch(() => undefined);
    const connected = connection?.remotePeer.equals(other.peerId) === true;
    await host.stop();
    return { id: host.peerId.toString(), connected };
  };
  const first = await again(other.addrs);
  expect(first.connected).toBe(true);
  expect(await again(other.peerId)).toEqual(first);
  await other.stop();
  await datastore.close();
}, 20_000);
