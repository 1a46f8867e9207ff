import { interval } from 'rxjs';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import { noise } from '../../src/protocols/noise/noise.js';
import { proposalOf } from '../../src/protocols/multistream/offer.js';
import { yamux } from '../../src/protocols/yamux/yamux.js';
import { PendingInbound } from '../../src/swarm/pending.js';
import { seededRandom } from '../../src/testing.js';
import { duplexPair } from '../support/duplex-pair.js';

function bench() {
  const pair = duplexPair();
  const context = { scheduler: pair.clock, random: seededRandom(1), privateKey: generateKey() };
  const pending = new PendingInbound(
    { security: [noise().create(context)], muxers: [yamux().create(context)] },
    pair.clock,
  );
  const from = (addr: string, duplex = duplexPair().near) => ({
    duplex,
    localAddr: parseMultiaddr('/ip4/10.0.0.1/tcp/1'),
    remoteAddr: parseMultiaddr(addr),
  });
  return { ...pair, pending, from };
}

describe('an inbound channel that has not proven who it is', () => {
  it('[S1, S2, P7] has ten seconds in all, and a byte a second does not extend them', () => {
    const { pending, near, far, clock, settle, from } = bench();
    const outcome: { at: number; error: unknown }[] = [];
    pending
      .upgrade(from('/ip4/10.0.0.2/tcp/2', near))
      .subscribe({ error: (error: unknown) => outcome.push({ at: clock.now(), error }) });
    const dribble = proposalOf('/noise');
    interval(1000, clock).subscribe((second) => {
      far.sink.next(dribble.slice(second, second + 1));
    });
    settle(9_999);
    expect(outcome).toEqual([]);
    settle(1);
    expect(outcome).toMatchObject([
      { at: 10_000, error: { code: 'ERR_TIMEOUT', stage: 'the inbound upgrade' } },
    ]);
  });

  it('[S6, S7] is one of at most 8 from an address, and of 64 in all', () => {
    const { pending, from } = bench();
    const refused: unknown[] = [];
    const knock = (addr: string): void => {
      pending.upgrade(from(addr)).subscribe({ error: (error: unknown) => refused.push(error) });
    };
    for (let port = 1; port <= 9; port += 1) knock(`/ip4/10.0.0.2/tcp/${String(port)}`);
    expect(refused).toMatchObject([{ code: 'ERR_LIMIT', scope: '10.0.0.2', value: 8 }]);
    for (let host = 1; host <= 57; host += 1) knock(`/ip4/10.0.1.${String(host)}/tcp/1`);
    expect(refused).toMatchObject([{ scope: '10.0.0.2' }, { code: 'ERR_LIMIT', scope: 'host', value: 64 }]);
  });
});
