import { scan } from 'rxjs';
import type { HostEvent } from '../../src/index.js';
import { simulateNetwork } from '../../src/testing.js';
import { draw, follow, NOBODY, type Peers } from '../../examples/peers/table.js';

it('the table of peers follows the events of a host from nobody to nobody', async () => {
  const net = simulateNetwork({ seed: 1, link: { latencyMs: 5 } });
  const [host, other] = [await net.createHost(), await net.createHost({ userAgent: 'other/1' })];
  let peers: Peers = NOBODY;
  host.event$.pipe(scan(follow, NOBODY)).subscribe((next) => (peers = next));
  host.handle('/chat/1.0.0').subscribe();
  const stream = await net.runUntil(other.newStream(host.addrs, '/chat/1.0.0'));
  await net.advance(1_000);
  expect(draw(peers, 100, false)).toMatch(/other\/1 +3 protocols +< +\/chat\/1\.0\.0 ×1$/);
  stream.error(new Error('enough'));
  await net.advance(1_000);
  expect(draw(peers, 100, false)).toMatch(/–$/);
  await net.runUntil(other.stop());
  await net.advance(1_000);
  expect(peers.size).toBe(0);
  expect(draw(peers, 100, false)).toContain('nobody');
});

it('[P26] what a peer says of itself moves no cursor, and makes no line longer than the terminal', () => {
  const event = { type: 'peer:identify', peer: 'p', agent: '\u001b[2J\u202e'.repeat(99), protocols: [] };
  const [, row = ''] = draw(follow(NOBODY, event as unknown as HostEvent), 60, true).split('\n');
  expect(row).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(row.length).toBeLessThanOrEqual(60);
});
